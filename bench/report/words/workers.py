"""What is said of runs with several workers: who is ranked, what they gain on the clock, what they lose in losses."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

from bench.report.analysis.comparison import Analysis
from bench.report.runs.curves import Comparison
from bench.report.tables.cells import MINUS, PERCENT
from bench.report.words.names import joined, name
from bench.wording import plural


def sentences(analysis: Analysis) -> Iterator[str]:
    """Who is ranked, and what the largest number of workers gains and loses, with intervals."""
    yield from _ranked(analysis.comparison)
    account = analysis.workers
    if account is None:
        return
    known = account.gains[(account.gains["workers"] > 1) & (account.gains["runs"] > 0)]
    if not len(known):
        return
    most = int(known["workers"].max())
    rows = known[known["workers"] == most].to_dict("records")
    yield from _sooner(rows, most)
    yield from _blind(rows, most)


def _sooner(rows: list[dict[Any, Any]], most: int) -> Iterator[str]:
    """By the clock: who is sooner or later with workers, where the interval says so."""
    known = [row for row in rows if math.isfinite(row["speed_up"]) and math.isfinite(row["speed_up_low"])]
    reached = f"With {most} workers the loss that a run ends with both ways is"
    sides = (
        ("sooner", [row for row in known if row["speed_up_low"] > 1]),
        ("later", [row for row in known if row["speed_up_high"] < 1]),
    )
    for which, those in sides:
        if those:
            times = [
                f"{name(row['label'])} {row['speed_up']:.3g} times ({_range(row, 'speed_up', 3)})" for row in those
            ]
            yield f"{reached} reached {which}, by the clock, than with one: {joined(times)}."
    if known and not any(those for _, those in sides):
        yield f"{reached} shown to be reached sooner, by the clock, than with one for none of the optimisers."


def _ranked(comparison: Comparison) -> Iterator[str]:
    if comparison.beside:
        fewest = comparison.fewest_workers
        yield (
            f"Ranked are the runs with {plural(fewest, 'worker')}: those with more are the same optimisers under "
            "another condition, shown beside them and not ranked."
        )
    elif comparison.fewest_workers > 1:
        yield f"All runs have {comparison.fewest_workers} workers; the order holds for these."


def _blind(rows: list[dict[Any, Any]], most: int) -> Iterator[str]:
    """At equal numbers of evaluations: whose loss is higher with workers, where the interval says so."""
    worse = [
        f"{name(row['label'])} by {row['blind']:.2g} ({_range(row, 'blind', 2)})"
        for row in rows
        if row["blind_low"] > 0
    ]
    at = f"At equal numbers of evaluations {most} workers"
    if worse:
        yield f"{at} end at a higher loss than one: {joined(worse)}."
    elif all(math.isfinite(row["blind_low"]) for row in rows):
        yield f"{at} are shown to end at a higher loss than one for none of the optimisers."


def notes(comparison: Comparison) -> Iterator[str]:
    """How workers and their clock are to be read."""
    if not comparison.beside and comparison.fewest_workers == 1:
        return
    yield (
        "NAME-w4 has four workers, simulated: four proposals are open at a time; the one that ends first on a clock is "
        "told, and the next is asked. Its rows stand in order of ending. The clock is moved by evaluations alone; what "
        "optimisers take to propose stands apart."
    )


def _range(row: Mapping[Any, Any], of: str, digits: int) -> str:
    low, high = (f"{row[f'{of}_{end}']:.{digits}g}".replace("-", MINUS) for end in ("low", "high"))
    return f"{PERCENT} confidence interval {low} to {high}"
