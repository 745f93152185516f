"""What came of the runs: failures, and losses that stood still."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from bench.report.audit.entries import Finding, Level
from bench.report.runs import curves
from bench.report.runs.curves import Comparison
from bench.results import Results
from bench.wording import listed, plural

_MANY = 0.5
"""The share of failed trials, or of runs that stood still, that is worth a warning or a note."""


def findings(comparison: Comparison, results: Results) -> Iterator[Finding]:
    """Each check's, in order."""
    yield from failures(comparison)
    yield from plateaus(comparison, results)


def failures(comparison: Comparison) -> Iterator[Finding]:
    """How many trials failed, and in which runs none succeeded."""
    rows = comparison.final.to_dict("records")
    barren = [f"{row['label']} ({row['without_success']} of {row['runs']})" for row in rows if row["without_success"]]
    if barren:
        yield Finding("warning", "failures", f"runs in which no trial succeeded, counted as infinite: {listed(barren)}")
    failed = [row for row in rows if row["failed"]]
    if failed:
        optimizers = listed(f"{row['label']} ({row['failed']} of {row['trials']})" for row in failed)
        level: Level = "warning" if any(row["failed"] > _MANY * row["trials"] for row in failed) else "note"
        yield Finding(level, "failures", f"trials that failed, counted in the budget: {optimizers}")
    elif not barren:
        yield Finding("ok", "failures", f"all {plural(int(comparison.final['trials'].sum()), 'trial')} succeeded")


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
    optimizers = listed(f"{label} ({some} of {every})" for label, some, every in many.itertuples(name=None))
    text = "most runs found nothing better in the second half of their budget: "
    if several and len(many) == len(still):
        yield Finding("note", "plateaus", f"{text}{optimizers}; a smaller budget would have told as much")
    elif len(many):
        yield Finding("note", "plateaus", text + optimizers)
    else:
        text = "runs found nothing better in the second half of their budget"
        yield Finding("ok", "plateaus", f"{still['sum'].sum()} of {len(runs)} {text}")
