"""Packs: the tables of one optimiser's runs in one file, `.../MODEL/OPTIMIZER.parquet`, one row group a seed.

Configurations are columns of parameters, `params_NAME`; what follows from other columns (`derived`), and what is the
same in every row of every run (`constant`), is not stored. The file's key `bench` says so, has what the metadata of all
runs have in `common`, and in `runs`, by seed and in the order of the row groups, what each has else. What is read is to
the bit what was packed.
"""

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from bench import files
from bench.checks import is_whole
from bench.results import arrays, configurations, derived, metadata
from bench.results.columns import SCHEMA_2, VERSIONS, schema_of
from bench.results.identity import SEEDS
from bench.results.unreadable import BROKEN, DamagedTable

VERSION = 1
PARAMETER = "params_"
"""What the name of a parameter's column begins with."""
PLACE = ("experiment", "dataset", "model", "optimizer")
DERIVED = ("trial", "configuration", "best_loss", "incumbent_test_loss", "evaluation")
"""The columns that may follow from others."""
KEY_PREFIX = "key_prefix"
"""In the metadata of a run what is hashed before a configuration to make the store's key of it."""

SEED = re.compile(r"0|[1-9][0-9]{0,9}")
_LARGEST = 2**28
"""The bytes that the metadata of a pack may have."""
_OPEN = 16
"""How many packs are kept open: of a pack of 1,000 runs the footer alone takes some milliseconds to read."""


@dataclass(frozen=True)
class Layout:
    """What of its runs' tables a pack does not store as columns, and what follows it."""

    place: Mapping[str, str]
    """The names of experiment, dataset, model and optimiser, which all rows have."""
    constant: Mapping[str, Any]
    """The columns that have one value, or null, in all rows of all runs."""
    derived: Sequence[str]
    """The columns that follow from others: see `DERIVED`."""

    def describe(self) -> dict[str, Any]:
        """The layout as the file's metadata have it."""
        return {
            "packed": VERSION,
            "place": dict(self.place),
            "constant": dict(self.constant),
            "derived": list(self.derived),
        }


@dataclass(frozen=True)
class Pack:
    """An open pack."""

    path: Path
    layout: Layout
    groups: Mapping[int, int]
    """The row group of each seed."""
    _file: pq.ParquetFile
    _common: Mapping[str, Any]
    _runs: Mapping[str, Mapping[str, Any]]

    @property
    def parameters(self) -> list[str]:
        """The names of its columns of parameters."""
        return [name for name in self._file.schema_arrow.names if name.startswith(PARAMETER)]

    def metadata(self, seed: int) -> dict[str, Any]:
        """The metadata of one run, to be read alone: what runs have in common is shared by them.

        Raises `UnreadableTable`.
        """
        try:
            return metadata.checked(self.path, metadata.patched(self._common, self._runs[str(seed)]))
        except BROKEN as error:
            raise DamagedTable(self.path, error) from None

    def table(self, seed: int, names: Sequence[str], about: Mapping[str, Any]) -> pa.Table:
        """The columns `names`, of the schema of the run's metadata `about`, of one run.

        Raises what a broken file does: see `unreadable.BROKEN`.
        """
        needed = list(dict.fromkeys(stored for name in names for stored in self._needed(name)))
        group = self.groups[seed]
        if needed:
            table = self._file.read_row_group(group, columns=needed, use_threads=False)
            table.validate(full=True)  # a reader takes a file's word for its texts being such
            rows = len(table)
            stored = {name: table[name].combine_chunks() for name in needed}
        else:
            rows, stored = self._file.metadata.row_group(group).num_rows, {}
        content = _Content(self, seed, rows, stored, about)
        schema = schema_of(tuple(names))
        columns = [_cast(content.column(name), schema.field(name).type) for name in names]
        return pa.Table.from_arrays(columns, schema=schema)

    def as_expected(self, seed: int, expected: Mapping[str, object]) -> set[str]:
        """The columns that hold nothing but the value that is expected of them."""
        known = {**self.layout.constant, **self.layout.place, "seed": seed}
        return {name for name, value in expected.items() if known.get(name) == value and known.get(name) is not None}

    def _needed(self, name: str) -> Iterable[str]:
        """The columns of the file that a column of the trial table is made of."""
        if name in (*PLACE, "seed") or name in self.layout.constant:
            return ()
        if name not in self.layout.derived:
            return (name,)
        sources = {"best_loss": ("loss",), "incumbent_test_loss": ("loss", "test_loss"), "trial": ()}.get(name)
        return self.parameters if sources is None else [each for source in sources for each in self._needed(source)]


@dataclass(frozen=True)
class _Content:
    """What has been read of one run."""

    pack: Pack
    seed: int
    rows: int
    stored: Mapping[str, pa.Array]
    about: Mapping[str, Any]

    def column(self, name: str) -> pa.Array:
        layout, field = self.pack.layout, SCHEMA_2.field(name)
        if name in layout.place or name == "seed":
            return _repeated(layout.place.get(name, self.seed), field.type, self.rows)
        if name in layout.constant:
            return _repeated(layout.constant[name], field.type, self.rows)
        if name not in layout.derived:
            stored = self.stored[name]
            return stored.dictionary_encode() if pa.types.is_dictionary(field.type) else stored
        return self._derived(name)

    def _derived(self, name: str) -> pa.Array:
        if name == "trial":
            return pa.array(np.arange(self.rows, dtype=np.int32))
        if name == "best_loss":
            return derived.best_losses(self.column("loss"))
        if name == "incumbent_test_loss":
            return derived.incumbent_test_losses(self.column("loss"), self.column("test_loss"))
        parameters = {stored.removeprefix(PARAMETER): self.stored[stored] for stored in self.pack.parameters}
        if name == "configuration":
            return configurations.joined(parameters, self.rows)
        return derived.keys(self.about[KEY_PREFIX], parameters, self.rows)


def _cast(array: pa.Array, type_: pa.DataType) -> pa.Array:
    return array if array.type == type_ else array.cast(type_)


@lru_cache(maxsize=256)
def _repeated(value: Any, type_: pa.DataType, rows: int) -> pa.Array:
    if value is None:
        return pa.nulls(rows, type_)
    return arrays.array([value] * rows, type_)


def seeds(path: Path) -> Iterable[int]:
    """The seeds whose runs a pack holds; raises `UnreadableTable`."""
    pack = at(path)
    return () if pack is None else pack.groups


def at(path: Path) -> Pack | None:
    """The pack at a path, open; None where there is no file. Raises `UnreadableTable`."""
    try:
        there = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise DamagedTable(path, error) from None
    return _kept_open(path, there.st_dev, there.st_ino, there.st_mtime_ns, there.st_size)


@lru_cache(maxsize=_OPEN)
def _kept_open(path: Path, *_which: int) -> Pack:
    """The pack at a path; another file that takes its place is another."""
    return read(path)


def read(path: Path) -> Pack:
    """Open a pack; raises `UnreadableTable`."""
    try:
        file = pq.ParquetFile(pa.OSFile(os.fspath(files.regular(path))))
        content = metadata.parsed(file.metadata.metadata, _LARGEST)
        layout, common, runs = _layout(content), content.get("common"), content.get("runs")
        if not isinstance(common, dict) or not isinstance(runs, dict) or len(runs) != file.num_row_groups:
            raise ValueError("it does not say which runs it has")
        for seed, patch in runs.items():
            if not SEED.fullmatch(seed) or int(seed) > SEEDS or not isinstance(patch, dict):
                raise ValueError(f"its metadata have runs.{seed[:40]}; expected seeds, each with a mapping")
        _check_columns(layout, file.schema_arrow)
    except BROKEN as error:
        raise DamagedTable(path, error) from None
    return Pack(path, layout, {int(seed): group for group, seed in enumerate(runs)}, file, common, runs)


def _layout(content: Mapping[str, Any]) -> Layout:
    if content.get("packed") != VERSION:
        raise ValueError(f"a pack of version {str(content.get('packed'))[:40]}, this one reads {VERSION}")
    place, constant, derivations = (content.get(name) for name in ("place", "constant", "derived"))
    if not isinstance(place, dict) or list(place) != list(PLACE) or not all(map(_is_text, place.values())):
        raise ValueError(f"it does not say its place: {', '.join(PLACE)}")
    if not isinstance(constant, dict) or not all(_may_be(value, name) for name, value in constant.items()):
        raise ValueError("the values of its constant columns are none of theirs")
    if not isinstance(derivations, list) or not all(name in DERIVED for name in derivations):
        raise ValueError(f"it leaves out columns that follow from no other; expected some of {', '.join(DERIVED)}")
    return Layout(place, constant, derivations)


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _may_be(value: object, column: str) -> bool:
    """Whether a value may be all that a column holds: text, true or false, a whole number, or null where it may be."""
    field, type_ = SCHEMA_2.field(column), _stored_type(column)
    if value is None:
        return bool(field.nullable)
    if pa.types.is_string(type_):
        return _is_text(value)
    if pa.types.is_boolean(type_):
        return isinstance(value, bool)
    return bool(pa.types.is_integer(type_)) and is_whole(value, -(2**63), 2**63 - 1)


def _check_columns(layout: Layout, there: pa.Schema) -> None:
    """Raise `ValueError` or `LookupError` where a column is missing, or of another type than its kind."""
    known = {*PLACE, "seed", *layout.constant, *layout.derived}
    for name in VERSIONS[1].names:
        if name not in known:
            there.field(name)
    for field in there:
        parameter = field.name.startswith(PARAMETER)
        meant = (pa.float64(), pa.int64(), pa.string()) if parameter else (_stored_type(field.name),)
        if field.type not in meant:
            raise ValueError(f"its column {field.name!r} holds {field.type} values")


def _stored_type(name: str) -> pa.DataType:
    """The type of a column of the trial table where it is stored: a text is one."""
    type_ = SCHEMA_2.field(name).type
    return type_.value_type if pa.types.is_dictionary(type_) else type_


def stored_field(name: str) -> pa.Field:
    """A column of the trial table as a pack stores it."""
    return pa.field(name, _stored_type(name))
