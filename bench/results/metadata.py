"""The `bench` metadata of tables: read and checked; of many runs what they have in common, and what each has else."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench.checks import is_whole
from bench.results import soundness
from bench.results.columns import VERSIONS
from bench.results.unreadable import UnreadableTable
from bench.wording import one_line

KEY = b"bench"
LARGEST = 2**24
"""The bytes that a table's metadata may have; a run writes some thousands."""


def parsed(stored: Mapping[bytes, bytes] | None, largest: int = LARGEST) -> dict[str, Any]:
    """The mapping in a parquet file's metadata; raises `ValueError` where there is none that can be used."""
    if not stored or KEY not in stored:
        raise ValueError("its metadata have no key 'bench'")
    text = stored[KEY]
    if len(text) > largest:
        raise ValueError(f"its metadata have {len(text) / 1e6:.0f} MB")
    metadata = json.loads(text)
    if not isinstance(metadata, dict):
        raise ValueError(f"its metadata are a {type(metadata).__name__}, not a mapping")
    if b"\\ud" in text or b"\\uD" in text:
        json.dumps(metadata, ensure_ascii=False).encode()  # half a pair is no text, and could be written nowhere
    return metadata


def checked(path: Path, metadata: dict[str, Any]) -> dict[str, Any]:
    """One run's metadata; raises `UnreadableTable` where its schema is unknown, `ValueError` where one is wrong."""
    if not is_whole(metadata.get("schema"), 1) or metadata["schema"] not in VERSIONS:
        raise UnreadableTable(
            path,
            f"has schema {one_line(metadata.get('schema'))[:40]}, this version reads {', '.join(map(str, VERSIONS))}; "
            "run its experiment again with overwrite=true",
        )
    fault = soundness.fault_of_metadata(metadata)
    if fault:
        raise ValueError(fault)
    return metadata


def difference(common: Any, own: Any, pointer: str = "") -> dict[str, Any]:
    """What makes `own` of `common`: values by JSON pointer (RFC 6901), each of which takes the place of what is there.

    Mappings of other keys, or of the same in another order, are replaced whole, so that `patched` restores the order.

    >>> difference({"a": 1, "b": {"c": 2, "d": 3}}, {"a": 1, "b": {"c": 4, "d": 3}})
    {'/b/c': 4}
    """
    if isinstance(common, dict) and isinstance(own, dict) and list(common) == list(own):
        return {
            place: value
            for key in own
            for place, value in difference(common[key], own[key], f"{pointer}/{_escaped(key)}").items()
        }
    return {} if type(common) is type(own) and json.dumps(common) == json.dumps(own) else {pointer: own}


def patched(common: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    """What `difference` was taken of; `common` stays as it is, and what is alike is shared with it.

    Raises `LookupError` or `TypeError` where a pointer leads nowhere.

    >>> patched({"a": 1, "b": {"c": 2, "d": 3}}, {"/b/c": 4})
    {'a': 1, 'b': {'c': 4, 'd': 3}}
    """
    whole: dict[str, Any] = {"": dict(common)}
    copied = {"/"}
    for pointer, value in patch.items():
        keys = ["", *map(_unescaped, pointer.split("/")[1:])]
        place, where = whole, ""
        for key in keys[:-1]:
            where += f"/{key}"
            if where not in copied:
                place[key] = dict(place[key])
                copied.add(where)
            place = place[key]
        if keys[-1] not in place:
            raise LookupError(f"its runs have {pointer[:80]!r}, which is nowhere in what they have in common")
        place[keys[-1]] = value
    metadata: dict[str, Any] = whole[""]
    return metadata


def _escaped(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")


def _unescaped(key: str) -> str:
    return key.replace("~1", "/").replace("~0", "~")
