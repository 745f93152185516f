"""What this process may not have enough of: addresses and open files. Said in a line, before and after it shows."""

import errno
import sys
from collections.abc import Iterator

from bench.errors import UserError

ADDRESSES = 700
"""MiB of address space below which no sweep starts: numeric libraries that lack it hang, or end the process."""
DESCRIPTORS = 32
"""Open files below which none does: the command has some thirty open while it starts its workers."""
_AGAIN = "and start the same command again"
_DISK = {errno.ENOSPC: "no space is left there", errno.EDQUOT: "its quota is used up"}


def refuse_too_little() -> None:
    """Raise `UserError` where the limits of this process are below what a sweep needs at the least."""
    for line in _below(1):
        raise UserError(line)


def lacking(error: BaseException) -> str | None:
    """What was lacking, and how to have more of it, where an error says that something was; else None."""
    for each in _chain(error):
        code = each.errno if isinstance(each, OSError) else None
        if code in (errno.EMFILE, errno.ENFILE):
            return f"no more files can be opened; raise the limit, as by 'ulimit -n 1024', {_AGAIN}"
        if code in _DISK:
            where = getattr(each, "filename", None) or "the disk"
            return f"{where}: {_DISK[code]}; make room, {_AGAIN}"
        if code == errno.EAGAIN or "can't start new thread" in str(each):
            return f"no more processes or threads can be started; raise the limits (ulimit -u, ulimit -v), {_AGAIN}"
        if code == errno.ENOMEM or isinstance(each, MemoryError) or _is_unloadable(each):
            return f"the memory does not suffice; free some, or raise the limit (ulimit -v, a job's memory), {_AGAIN}"
    where = f"{type(error).__name__}: {error}; it may come of too little: "
    return next((where + line for line in _below(4)), None)


def _below(times: int) -> Iterator[str]:
    """A line for each limit that is below so many times the least."""
    try:
        import resource  # noqa: PLC0415 - Windows has none, and no such limits
    except ImportError:
        return
    addresses, files = (resource.getrlimit(name)[0] for name in (resource.RLIMIT_AS, resource.RLIMIT_NOFILE))
    linux = sys.platform.startswith("linux")  # elsewhere what is reserved and never used counts otherwise
    if linux and addresses != resource.RLIM_INFINITY and addresses < times * ADDRESSES * 2**20:
        yield (
            f"this process may have {addresses // 2**20} MiB of addresses (ulimit -v), and needs {ADDRESSES} at the "
            f"least; raise the limit, as by 'ulimit -v unlimited', {_AGAIN}"
        )
    if files != resource.RLIM_INFINITY and files < times * DESCRIPTORS:
        yield (
            f"this process may open {files} files (ulimit -n), and needs {DESCRIPTORS} at the least; raise the limit, "
            f"as by 'ulimit -n 1024', {_AGAIN}"
        )


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """An error, and what it came of."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def _is_unloadable(error: BaseException) -> bool:
    """Whether a library could not be loaded for want of memory."""
    words = ("cannot allocate memory", "failed to map segment")
    return isinstance(error, ImportError) and any(word in str(error).lower() for word in words)
