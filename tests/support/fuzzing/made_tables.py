"""Tables as people have them, changed before they are written: cells, columns, names, targets."""

import random
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any

from fuzzing import mutating

Cells = dict[str, list[Any]]
"""The columns of a table by their names."""


def frame(rng: random.Random) -> Cells:
    """A table of numbers, categories and a target, without a doubt in it."""
    rows = rng.choice([60, 60, 90, 120])
    every: Cells = {
        "age": [rng.randrange(18, 90) for _ in range(rows)],
        "rooms": [rng.randrange(1, 9) for _ in range(rows)],
        "income": [round(rng.uniform(1000, 90000), 2) for _ in range(rows)],
        "size": [round(rng.gauss(0, 3), 3) for _ in range(rows)],
        "colour": [rng.choice(["red", "green", "blue"]) for _ in range(rows)],
        "city": [rng.choice(["München", "Genève", "Oslo"]) for _ in range(rows)],
        "new": [rng.random() < 0.5 for _ in range(rows)],
        "y": [rng.choice(["p", "q"]) for _ in range(rows)]
        if rng.random() < 0.7
        else [rng.gauss(0, 1) for _ in range(rows)],
    }
    kept = [name for name in every if name in ("age", "y") or rng.random() < 0.7]
    return {name: every[name] for name in kept}


# --- columns that are no features ------------------------------------------------------------------------------------

_PARTS = ("train", "train", "stop", "valid", "test")
ROLES: dict[str, list[Callable[[int], Any]]] = {
    "weight": [lambda i: i % 3 + 1, lambda i: i % 4 / 2, lambda i: Decimal(i) / 4],
    "group": [lambda i: f"g{i % 7}", lambda i: i % 9, lambda i: i // 4 / 2],
    "time": [
        *(lambda i: i // 7, lambda i: i / 3, lambda i: f"2024-{i % 12 + 1:02d}-{i % 28 + 1:02d}"),
        *(lambda i: f"2024-01-01T{i % 24:02d}:{i % 60:02d}", lambda i: date(1980, 1, 1) + timedelta(days=i)),
        *(
            lambda i: datetime.fromtimestamp(3600 * i, UTC),
            lambda i: datetime.fromtimestamp(3600 * i, UTC).replace(tzinfo=None),
        ),
    ],
    "split": [lambda i: _PARTS[i % 5], lambda i: ("train", "valid")[i % 2]],
}


def roles(rng: random.Random, table: Cells) -> dict[str, str]:
    """Add columns of which each has a role, and the keys that name them."""
    rows = len(next(iter(table.values())))
    chosen = rng.sample(list(ROLES), rng.choice([1, 1, 2, 3]))
    for role in chosen:
        make = rng.choice(ROLES[role])
        table[f"its {role}"] = [make(i) for i in range(rows)]
    return {role: f"its {role}" for role in chosen}


# --- changes of what is to be written --------------------------------------------------------------------------------


def cells(rng: random.Random, table: Cells) -> None:
    """Put words or numbers out of place into one to three cells of a column, or a share of it."""
    name = rng.choice(list(table))
    count = rng.choice([1, 1, 1, 2, 3, len(table[name]) // 10, len(table[name]) // 2])
    word = mutating.word(rng) if rng.random() < 0.7 else rng.choice(mutating.NUMBERS[:-2])
    for place in rng.sample(range(len(table[name])), count):
        table[name][place] = word if rng.random() < 0.9 else mutating.word(rng)


def missing(rng: random.Random, table: Cells) -> None:
    """Leave cells of a column empty."""
    name = rng.choice(list(table))
    for place in rng.sample(range(len(table[name])), rng.choice([1, 5, len(table[name]) - 1, len(table[name])])):
        table[name][place] = None


def column(rng: random.Random, table: Cells) -> None:
    """Add a column of another kind: dates, identifiers, constants, codes, counts, numbers with units."""
    rows = len(next(iter(table.values())))
    makers: dict[str, Callable[[int], Any]] = {
        "when": lambda i: f"{i % 28 + 1:02d}.{i % 12 + 1:02d}.2024",
        "day": lambda i: f"{i % 12 + 1}/{i % 28 + 1}/2024",
        "iso": lambda i: f"2024-{i % 12 + 1:02d}-{i % 28 + 1:02d}",
        "clock": lambda i: f"{i % 24}:{i % 60:02d}",
        "id": lambda i: f"ID{i:05d}",
        "number": lambda i: i,
        "one": lambda _: 1,
        "zip": lambda i: f"{i % 7:05d}",
        "price": lambda i: f"{i % 9},{i % 10}0 €",
        "percent": lambda i: f"{i % 50} %",
        "huge": lambda i: 10**19 + i,
        "long": lambda i: f"1234567890123456789{i:04d}",
        "note": lambda i: f"some text {i}, and more",
        "blank": lambda _: None,
        "big": lambda i: f"{i + 1}.{i % 1000:03d},{i % 100:02d}",
        "apart": lambda i: f"{i + 1} {i % 1000:03d}",
        "t": lambda i: i // 7,
        "w": lambda i: i % 3 / 2,
        "part": lambda i: ("train", "train", "stop", "valid", "test")[i % 5],
        "nan": lambda i: "nan" if i % 3 else 1.5,
        "flag": lambda i: ("yes", "no", "Yes")[i % 3],
        "inf": lambda i: float("inf") if i == 4 else i / 3,
        "moment": lambda i: datetime.fromtimestamp(3600 * i, UTC).replace(tzinfo=None),
        "abroad": lambda i: datetime.fromtimestamp(86400 * i, timezone(timedelta(hours=5))),
        "birthday": lambda i: date(1980, 1, 1) + timedelta(days=i),
        "alarm": lambda i: time(i % 24, i % 60),
        "wait": lambda i: timedelta(seconds=i),
        "exact": lambda i: Decimal(i) / 8,
        "blob": lambda i: bytes([i]),
        "list": lambda i: [i, 1],
    }
    name = rng.choice(list(makers))
    table[name] = [makers[name](i) for i in range(rows)]


def target(rng: random.Random, table: Cells) -> None:
    """Give the target other classes, or too few or many, or counts, or blanks about them."""
    before = table.get("y", ["p", "q"] * 30)
    rows = len(next(iter(table.values())))
    ways: list[Callable[[], list[Any]]] = [
        lambda: ["p"] * rows,
        lambda: ["p"] * (rows - 1) + ["q"],
        lambda: [f"c{i}" for i in range(rows)],
        lambda: [rng.choice(["Mild", "None", "Severe"]) for _ in range(rows)],
        lambda: [rng.choice(["NA", "x"]) for _ in range(rows)],
        lambda: [rng.randrange(9) for _ in range(rows)],
        lambda: [rng.choice([0, 1]) for _ in range(rows)],
        lambda: [rng.choice(["p", "p ", "P", "q"]) for _ in range(rows)],
        lambda: [None, *before[1:]],
        lambda: [int(i > rows * 0.8) for i in range(rows)],
        lambda: [1.5] * rows,
        lambda: [i % 2 == 0 for i in range(rows)],
        lambda: [f"2024-01-{i % 28 + 1:02d}" for i in range(rows)],
        lambda: [2**53 + 1 + i for i in range(rows)],
    ]
    table["y"] = rng.choice(ways)()


def name(rng: random.Random, table: Cells) -> None:
    """Rename a column."""
    old = rng.choice(list(table))
    new = rng.choice([f" {old}", f"{old} ", old.upper(), "", "1.5", mutating.word(rng), "Unnamed: 0", "x" * 500])
    entries = [(new if each == old else each, values) for each, values in table.items()]
    table.clear()
    table.update(entries)


CHANGES = (cells, cells, cells, cells, missing, column, column, target, name)
