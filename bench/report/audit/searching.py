"""What came of the runs: failures, and losses that stood still."""

import math
from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from bench.errors import UserError
from bench.report.analysis.controls import Outcome
from bench.report.audit.entries import Finding, Level, Metadata, config_of, from_values, metadata_of
from bench.report.runs import curves
from bench.report.runs.curves import Comparison
from bench.results import Results
from bench.space import parsing
from bench.wording import listed, plural

_RANDOM = ("random", "random_distinct")
_MANY = 0.5
"""The share of failed trials, or of runs that stood still, that is worth a warning or a note."""


def findings(comparison: Comparison, results: Results) -> Iterator[Finding]:
    """Each check's, in order."""
    yield from failures(comparison)
    yield from plateaus(comparison, results)
    yield from small_space(comparison, metadata_of(comparison, results))


def control(comparison: Comparison, outcome: Outcome | None) -> Iterator[Finding]:
    """Whether the optimisers beat random search on permuted losses; silent where 'bench control' was not run."""
    if outcome is None:
        return
    others = set(comparison.final["label"]) - {*outcome.tested, *outcome.untested}
    beyond = [label for label in sorted(others) if label not in comparison.yardsticks and label not in _RANDOM]
    level: Level = "warning" if outcome.better else "note" if not outcome.tested or beyond else "ok"
    unchecked = f"; not part of it: {listed(beyond)}" if beyond else ""
    yield Finding(level, "control", f"on permuted losses ({outcome.control}) {outcome.line()}{unchecked}")


def failures(comparison: Comparison) -> Iterator[Finding]:
    """How many trials failed, and in which runs none succeeded."""
    rows = comparison.final.to_dict("records")
    barren = [f"{row['label']} ({row['without_success']} of {row['runs']})" for row in rows if row["without_success"]]
    if barren:
        yield Finding("warning", "failures", f"runs in which no trial succeeded, counted as infinite: {listed(barren)}")
    failed = [row for row in rows if row["failed"]]
    if failed:
        counts = listed(f"{row['label']} ({row['failed']} of {row['trials']})" for row in failed)
        level: Level = "warning" if any(row["failed"] > _MANY * row["trials"] for row in failed) else "note"
        yield Finding(level, "failures", f"trials that failed, counted in the budget: {counts}")
    elif not barren:
        yield Finding("ok", "failures", f"all {plural(int(comparison.final['trials'].sum()), 'trial')} succeeded")


def small_space(comparison: Comparison, metadata: Sequence[Metadata]) -> Iterator[Finding]:
    """Whether the budget tries more than half of a finite space; silent where it does not, and of conditional spaces.

    Whoever tries every configuration has the best: what is left to find then says little of a method.
    """
    size = _configurations(metadata)
    if size is not None and 2 * comparison.evaluations > size:
        text = (
            f"the space has {plural(size, 'configuration')}, of which {comparison.evaluations:g} evaluations try most"
        )
        yield Finding("warning", "size of the space", f"{text}: a ranking says little of methods; give them fewer")


def _configurations(metadata: Sequence[Metadata]) -> int | None:
    """How many configurations the recorded space has; None for a continuum, and where it is not known."""
    recorded = (config_of(metadata[0]).get("model") or {}).get("space") if metadata else None
    if not recorded or from_values(metadata):
        return None
    try:
        parameters = parsing.parse(recorded).parameters
    except UserError:
        return None
    values = [None if parameter.when else parameter.values() for parameter in parameters]
    return math.prod(len(each) for each in values if each is not None) if all(values) else None


def plateaus(comparison: Comparison, results: Results) -> Iterator[Finding]:
    """Whether the problem still tells optimisers apart at the end of the budget.

    A run of n >= 2 trials stood still where its best loss after ceil(n / 2) trials is that after n. A problem tells
    nothing where all runs of at least two optimisers end at one loss.
    """
    runs = comparison.runs[comparison.runs["trials"] >= 2]
    if runs.empty:
        return
    best = results.trials["best_loss"]
    first, count = runs["first"].to_numpy(), runs["trials"].to_numpy()
    half, last = (curves.losses(best.iloc[first + after - 1]) for after in ((count + 1) // 2, count))
    several = len(set(runs["label"])) > 1
    if several and np.isfinite(last[0]) and (last == last[0]).all():
        text = f"every run ends at the same loss, {last[0]:.6g}: the problem does not tell these optimisers apart"
        yield Finding("warning", "plateaus", text)
        return
    still = pd.Series(half == last).groupby(runs["label"].to_numpy()).agg(["sum", "size"])
    many = still[still["sum"] > _MANY * still["size"]]
    counts = listed(f"{label} ({some} of {every})" for label, some, every in many.itertuples(name=None))
    text = "most runs found nothing better in the second half of their budget: "
    if several and len(many) == len(still):
        yield Finding("note", "plateaus", f"{text}{counts}; a smaller budget would have told as much")
    elif len(many):
        yield Finding("note", "plateaus", text + counts)
    else:
        text = "runs found nothing better in the second half of their budget"
        yield Finding("ok", "plateaus", f"{still['sum'].sum()} of {len(runs)} {text}")
