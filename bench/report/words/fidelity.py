"""What is said of runs with a ladder of fidelities: how well low rungs rank, and how cost and losses are to be read."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from bench.report.analysis.comparison import Analysis
from bench.report.analysis.fidelity import of
from bench.report.runs.curves import Comparison
from bench.report.tables.cells import MINUS, PERCENT
from bench.report.words.names import name, sentence
from bench.wording import measured, plural


def sentences(analysis: Analysis) -> Iterator[str]:
    """How far low fidelities can be trusted, where an interval carries it, and who never evaluated anything fully."""
    yield from _agreement(analysis)
    yield from _unpaid(analysis)


def _agreement(analysis: Analysis) -> Iterator[str]:
    """Kendall's tau at the lowest rung and at the one below full fidelity, of each ladder."""
    account = analysis.fidelity
    if account is None:
        return
    known = account.agreement[account.agreement["low"].notna()]
    for (unit, high), part in known.groupby(["unit", "of"]):
        first, *rows = part.sort_values("rung").to_dict("records")
        lowest = of(first["rung"], int(str(high)), str(unit))
        more = [f"; with {row['rung']:.0f} at {_tau(row)}" for row in rows[-1:]]
        biased = " This is among those that were evaluated fully, a selection, which biases it."
        yield (
            f"With {lowest} the ranking of configurations agrees with that at full fidelity at Kendall's tau "
            f"{_tau(first, f'{PERCENT} confidence interval ')}{''.join(more)}.{biased if account.selected else ''}"
        )


def _unpaid(analysis: Analysis) -> Iterator[str]:
    """Whose final incumbents were never evaluated fully within the budget."""
    at = analysis.comparison.evaluations
    spent = analysis.comparison.spent(at)
    for label, sample in analysis.samples.items():
        lacking = int(((sample.paid > at) & np.isfinite(sample.validation[:, at - 1])).sum()) if at else 0
        if lacking:
            yield (
                f"{sentence(name(label))} evaluated nothing fully within {spent} in {lacking} of "
                f"{plural(len(sample.seeds), 'run')}: what its incumbent is worth was found afterwards, uncharged."
            )


def notes(comparison: Comparison) -> Iterator[str]:
    """How cost and losses are to be read."""
    if not comparison.in_cost:
        return
    ladders = dict.fromkeys((ladder.unit, ladder.rungs) for ladder in comparison.ladders.values())
    rungs = " or ".join(measured(", ".join(map(str, rungs)), unit) for unit, rungs in ladders)
    yield (
        f"Evaluations are counted by their cost, in full ones, on a ladder of {rungs}: a trial that ends at a rung "
        "costs its share of the highest, less what it goes on from; a plain trial costs 1. Where runs stand is known "
        "after each whole number of full evaluations."
    )
    if comparison.objectives is not None:
        yield "A front is of configurations that the run evaluated fully."
        return
    yield (
        "The incumbent is the configuration of the lowest loss at the highest fidelity reached so far. Its losses, "
        "validation and test, are those at full fidelity, whenever they were found, and may rise as a higher fidelity "
        "is reached. Losses below full fidelity are compared with nothing but each other."
    )


def _tau(row: Mapping[Any, Any], named: str = "") -> str:
    tau, low, high = (f"{row[end]:.2f}".replace("-", MINUS) for end in ("tau", "low", "high"))
    return f"{tau} ({named}{low} to {high})"
