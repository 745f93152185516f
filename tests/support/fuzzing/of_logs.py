"""Logs of other libraries, changed as JSON, CSV, SQLite, parquet, lines or bytes, and what import is told of them."""

import contextlib
import csv
import hashlib
import io
import json
import os
import pickle
import random
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from bench import results
from bench.errors import UserError
from fuzzing import mutating, of_results, of_stores
from fuzzing.templates import LOGS, OF_BRANIN, Templates
from fuzzing.world import World

AT = ["--dataset", "d", "--model", "m"]
OF_PROBLEM = ["--dataset", "function", "--model", "branin", "--optimizer", "tpe"]
OPTIONS: list[list[str]] = [
    ["--optimizer", "tpe"], ["--optimizer", "tpe,random"], ["--seed", "0"], ["--seed", "0,1"], ["--seed", "-1"],
    ["--pattern", "{optimizer}_{seed}"], ["--pattern", "{optimizer}-{seed}"], ["--metric", "log_loss"],
    ["--metric", "auc"], ["--maximize"], ["--overwrite"], ["--map", "loss=loss"], ["--map", "acc=loss"],
    ["--metric", "loss"], ["--map", "user_attrs_test=test_loss"], ["--map", "lr=params_lr"], ["--map", "value=loss"],
]  # fmt: skip


class Bomb:
    """What would leave a trace if it were unpickled."""

    def __reduce__(self) -> Any:
        return os.mkdir, ("unpickled",)


def play(rng: random.Random, world: World, made: Templates) -> None:
    """Import a changed log; what was imported can be read, and where nothing was, nothing is there."""
    vouched = rng.random() < 0.15
    names = [rng.choice(OF_BRANIN)] if vouched else rng.sample(sorted(LOGS), 1 if rng.random() < 0.9 else 2)
    folder = world.work / "logs"
    for number, name in enumerate(names):
        made.folder(name, folder / str(number))
        if rng.random() < 0.9:
            damage(rng, name, folder / str(number) / "log")
    options = [*(AT if rng.random() < 0.8 else []), *OPTIONS[0]] if rng.random() < 0.7 else []
    if vouched:
        made.folder("made", world.work)
        options = ["--same-problem-as", rng.choice("eeeef"), *(OF_PROBLEM if rng.random() < 0.8 else options)]
        if rng.random() < 0.3:
            of_results.damage(rng, rng.choice(sorted((world.work / "results").rglob("*.parquet"))))
    for _ in range(rng.choice([0, 0, 1, 2])):
        options += _option(rng)
    before = digests(folder)
    world.bench("import", *(f"logs/{number}/log" for number in range(len(names))), "--name", "x", *options)
    if digests(folder) != before:
        world.found(f"{world.commands[-1]}: changed a log")
    if world.findings or not any((world.work / "results/x").rglob("*")):
        return
    try:
        for run in results.find_some(world.work / "results", "x"):
            results.read_run(world.work / "results", run)
    except UserError as error:
        world.found(f"{world.commands[-1]}: what was imported cannot be read: {error}")
    kind = rng.randrange(12)
    world.bench(
        *(["report", "x", "--figures", "main"] if kind == 0 else ["best", "x"] if kind < 6 else ["status", "x"])
    )


def _option(rng: random.Random) -> list[str]:
    option = list(rng.choice(OPTIONS))
    if len(option) == 2 and rng.random() < 0.4:
        option[1] = mutating.word(rng) if rng.random() < 0.5 else mutating.mistyped(rng, option[1])
        option[1] = option[1].replace("\0", "").encode("utf-8", "surrogatepass").decode("utf-8", "replace")
    return option


def digests(folder: Path) -> dict[str, str]:
    return {
        str(path): hashlib.blake2b(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def damage(rng: random.Random, name: str, path: Path) -> None:
    """Change a log in the form that it has."""
    if path.is_dir():
        files = sorted(each for each in path.rglob("*") if each.is_file())
        for each in rng.sample(files, rng.choice([1, 1, 2, 3])):
            _file(rng, each)
        return
    if rng.random() < 0.05:
        path.write_bytes(pickle.dumps(Bomb(), protocol=rng.randrange(5)))
    elif name.endswith("sqlite") and rng.random() < 0.8:
        _database(rng, path)
    elif name == "carps_parquet" and rng.random() < 0.8:
        of_results.rewritten(path, table=lambda table: of_results.columns(rng, table))
    else:
        _file(rng, path)


def _file(rng: random.Random, path: Path) -> None:
    kind = rng.randrange(20)
    content = path.read_bytes()
    if kind == 0:
        of_results.replace(rng, path) if path.name == "log" else path.unlink()
    elif kind < 3:
        path.write_bytes(mutating.raw(rng, content))
    elif kind < 6:
        text = content.decode("utf-8", "surrogateescape")
        path.write_bytes(
            mutating.lines(rng, text).encode("utf-8", "surrogatepass" if rng.random() < 0.5 else "replace")
        )
    else:
        path.write_bytes(_parsed(rng, content))


def _parsed(rng: random.Random, content: bytes) -> bytes:
    """The content changed as the JSON, the lines of JSON or the CSV that it is; otherwise its bytes."""
    try:
        text = content.decode()
        if text[:1] in "[{":
            return _json(rng, text).encode("utf-8", "surrogatepass")
        if "," in text.partition("\n")[0]:
            return _csv(rng, text).encode("utf-8", "surrogatepass")
    except ValueError:
        pass
    return mutating.raw(rng, content)


def _json(rng: random.Random, text: str) -> str:
    lines = text.splitlines()
    try:
        return json.dumps(mutating.plain(rng, json.loads(text), 3), ensure_ascii=rng.random() < 0.5)
    except json.JSONDecodeError:
        for _ in range(rng.randint(1, 3)):
            at = rng.randrange(len(lines))
            try:
                lines[at] = json.dumps(mutating.plain(rng, json.loads(lines[at])))
            except json.JSONDecodeError:
                continue
        return "\n".join(lines) + "\n"


def _csv(rng: random.Random, text: str) -> str:
    rows = list(csv.reader(io.StringIO(text)))
    for _ in range(rng.randint(1, 3)):
        row = rows[0 if rng.random() < 0.3 else rng.randrange(len(rows))]
        kind = rng.randrange(8)
        if not row:
            continue
        at = rng.randrange(len(row))
        if kind < 4:
            new = mutating.value(rng) if rng.random() < 0.6 else mutating.like(rng, row[at])
            row[at] = str(new)[:400] if not isinstance(new, int) or abs(new) < 10**300 else "1" * 400
        elif kind == 4:
            del row[at]
        elif kind == 5:
            row.insert(at, mutating.word(rng))
        else:
            for each in rows:
                if at < len(each):
                    each[at] = mutating.word(rng) if kind == 6 else each[rng.randrange(len(each))]
    stream = io.StringIO()
    csv.writer(stream, lineterminator=rng.choice(["\n", "\r\n"])).writerows(rows)
    return stream.getvalue()


def _database(rng: random.Random, path: Path) -> None:
    """Change rows or tables of a database of another library."""
    with closing(sqlite3.connect(path)) as database:
        names = [row[0] for row in database.execute("select name from sqlite_master where type = 'table'")]
        for _ in range(rng.randint(1, 3)):
            name = rng.choice(names)
            columns = [row[1] for row in database.execute(f'pragma table_info("{name}")')]
            try:
                with database:
                    if rng.random() < 0.1:
                        column = rng.choice(columns)
                        database.execute(
                            rng.choice(
                                [
                                    f'drop table "{name}"',
                                    f'alter table "{name}" drop column "{column}"',
                                    f'delete from "{name}"',
                                ]
                            )
                        )
                    else:
                        _row(rng, database, name, columns)
            except (sqlite3.Error, OverflowError, UnicodeEncodeError):
                continue


def _row(rng: random.Random, database: sqlite3.Connection, name: str, columns: list[str]) -> None:
    rows = database.execute(f'select rowid, * from "{name}"').fetchall()
    if not rows:
        return
    row, at = rng.choice(rows), rng.randrange(len(columns))
    old = row[at + 1]
    new = of_stores._value(rng, old)
    if isinstance(old, str) and old[:1] in ("[", "{", '"') and rng.random() < 0.8:
        with contextlib.suppress(ValueError):
            new = json.dumps(mutating.plain(rng, json.loads(old)))
    where = "" if rng.random() < 0.2 else f" where rowid = {row[0]}"
    database.execute(f'update "{name}" set "{columns[at]}" = ?{where}', [new])
