"""Whether the data of a run is a file of the user's own, by the config of its dataset."""

from collections.abc import Mapping
from typing import Any

FILE = "bench.datasets.file.load"
EITHER = ("bench.datasets.french_claims.load",)
"""Sources that read the user's file where `dataset.path` gives one, and else what is downloaded."""


def is_own_file(dataset: Mapping[str, Any]) -> bool:
    """Whether it is; its content is then part of what results depend on, by its SHA-256, and its place is not.

    `dataset` is that of a run to be made, or as recorded: without `path`, and with the file's `sha256`.
    """
    return dataset.get("load") == FILE or (
        dataset.get("load") in EITHER and bool(dataset.get("path") or dataset.get("sha256"))
    )
