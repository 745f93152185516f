"""Files that are there whole or not at all, and that are files."""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

MEMORY = "memory"
"""In datasets_dir, where tables from memory are kept."""
_ATTEMPTS = 10
"""At a folder that is removed again before a file is in it, as who packs results does with empty ones."""


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A file beside `path` to write to, which takes its place when the body ends, and is removed where the body fails.

    The folder is made where it is missing. Raises `OSError` as the system does.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
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
