"""Stores: rows, columns, tables and bytes of the database changed, and files put in its place."""

import os
import random
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

from fuzzing import mutating, templates
from fuzzing.templates import Templates
from fuzzing.world import World

TABLES = ("evaluations", "claims", "runs", "trials", "store", "beats")
Rows = dict[str, Counter[str]]


def play(rng: random.Random, world: World, made: Templates) -> None:
    """Damage a store, then look into it, or go on with it: what was in it stays in it, or can be read as before."""
    made.folder("made", world.work)
    path = world.work / "results/store.sqlite"
    if rng.random() < 0.1:
        with closing(sqlite3.connect(path)) as database, database:
            database.execute("delete from evaluations")
    damage(rng, path)
    for _ in range(rng.choice([1, 2])):
        _look(rng, world, path)


def _look(rng: random.Random, world: World, path: Path) -> None:
    before = rows_of(path)
    kind, pruned = rng.randrange(19 if world.quick else 24), False
    if kind < 2:
        world.bench("store", "show")
    elif kind < 8:
        world.bench("store", "export", "out.parquet")
    elif kind < 11:
        pruned = True
        which = rng.choice(
            [["--status", "failed"], ["--older-than", "0"], ["--problem", "a"], ["--status", "ok,crashed"]]
        )
        world.bench("store", "prune", *which, *rng.choice([[], ["--dry-run"]]))
    elif kind < 15:
        (world.work / "mine").mkdir(exist_ok=True)
        target = rng.choice(["sqlite:///results/other.sqlite", "sqlite:///results/store.sqlite"])
        world.bench("store", "import", "results/store.sqlite", "--store", target)
    elif kind < 19:
        world.bench("status", rng.choice(["e", "f", "nope"]))
    else:
        what = rng.choice([templates.FUNCTION, templates.OF_TOY])
        if rng.random() < 0.5:  # a finished run's table is gone: it is done again, from the store
            for table in (world.work / "results/e").rglob("0.parquet"):
                table.unlink()
        world.bench("run", *what, "optimizer=random", f"seed={rng.randrange(2)}", "name=e")
        pruned = True  # claims go, runs change; evaluations are looked at below
    after = rows_of(path)
    if before is None or after is None:
        if before is not None and kind < 19:
            world.found(f"{world.commands[-1]}: the store could be read before and cannot now")
        return
    names = before.keys() - ({"claims", "beats", "runs", "trials", "evaluations"} if pruned and kind < 11 else set())
    names -= {"claims", "beats", "runs", "trials"} if kind >= 19 else set()
    for name in names:
        if gone := before[name] - after.get(name, Counter()):
            world.found(f"{world.commands[-1]}: {len(gone)} rows of {name} are gone, such as {next(iter(gone))[:300]}")


def rows_of(path: Path) -> Rows | None:
    """Every row of a database's tables; None where it cannot be read."""
    if not path.is_file() or path.stat().st_size == 0:
        return None
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
            database.text_factory = bytes
            names = [row[0].decode() for row in database.execute("select name from sqlite_master where type = 'table'")]
            return {name: Counter(map(repr, database.execute(f'select * from "{name}"'))) for name in names}
    except (sqlite3.Error, UnicodeDecodeError):
        return None


def damage(rng: random.Random, path: Path) -> None:
    """Change a database, or what stands in its place."""
    kind = rng.randrange(20)
    if kind < 4:
        path.write_bytes(mutating.raw(rng, path.read_bytes()))
        return
    if kind < 6:
        _replace(rng, path)
        return
    with closing(sqlite3.connect(path)) as database:
        for _ in range(rng.randint(1, 3)):
            try:
                with database:
                    _statement(rng, database) if kind < 17 else _schema(rng, database)
            except (sqlite3.Error, OverflowError, UnicodeEncodeError, ValueError):
                continue
        database.execute("pragma wal_checkpoint(truncate)") if rng.random() < 0.8 else None


def _replace(rng: random.Random, path: Path) -> None:
    content = path.read_bytes()
    path.unlink()
    kind = rng.randrange(7)
    if kind == 0:
        path.mkdir()
    elif kind == 1:
        os.mkfifo(path)
    elif kind == 2:
        path.symlink_to(rng.choice([path.name, "/dev/zero", "/dev/null", "e"]))
    elif kind == 3:
        path.write_bytes(rng.choice([b"", b"x", b"SQLite format 3\0", b"text\n" * 200, content[:512], content[:100]]))
    elif kind == 4:
        path.write_bytes(content)
        path.with_name(f"{path.name}-wal").write_bytes(rng.choice([b"", rng.randbytes(5000), b"x"]))
    elif kind == 5:
        path.write_bytes(content)
        path.with_name(f"{path.name}-shm").unlink(missing_ok=True)
        path.with_name(f"{path.name}-shm").mkdir()


def _value(rng: random.Random, old: Any) -> Any:
    new = mutating.value(rng) if rng.random() < 0.5 else mutating.like(rng, old)
    if isinstance(new, list | dict):
        new = repr(new).encode()
    return (
        new.encode("utf-8", "surrogatepass")
        if isinstance(new, str) and not new.isascii() and rng.random() < 0.3
        else new
    )


def _statement(rng: random.Random, database: sqlite3.Connection) -> None:
    """Change values of a column, in one row or all, or remove or double a row."""
    name = "evaluations" if rng.random() < 0.5 else rng.choice(TABLES)
    names = [row[1] for row in database.execute(f'pragma table_info("{name}")')]
    rows = database.execute(f'select * from "{name}" order by 1').fetchall()
    if not names:
        return
    if not rows:
        values = [mutating.value(rng) for _ in names]
        marks = ",".join("?" * len(names))
        database.execute(
            f'insert into "{name}" values ({marks})', [v if not isinstance(v, list | dict) else 1 for v in values]
        )
        return
    at, row = rng.randrange(len(names)), rng.choice(rows)
    if rng.random() < 0.1:
        database.execute(f'delete from "{name}" where "{names[0]}" = ?', [row[0]])
    elif rng.random() < 0.1:
        double = [*row]
        double[0] = _value(rng, double[0])
        database.execute(f'insert into "{name}" values ({",".join("?" * len(names))})', double)
    else:
        where = "" if rng.random() < 0.3 else f' where "{names[0]}" = ?'
        database.execute(
            f'update "{name}" set "{names[at]}" = ?{where}', [_value(rng, row[at]), *([row[0]] if where else [])]
        )


def _schema(rng: random.Random, database: sqlite3.Connection) -> None:
    """Change a table: drop or rename it or a column, add one, put a view or a trigger there."""
    name = rng.choice(TABLES)
    names = [row[1] for row in database.execute(f'pragma table_info("{name}")')] or ["x"]
    column = rng.choice(names)
    database.execute(
        rng.choice(
            [
                f'drop table "{name}"',
                f'alter table "{name}" drop column "{column}"',
                f'alter table "{name}" rename column "{column}" to "x{column}"',
                f'alter table "{name}" rename to "x{name}"',
                f'alter table "{name}" add column more text default 5',
                'create table if not exists "bookmarks" (a)',
                f'create view "v{name}" as select * from "{name}"',
                f'create trigger t after insert on "{name}" begin delete from evaluations; end',
                f'create trigger f before insert on "{name}" begin select raise(abort, "no"); end',
                f"update store set version = {rng.choice(['1', '0', '3', 'null', repr('x'), '2.5', '-1'])}",
                "delete from store",
                "insert into store values (7)",
            ]
        )
    )
