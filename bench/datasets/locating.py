"""Where a user's file is whose place is not recorded, by its digest."""

from collections.abc import Iterable
from pathlib import Path

from bench.datasets.download import digest
from bench.datasets.file import KINDS, PACKED
from bench.errors import DataOptionError

MOST = 100
"""Of a folder with more tables than these the others are not looked at."""


def with_digest(sha256: object, folders: Iterable[Path]) -> Path | None:
    """The first table in one of the folders (not below it) with this SHA-256; None where there is none.

    Only its bytes are read.
    """
    if not isinstance(sha256, str):
        return None
    endings = (*(kind + packed for kind in KINDS for packed in ("", *PACKED)), ".zip")
    for folder in folders:
        try:
            tables = [path for path in sorted(folder.iterdir()) if path.name.lower().endswith(endings)]
            for path in tables[:MOST]:
                if path.is_file() and digest(path) == sha256:
                    return path
        except OSError:  # a folder that is not there or may not be read: nothing is known of it
            continue
    return None


def check(data: Path, sha256: object, dataset: str, folders: Iterable[Path]) -> None:
    """Raise `DataOptionError` where `data` is not the file with this SHA-256; it may be any where that is None.

    The message names the file in one of the folders that is.
    """
    if sha256 is None:
        return
    try:
        current = digest(data)
    except OSError as error:
        reason = error.strerror or error
        raise DataOptionError(f"--data={data}: cannot be read ({reason}); see who may read it") from None
    if current != sha256:
        right = with_digest(sha256, folders)
        way = f"that is {right}" if right is not None else "give the one that its runs were made on"
        raise DataOptionError(
            f"--data={data}: is not the file of dataset {dataset} (SHA-256 {current}; recorded is {sha256}); {way}"
        )
