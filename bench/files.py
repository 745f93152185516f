"""Files that are there whole or not at all, and that are files."""

import errno
import os
import platform
import re
import stat
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

MEMORY = "memory"
"""In datasets_dir, where tables from memory are kept."""
_ATTEMPTS = 10
"""At a folder that is removed again before a file is in it, as who packs results does with empty ones."""

_PART = re.compile(r"\..+\.([0-9a-f]{8})-(\d+)\.part", re.DOTALL)
"""How a file is named while it is written: by the host and process that write it, for it to be known when none does."""


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A file beside `path` to write to, which takes its place when the body ends, and is removed where the body fails.

    The folder is made where it is missing. Raises `OSError` as the system does; where `path` is a folder, before any
    work.
    """
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    part = path.with_name(f".{path.name}.{_host()}-{os.getpid()}.part")
    _begin(part)
    try:
        yield part
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _begin(part: Path) -> None:
    """Make an empty file, and its folder, which another process may remove as long as nothing is in it."""
    for _ in range(_ATTEMPTS):
        part.parent.mkdir(parents=True, exist_ok=True)
        part.unlink(missing_ok=True)  # a link, say, which would be written through
        with suppress(FileNotFoundError):
            part.touch(exist_ok=False)
            return
    raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(part))


def leave_no_parts(folder: Path) -> None:
    """Remove what processes of this host that were killed while they wrote to `folder`, or below it, have left."""
    for place, _, names in os.walk(folder):
        for match in filter(None, map(_PART.fullmatch, names)):
            if match[1] == _host() and not _lives(int(match[2])):
                with suppress(OSError):  # somebody else has removed it, or may alone
                    Path(place, match[0]).unlink()


@cache
def _host() -> str:
    return f"{zlib.crc32(platform.node().encode()):08x}"


def _lives(number: int) -> bool:
    import psutil  # noqa: PLC0415 - only where something was left

    return bool(psutil.pid_exists(number))


def regular(path: Path) -> Path:
    """The path itself; raises `OSError` where no regular file is there: reading a named pipe would wait for ever."""
    mode = path.stat().st_mode
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, "Not a regular file", str(path))
    return path


def write(path: Path, content: bytes) -> None:
    """Write `content` to `path`, whole or not at all; raises `OSError` as the system does."""
    with replacing(path) as part:
        part.write_bytes(content)
