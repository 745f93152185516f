"""What is said of runs of several losses: what they are judged by, and how that is to be read."""

from collections.abc import Iterator, Sequence

from bench.metrics import label
from bench.report.analysis.comparison import Analysis
from bench.report.audit import Metadata
from bench.report.runs.curves import Comparison
from bench.report.runs.fronts import MISSING
from bench.report.words.names import joined, listing, name
from bench.wording import unmarked


def sentences(analysis: Analysis) -> Iterator[str]:
    """What the verdict compares, and whether validation losses say the same."""
    objectives = analysis.comparison.objectives
    if objectives is None:
        return
    losses = joined(_names(objectives.names))
    if analysis.judged == "validation":
        yield f"Compared is {MISSING} of {losses}: what each run's front of trade-offs leaves uncovered, 1 at most."
        return
    chosen = "with noise and judged without" if analysis.comparison.without_data else "on validation data"
    judged = "" if analysis.comparison.without_data else " and judged by its test losses"
    yield (
        f"Compared is {MISSING} of {losses}: what each run's front of trade-offs, chosen {chosen}{judged}, leaves "
        "uncovered, 1 at most."
    )
    yield from _validation(analysis)


def _validation(analysis: Analysis) -> Iterator[str]:
    """Whether the losses by which fronts were chosen support the same order, by tests of their own."""
    groups, before = analysis.groups["validation"], analysis.groups["test"]
    if len(analysis.family.members) < 2 or not groups.level or not before.level:
        return
    by = "With noise" if analysis.comparison.without_data else "By validation losses"
    level = analysis.level("validation")
    if set(level) == set(before.level):
        same = f"{name(groups.best)} is best too" if groups.best is not None else "the same optimisers are level"
        yield f"{by} {same}."
    elif groups.best is not None:
        yield f"{by} {name(groups.best)} alone is significantly worse than no other."
    else:
        yield f"{by} {listing(level)} are statistically level."


def notes(comparison: Comparison, metadata: Sequence[Metadata]) -> Iterator[str]:
    """How the numbers of several losses are to be read; of runs that are judged by the first of them, that they are."""
    objectives = comparison.objectives
    if objectives is None:
        yield from _first_alone(metadata)
        return
    names = _names(objectives.names)
    corners = joined(
        [
            f"{each} from {low:.4g} to {high:.4g}"
            for each, low, high in zip(names, objectives.ideal, objectives.reference, strict=True)
        ]
    )
    yield (
        f"A run is judged by {MISSING}: the share of the box of {corners} that no trial of its front covers. "
        f"The box is frozen: it follows from {objectives.draws} random configurations, drawn once, and from no run. "
        "Losses beyond its upper end count for nothing, nor do failed trials; the value is below 0 where a front goes "
        "beyond its lower end."
    )
    if comparison.judged == "test" and not comparison.without_data:
        yield (
            "The front of a run is that of its validation losses, which optimisers saw; the verdict goes by the test "
            "losses of the same trials, whether these dominate each other or not."
        )
    if objectives.known:
        yield "IGD+ is the mean distance of the known front's points from what a run's front dominates; 0 is best."
    if len(names) > 2:
        yield "Attainment surfaces are drawn of two losses alone."
    yield f"Where optimisers looked, and which hyperparameters matter, is shown by the first loss, {names[0]}, alone."


def _first_alone(metadata: Sequence[Metadata]) -> Iterator[str]:
    named = dict.fromkeys(tuple((entry.get("objectives") or {}).get("names") or ()) for entry in metadata)
    for first, *others in filter(None, named):
        rest = " and ".join(unmarked(each) for each in others)
        yield (
            f"Trials have other losses besides ({rest}); all that is shown here is of the first, {unmarked(first)}: "
            "their tables hold no box to measure a hypervolume in, as every configuration drawn for it failed, or an "
            "earlier version wrote them."
        )


def _names(names: Sequence[str]) -> list[str]:
    return [unmarked(label(each)).replace("_", " ") for each in names]
