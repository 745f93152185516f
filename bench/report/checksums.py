"""`SHA256SUMS` in a report's folder: the digest of every other file, as `sha256sum --check` reads it.

It is written last: where it does not agree, a report was left half-written or was changed. It tells which files of an
earlier report nobody has changed since: those that the new one does not have are removed.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from bench import files

FILE = "SHA256SUMS"

_LINE = re.compile(r"([0-9a-f]{64})  (\S.*)")


def digest(content: bytes) -> str:
    """The SHA-256 of a file's bytes, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def to_text(digests: Mapping[str, str]) -> str:
    """The file, in order of the paths."""
    return "".join(f"{checksum}  {path}\n" for path, checksum in sorted(digests.items()))


def read(folder: Path) -> dict[str, str]:
    """The digests by path, as they stand in the folder; none where there is no such file, or it is not readable."""
    try:
        text = files.regular(folder / FILE).read_text()
    except (OSError, ValueError):
        return {}
    matches = (_LINE.fullmatch(line) for line in text.splitlines())
    return {match[2]: match[1] for match in matches if match}


def clear(folder: Path, before: Mapping[str, str], written: Iterable[str]) -> None:
    """Remove the files of an earlier report that were not made again, unless someone has changed them since.

    A path that leads out of the folder is left alone. A folder that holds nothing any more goes with its files.
    """
    for path in sorted(set(before) - set(written)):
        file = folder / path
        inside = file.resolve().is_relative_to(folder.resolve())
        if inside and not file.is_symlink() and file.is_file() and digest(file.read_bytes()) == before[path]:
            file.unlink()
            if file.parent != folder and not any(file.parent.iterdir()):
                file.parent.rmdir()
