"""Words on policies of re-tuning: which paid, what they cost, and on what that holds."""

from collections.abc import Iterator

from bench.report.analysis.comparison import Analysis
from bench.report.analysis.drift import NEVER
from bench.report.runs.curves import Comparison
from bench.report.words.names import listing


def sentences(analysis: Analysis) -> Iterator[str]:
    """Whether tuning anew paid, each policy against never tuning again with the same optimiser; nothing of others."""
    account = analysis.drift
    if account is None:
        return
    known = account.spent[(account.spent["never"] != "") & account.spent["label"].isin(analysis.family.members)]
    better, worse, rows = [], [], []
    for label, never in zip(known["label"], known["never"], strict=True):
        if never not in analysis.family.members:
            continue
        row = analysis.pair(analysis.judged, label, never)
        if row["test"] == "none":
            continue
        rows.append(label)
        better += [label] * (row["better"] == label)
        worse += [label] * (row["better"] == never)
    if not rows:
        return
    against = f"the policy {NEVER} with the same optimiser"
    if better:
        yield f"Significantly better than {against}: {listing(better)}."
    if worse:
        yield f"Significantly worse than {against}: {listing(worse)}."
    if len(better) + len(worse) < len(rows):
        rest = [label for label in rows if label not in (*better, *worse)]
        yield f"Not significantly different from it: {listing(rest)}."


def notes(comparison: Comparison) -> Iterator[str]:
    """What a reader must know of the losses of a stream; nothing of others."""
    if comparison.drift is None:
        return
    window, block = (comparison.drift.get(name) for name in ("window", "block"))
    yield (
        f"The loss is prequential: a model trained on the newest {window} rows predicts the next {block}, which no "
        "model has seen, and the losses of all such blocks are averaged. Optimisers see losses on the newest rows of "
        "the window alone."
    )
    yield (
        "What is compared is an optimiser under a policy. All policies but frozen train a model for each block; they "
        "say when its hyperparameters are tuned anew, and what a study begins with: nothing (cold), the best "
        "configurations of the last study (warm), or all that the optimiser has observed (kept). They spend different "
        "numbers of evaluations: see the table of policies."
    )
