"""Trial tables, packs and the folders around them: rows, columns, metadata, bytes and files changed."""

import io
import json
import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from bench import results
from bench.errors import UserError
from bench.results.unreadable import UnreadableTable
from fuzzing import mutating, templates
from fuzzing.templates import Templates
from fuzzing.world import World

KEY = b"bench"


def play(rng: random.Random, world: World, made: Templates) -> None:
    """Damage some of an experiment's tables, then look at it in several ways."""
    made.folder(rng.choice(["made", "made", "packed", "packed", "by hand"]), world.work)
    tables = sorted((world.work / "results").rglob("*.parquet"))
    for path in rng.sample(tables, rng.choice([1, 1, 2])):
        if os.path.lexists(path):  # else what stands in its folder's place was put there before
            damage(rng, path)
    for _ in range(rng.choice([1, 2])):
        _look(rng, world, rng.choice(["e", "e", "f"]))


def _look(rng: random.Random, world: World, name: str) -> None:
    kind = rng.randrange(33 if world.quick else 40)
    if kind < 9:
        world.bench("status", name)
    elif kind < 17:
        world.bench("best", name, *rng.choice([[], ["--full"], ["--python"], ["--dataset", "function"]]))
    elif kind < 27:
        world.bench("verify", name, "--trials", rng.choice([1, 3]))
    elif kind < 33:
        _pack(world, name, *rng.choice([[], ["--undo"]]))
    elif kind < 35:
        world.bench("fit", name, "--out", "model", *rng.choice([[], ["--problem", "function/branin"]]))
    elif kind < 36:
        world.bench("report", name, "--figures", "main")
    elif kind < 37:
        world.bench("import", "results", "--name", "x", "--same-problem-as", name)
    else:
        again = ["run", *templates.FUNCTION, "optimizer=random", f"seed={rng.randrange(3)}", f"name={name}"]
        overwrite = rng.random() < 0.3
        world.bench(*again, f"overwrite={str(overwrite).lower()}", may_change=lambda _: overwrite)


def readable(results_dir: Path, name: str) -> dict[str, tuple[pa.Table, str]]:
    """Each run of an experiment that can be read."""
    found = {}
    try:
        runs = results.find_some(results_dir, name)
    except UserError:
        return {}
    for run in runs:
        try:
            table, metadata = results.read_run(results_dir, run)
        except UnreadableTable:
            continue
        found[str(run)] = table, json.dumps(metadata, sort_keys=True)
    return found


def _pack(world: World, name: str, *options: str) -> None:
    """Pack or unpack: what could be read before is read after, to the bit."""
    folder = world.work / "results"
    before = readable(folder, name)
    world.bench("pack", name, *options, may_change=lambda place: place.startswith("results/"))
    after = readable(folder, name)
    for run, (table, metadata) in before.items():
        if run not in after:
            world.found(f"pack {name} {options}: {run} could be read before and cannot now")
        elif after[run][1] != metadata or not _equal(after[run][0], table):
            world.found(f"pack {name} {options}: {run} is read as something else than before")


def _equal(one: pa.Table, other: pa.Table) -> bool:
    return one.schema == other.schema and one.to_pydict().__repr__() == other.to_pydict().__repr__()


def damage(rng: random.Random, path: Path) -> None:
    """Change a table, or what stands in its place."""
    kind = rng.randrange(20)
    if kind < 3:
        path.write_bytes(mutating.raw(rng, path.read_bytes()))
    elif kind < 5:
        replace(rng, path)
    elif kind < 11:
        rewritten(path, metadata=lambda entry: mutating.plain(rng, entry))
    elif kind < 12:
        rewritten(path, text=lambda text: mutating.raw(rng, text))
    else:
        rewritten(path, table=lambda table: columns(rng, table))


def replace(rng: random.Random, path: Path) -> None:
    """Put something else into a file's place, or the file elsewhere."""
    kind = rng.randrange(9)
    if kind == 0:
        shutil.copy2(
            path, path.with_name(rng.choice(["007", "-1", "x", "9" * 12, "\u0661", "1e0", "3", ""]) + ".parquet")
        )
        return
    if kind == 1:
        place = path.parents[rng.randrange(3)] / mutating.mistyped(rng, path.parent.name)
        place.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, place / path.name)
        return
    if kind == 2:
        shutil.rmtree(path.parent, ignore_errors=True)
        path.parent.write_bytes(b"") if not path.parent.exists() else None
        return
    path.unlink()
    if kind == 3:
        path.mkdir()
    elif kind == 4:
        os.mkfifo(path)
    elif kind == 5:
        path.symlink_to(rng.choice([path.name, "/dev/zero", "/dev/null", "nowhere", "../../../../store.sqlite"]))
    elif kind == 6:
        path.write_bytes(rng.choice([b"", b"PAR1", b"PAR1" * 3, b"\0" * 100, b"text\n"]))


def rewritten(
    path: Path,
    metadata: Any = lambda entry: entry,
    table: Any = lambda table: table,
    text: Any = lambda text: text,
) -> None:
    """Write a parquet file anew, group by group, with another table in a group, or other metadata."""
    file = pq.ParquetFile(path)
    groups = [file.read_row_group(number) for number in range(file.num_row_groups)]
    about = dict(file.schema_arrow.metadata or {})
    file.close()
    if KEY in about:
        try:
            about[KEY] = text(json.dumps(metadata(json.loads(about[KEY]))).encode())
        except ValueError:  # numbers too long to be written
            return
    changed = [table(group) for group in groups[:1]]
    rest = [each for each in groups[1:] if changed[0].schema.equals(each.schema)]
    stream = io.BytesIO()
    try:
        with pq.ParquetWriter(stream, changed[0].schema.with_metadata(about), compression="zstd") as writer:
            for each in [*changed, *rest]:
                writer.write_table(each.replace_schema_metadata(about))
    except pa.ArrowException:  # no parquet file holds such values
        return
    path.write_bytes(stream.getvalue())


TYPES = (pa.string(), pa.int64(), pa.int8(), pa.float64(), pa.float32(), pa.bool_(), pa.null(), pa.large_string())
TYPES += (pa.binary(), pa.date32(), pa.timestamp("ns"), pa.list_(pa.float64()), pa.decimal128(20, 5))


def columns(rng: random.Random, table: pa.Table) -> pa.Table:
    """A table with one of its columns, or its rows, changed."""
    if not table.num_columns:
        return table
    at = rng.randrange(table.num_columns)
    return _shape(rng, table, at) if rng.random() < 0.5 else _values(rng, table, at)


def _shape(rng: random.Random, table: pa.Table, at: int) -> pa.Table:
    """The table with a column or rows removed, doubled, renamed, added or in another order."""
    name, rows = table.column_names[at], table.num_rows
    renamed = [mutating.mistyped(rng, each) if each == name else each for each in table.column_names]
    ways: list[Callable[[], pa.Table]] = [
        lambda: table.remove_column(at),
        lambda: table.append_column(name, table.column(at)),
        lambda: table.rename_columns(renamed),
        lambda: table.take(rng.sample(range(rows), rows)),
        lambda: table.slice(rng.randint(0, rows), rng.randint(0, rows)),
        lambda: pa.concat_tables([table, table.slice(0, rng.randint(0, 2))]),
        lambda: table.append_column("more", pa.array([rng.random()] * rows)),
    ]
    return rng.choice(ways)()


def _values(rng: random.Random, table: pa.Table, at: int) -> pa.Table:
    """The table with values of a column changed, and with them its type where they are none of it."""
    name, column = table.column_names[at], table.column(at)
    values = column.to_pylist()
    places = range(len(values)) if rng.random() < 0.3 else rng.sample(range(len(values)), min(1, len(values)))
    for place in places:
        values[place] = mutating.value(rng) if rng.random() < 0.3 else mutating.like(rng, values[place])
    if name == "configuration" and rng.random() < 0.5 and values and isinstance(column[0].as_py(), str):
        values = [json.dumps(mutating.plain(rng, json.loads(each.as_py()))) for each in column]
    for type_ in ([column.type] if rng.random() < 0.7 else []) + [None, rng.choice(TYPES)]:
        try:
            array = pa.array(values, type_.value_type if isinstance(type_, pa.DictionaryType) else type_)
            array = array.dictionary_encode() if isinstance(type_, pa.DictionaryType) else array
            return table.set_column(at, name, array)
        except (pa.ArrowException, ValueError, TypeError, OverflowError):
            continue
    return table.remove_column(at)
