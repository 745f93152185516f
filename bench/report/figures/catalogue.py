"""Every figure of a report: which there are, what each is called, and what is seen in it."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from bench.metrics import label
from bench.report import figures
from bench.report.analysis import narrowed
from bench.report.analysis.across import VALIDATION, Across
from bench.report.analysis.comparison import Analysis
from bench.report.analysis.drift import Drift
from bench.report.analysis.fronts import OfFronts
from bench.report.analysis.importance import Importance
from bench.report.figures import FORMATS, Scale, drift, scales, workers
from bench.report.look.paper import Paper
from bench.report.look.style import Style
from bench.report.runs.curves import Comparison
from bench.report.runs.fronts import MISSING
from bench.report.runs.visits import Visits
from bench.space import Categorical, Float, Int, Ordinal, Parameter
from bench.wording import one_line, plural

Styles = Mapping[str, Style]

_FEW = 12
"""Of so few whole numbers points lie on each other."""
_SHARES = (0.001, 0.01, 0.1, 0.5, 0.9, 0.99, 0.999)
"""Marks of a logit scale."""


@dataclass(frozen=True)
class Picture:
    """A figure in all its formats."""

    name: str
    """Of its files: `validation` of `digits-lightgbm-validation.pdf`."""
    title: str
    alt: str
    """What is seen, for those who do not see it."""
    files: Mapping[str, bytes]
    """By format."""
    caption: str = ""
    """What must be known to read it; it stands in the figure, save on a paper."""


@dataclass(frozen=True)
class Sketch:
    """A figure that is yet to be drawn."""

    name: str
    title: str
    alt: str
    draw: Callable[[], Figure]
    detail: float = 1.0
    """The share of the dots that its PNG has; see `figures.render`."""


def pictures(
    analysis: Analysis,
    visits: Visits | None,
    important: Importance | None,
    styles: Styles,
    paper: Paper | None = None,
) -> Iterator[Picture]:
    """The figures of one problem, the most important first; those that would be empty are left out."""
    for sketch in (*sketches(analysis, styles), *looking(analysis, visits, important, styles)):
        yield _rendered(sketch, paper)


def sketches(analysis: Analysis, styles: Styles) -> Iterator[Sketch]:
    """The figures of one problem that need no configurations, yet to be drawn."""
    if analysis.drift is not None:
        yield _over_time(analysis, analysis.drift, styles)
    else:
        yield from _losses(_of_fewest_workers(analysis), styles)
    yield from _comparing(analysis, styles)


def _of_fewest_workers(analysis: Analysis) -> Analysis:
    """Of optimisers that were run with several numbers of workers the runs with the fewest: a line each."""
    return narrowed.without(analysis, analysis.comparison.repeated)


def _left_out(analysis: Analysis) -> str:
    """What a caption says of the runs that `_of_fewest_workers` leaves out; empty where it leaves out none."""
    if not analysis.comparison.repeated:
        return ""
    return "An optimiser's runs with more workers are left out here: see the figures on workers."


MAIN = ("validation", "final", "stream")
"""The figures of each of many problems, unless all are asked for: drawing all takes longer than everything else."""


def main_pictures(analysis: Analysis, styles: Styles, paper: Paper | None = None) -> Iterator[Picture]:
    """Those of `MAIN`, as SVG alone: in a fifteenth of the time that all take, in all formats."""
    for sketch in sketches(analysis, styles):
        if sketch.name in MAIN:
            yield _rendered(sketch, paper, ("svg",))


def pictures_across(across: Across, styles: Styles, paper: Paper | None = None) -> Iterator[Picture]:
    """The figures of all problems together."""
    for sketch in (*_scores(across, styles), *_ranks(across, styles)):
        yield _rendered(sketch, paper)


def _rendered(sketch: Sketch, paper: Paper | None, formats: Sequence[str] = FORMATS) -> Picture:
    with figures.look(paper):
        figure = sketch.draw()
        return Picture(
            sketch.name,
            sketch.title,
            sketch.alt,
            figures.render(figure, sketch.detail, formats),
            str(figure.get_label()),
        )


def _losses(analysis: Analysis, styles: Styles) -> Iterator[Sketch]:
    """Losses against evaluations and seconds; regret is the first where the minimum is known."""
    comparison, kinds = analysis.comparison, analysis.kinds
    title = comparison.title
    names = {kind: comparison.named(kind) for kind in kinds}
    who = _who(analysis)
    known = bool(comparison.runs["minimum"].notna().all())
    regret = list(_regret(analysis, styles, known))
    if known:
        yield from regret
    for kind in kinds:
        yield Sketch(
            kind,
            f"{names[kind].capitalize()} against {_against(comparison)}",
            f"Step curves of {who}: {names[kind]} against {_against(comparison)}, median and quartiles over runs.",
            lambda kind=kind: figures.draw(  # type: ignore[misc]
                figures.view(
                    comparison,
                    kind,
                    styles,
                    analysis.baseline if kind == "validation" else None,
                    _left_out(analysis),
                )
            ),
        )
    for kind in kinds:
        frame = analysis.seconds[kind]
        if len(frame):
            yield Sketch(
                "seconds" if kind == "validation" else f"seconds-{kind}",
                f"{names[kind].capitalize()} against charged seconds",
                f"Step curves of {who}: {names[kind]} against the seconds of optimiser and evaluations.",
                lambda frame=frame, kind=kind: figures.seconds(  # type: ignore[misc]
                    frame, styles, title, _axis(analysis, kind), _left_out(analysis)
                ),
            )
    if not known:
        yield from regret


def _over_time(analysis: Analysis, account: Drift, styles: Styles) -> Sketch:
    """What policies of re-tuning lose over a stream."""
    metric = analysis.comparison.metric.replace("_", " ")
    return Sketch(
        "stream",
        "Prequential loss over the stream, with its drifts and the times of tuning",
        f"A panel for each of {_who(analysis)}: the loss of each block against the rows of the stream, as steps.",
        lambda: drift.over_time(account, styles, analysis.comparison.title, metric),
    )


def _regret(analysis: Analysis, styles: Styles, known: bool) -> Iterator[Sketch]:
    """Loss above the least that is known; `known` where that is the minimum of a function."""
    if not analysis.kinds or not np.isfinite(analysis.regret.get("median", pd.Series(dtype=float))).any():
        return
    least = "minimum of the function" if known else "lowest loss of any run"
    what = "value above the minimum" if known else "loss above the best known"
    against = _against(analysis.comparison)
    baseline = analysis.baseline.assign(median=analysis.baseline["median"] - _best(analysis))
    yield Sketch(
        "regret",
        f"Regret: how far above the {least}, on logarithmic axes",
        f"Step curves of {_who(analysis)} on logarithmic axes: loss above the {least}, against {against}.",
        lambda: figures.regret(
            analysis.regret,
            styles,
            analysis.comparison.title,
            f"regret: {what}",
            baseline,
            f"Regret is measured from the {least}{_at(analysis)}.",
            analysis.comparison.against,
            _left_out(analysis),
        ),
    )


def _at(analysis: Analysis) -> str:
    best = _best(analysis)
    return f", {best:.4g}" if np.isfinite(best) else ""


def _comparing(analysis: Analysis, styles: Styles) -> Iterator[Sketch]:
    comparison, kinds = analysis.comparison, analysis.kinds
    title, who = comparison.title, _who(analysis)
    after, against = f"after {comparison.spent(comparison.evaluations)}", _against(comparison)
    for kind in kinds:
        frame = analysis.runs.assign(loss=analysis.runs[kind])
        yield Sketch(
            "final" if kind == "validation" else f"final-{kind}",
            f"{comparison.named(kind).capitalize()} {after}, every run",
            f"A row of points for each of {who}: the {comparison.named(kind)} of every run {after}.",
            lambda frame=frame, kind=kind: figures.final(frame, styles, title, _axis(analysis, kind)),  # type: ignore[misc]
        )
    pairs = analysis.tested if analysis.pairs else None
    if kinds and pairs is not None and len(pairs):
        yield Sketch(
            "improvement",
            f"How often one optimiser's loss is less than another's {after}",
            f"A matrix of {who}: the share of comparisons of runs that the row wins against the column.",
            lambda: figures.improvement(pairs, styles, title),
        )
    lines = _of_fewest_workers(analysis)
    of_lines, left_out = _who(lines), _left_out(analysis)
    if len(lines.ecdf):
        yield Sketch(
            "targets",
            "Targets reached: losses that single draws of random search reach",
            f"Step curves of {of_lines}: the share of targets reached, against {against} on a logarithmic axis.",
            lambda: figures.ecdf(lines.ecdf, styles, title, against=comparison.against, more=left_out),
        )
    if "test" in kinds and not comparison.without_data:
        yield _generalisation(lines, styles, left_out)
    if analysis.fronts is not None and len(analysis.fronts.surfaces):
        yield _attainment(analysis, analysis.fronts, styles)
    yield from _fidelity(analysis, styles)
    yield from _workers(analysis, styles)
    if analysis.drift is None and len(lines.overhead) and (lines.overhead["median"] > 0).any():
        yield Sketch(
            "overhead",
            "What the optimiser itself takes, as its history grows",
            f"Step curves of {of_lines}: seconds of ask and tell on a logarithmic axis, against trials made.",
            lambda: figures.overhead(lines.overhead, styles, title, more=left_out),
        )


def _generalisation(analysis: Analysis, styles: Styles, left_out: str) -> Sketch:
    title, who = analysis.comparison.title, _who(analysis)
    if analysis.comparison.objectives is not None:
        return Sketch(
            "generalisation",
            f"{MISSING} of each run's front: by its validation losses against its test losses",
            f"A point for each run of {who}: {MISSING} by validation losses against that by test losses.",
            lambda: figures.generalisation(analysis.runs, styles, title, MISSING, more=left_out),
        )
    return Sketch(
        "generalisation",
        "Validation loss of each incumbent against its test loss",
        f"A point for each run of {who}: validation loss of the incumbent against its test loss.",
        lambda: figures.generalisation(analysis.runs, styles, title, more=left_out),
    )


def _attainment(analysis: Analysis, fronts: OfFronts, styles: Styles) -> Sketch:
    """Which trade-offs runs reach."""
    first, second = (one_line(label(each)).replace("_", " ") for each in fronts.objectives.names)
    return Sketch(
        "attainment",
        f"Trade-offs that runs attain: {first} and {second}",
        f"A panel for each of {_who(analysis)}: the {second} that half of the runs attain, against {first}, as steps.",
        lambda: figures.attainment(fronts, styles, analysis.comparison.title),
    )


def _fidelity(analysis: Analysis, styles: Styles) -> Iterator[Sketch]:
    """Where the cost went, and how well low fidelities rank."""
    account, title = analysis.fidelity, analysis.comparison.title
    if account is None:
        return
    if len(account.spending):
        yield Sketch(
            "spending",
            "Where the cost went: the fidelity at which configurations ended",
            f"A bar for each of {_who(analysis)}: the share of its cost by the highest rung of its configurations.",
            lambda: figures.spending(account.spending, styles, title),
        )
    if account.agreement["tau"].notna().any():
        yield Sketch(
            "agreement",
            "How well low fidelities rank configurations as full ones do",
            "A point for each rung: Kendall's tau between its losses and those at full fidelity, with its interval.",
            lambda: figures.agreement(account.agreement, account.basis, title),
        )


def _workers(analysis: Analysis, styles: Styles) -> Iterator[Sketch]:
    """What several workers gain on the clock, and lose in losses."""
    account, title = analysis.workers, analysis.comparison.title
    if account is None:
        return
    optimisers = plural(account.gains["label"].nunique(), "optimiser")
    if (account.clock["clock"] > 0).any() and np.isfinite(account.clock["median"]).any():
        yield Sketch(
            "clock",
            "Losses against the clock of the workers",
            f"A panel for each of {optimisers}: step curves of the best validation loss, one a number of workers.",
            lambda: workers.clock(account.clock, account.unit, styles, title),
        )
    several = account.gains[(account.gains["workers"] > 1) & (account.gains["runs"] > 0)]
    if (np.isfinite(several["speed_up"]) & (several["speed_up"] > 0)).any():
        yield Sketch(
            "workers",
            "Speed-up by workers",
            f"A panel for each of {optimisers}: how many times as soon a loss is reached, against the workers.",
            lambda: workers.speed_up(several, styles, title),
        )
    if np.isfinite(several["blind"]).any():
        yield Sketch(
            "blind",
            "What is lost at equal evaluations, as proposals are made before results are known",
            f"A panel for each of {optimisers}: the final loss less that with one worker, against the workers.",
            lambda: workers.blind(several, styles, title, analysis.comparison.metric),
        )


def looking(
    analysis: Analysis, visits: Visits | None, important: Importance | None, styles: Styles
) -> Iterator[Sketch]:
    """The figures of where optimisers looked; none where that is not recorded, or there is but one hyperparameter.

    Nor of policies, of which each run evaluates one.
    """
    if visits is None or analysis.drift is not None or not len(visits.trials) or len(visits.space.searched) < 2:
        return
    comparison = analysis.comparison
    title, who, trial = comparison.title, _who(analysis), "full evaluation" if comparison.in_cost else "trial"
    order = {label: place for place, label in enumerate(comparison.final["label"])}
    trials = visits.trials.sort_values("label", key=lambda labels: labels.map(order), kind="stable")
    places = visits.places.loc[trials.index]
    axes = {parameter.name: scale(parameter) for parameter in visits.space.searched}
    yield Sketch(
        "coordinates",
        "Where each optimiser looked: all hyperparameters",
        f"A panel for each of {who}: every trial a line over all hyperparameters, stronger where its loss is better.",
        lambda: figures.coordinates(trials, places, list(axes.values()), styles, title, visits.thinned, trial),
        detail=0.7,
    )
    two = list(important.bars["parameter"][:2]) if important is not None else list(axes)[:2]
    if len(two) == 2:
        yield Sketch(
            "slices",
            f"Where each optimiser looked over the evaluations: {two[0]} and {two[1]}",
            f"A panel for each of {who}: every trial a point over {two[0]} and {two[1]}, stronger where it came later.",
            lambda: figures.slices(trials, places, (axes[two[0]], axes[two[1]]), styles, title, visits.thinned, trial),
        )
    if important is not None:
        yield Sketch(
            "importance",
            "Which hyperparameters the losses depend on, where optimisers looked",
            f"A bar for each hyperparameter; the most important is {two[0]}.",
            lambda: figures.importance(important.bars, _remarks(important), title),
        )


def _scores(across: Across, styles: Styles) -> Iterator[Sketch]:
    problems, against = plural(len(across.scored), "problem"), _short_axis(across.against)
    if len(across.aggregates):
        yield Sketch(
            "scores",
            f"Scores over {problems}: interquartile means of all runs",
            "A row for each optimiser: the interquartile mean of its scores and its confidence interval.",
            lambda: figures.scores(across.aggregates, styles, f"Scores over {problems}"),
        )
    if len(across.targets):
        own = plural(int(across.targets["problems"].max()), "problem")
        remark = "Targets are losses that single draws of random search reach; the mean of the shares on each problem."
        yield Sketch(
            "targets",
            f"Targets reached, over {own}: losses that single draws of random search reach",
            f"Step curves: the mean over problems of the share of targets reached, against {against}.",
            lambda: figures.ecdf(
                across.targets, styles, f"Targets reached over {own}", remark=remark, against=across.against
            ),
        )
    if len(across.profiles):
        yield Sketch(
            "profiles",
            f"Performance profiles over {problems}: how many runs have a score of at most that",
            "Curves: the share of all runs with at most a score, higher is better.",
            lambda: figures.profiles(across.profiles, styles, f"Performance profiles over {problems}"),
        )


def _ranks(across: Across, styles: Styles) -> Iterator[Sketch]:
    if not across.complete:
        return
    problems = plural(across.complete, "problem")
    if len(across.over_budget):
        yield Sketch(
            "rank",
            f"Average rank over {problems} against {_short_axis(across.against)}",
            f"Step curves: average rank by {_best_by(across)}, 1 is best, against {_short_axis(across.against)}.",
            lambda: figures.rank(across.over_budget, styles, f"Average rank over {problems}", against=across.against),
        )
    for kind, friedman in across.friedman.items():
        if friedman is not None:
            yield Sketch(
                "critical-difference" if kind == "validation" else f"critical-difference-{kind}",
                f"Average ranks by {across.named(kind)}, and which optimisers do not differ",
                "Average ranks on one axis; bars join optimisers that are not significantly different.",
                lambda friedman=friedman, kind=kind: figures.critical_difference(  # type: ignore[misc]
                    friedman, styles, f"Average ranks by {across.named(kind)}"
                ),
            )


def _best_by(across: Across) -> str:
    return f"best {across.by}" if across.by == VALIDATION else across.by


def scale(parameter: Parameter) -> Scale:
    """What stands along a hyperparameter's axis; see `visits.places`."""
    if isinstance(parameter, Categorical | Ordinal):
        choices = parameter.choices
        numbers = [
            float(choice) for choice in choices if isinstance(choice, int | float) and choice not in (True, False)
        ]
        texts = scales.alike(numbers) if len(numbers) == len(choices) else [_short(one_line(c)) for c in choices]
        marks = [(place / (len(choices) - 1), text) for place, text in enumerate(texts)]
        return Scale(parameter.name, tuple(marks), len(choices), named=True)
    low, high = float(parameter.low), float(parameter.high)
    if isinstance(parameter, Float) and parameter.logit:
        inner = [value for value in _SHARES if low < value < high]
        bottom, top = parameter.ends
        places = [(parameter.on_scale(value) - bottom) / (top - bottom) for value in inner]
    elif parameter.log:
        inner = [value for value in scales.decades(low, high, 4) if low < value < high]
        inner = [value for value in inner if not isinstance(parameter, Int) or value.is_integer()]
        places = [math.log(value / low) / math.log(high / low) for value in inner]
    else:
        steps = MaxNLocator(nbins=4, steps=[1, 2, 2.5, 5, 10], integer=isinstance(parameter, Int))
        inner = [float(value) for value in steps.tick_values(low, high) if low < value < high]
        places = [(value - low) / (high - low) for value in inner]
    whole = isinstance(parameter, Int) and not parameter.log
    few = round(high - low) + 1 if whole and high - low < _FEW else 0
    texts = scales.alike([low, *inner, high])
    return Scale(parameter.name, tuple(zip([0.0, *places, 1.0], texts, strict=True)), few)


def _short(text: str) -> str:
    return text if len(text) <= 12 else f"{text[:11]}…"


def _remarks(importance: Importance) -> list[str]:
    of = plural(importance.configurations, "configuration")
    explained = f"{max(0.0, importance.explained):.0%}".replace("%", " %")
    return [
        f"Permutation importance in a random forest of ranks over {of}{', a sample' if importance.sampled else ''}.",
        f"Lines: 95 % intervals. The forest explains {explained} of the variance.",
        "It speaks of where the optimisers looked.",
    ]


def _against(comparison: Comparison) -> str:
    return _short_axis(comparison.against)


def _short_axis(against: str) -> str:
    """What an axis measures, without its unit."""
    return against.partition(" (")[0]


def _axis(analysis: Analysis, kind: str) -> str:
    comparison = analysis.comparison
    plain = comparison.without_data or comparison.objectives is not None
    return comparison.named(kind) if plain else f"{comparison.named(kind)} ({comparison.metric})"


def _who(analysis: Analysis) -> str:
    labels = list(analysis.samples)
    return labels[0] if len(labels) == 1 else f"{len(labels)} optimisers"


def _best(analysis: Analysis) -> float:
    """The best known loss of the one problem that there is a baseline of."""
    known = [entry.reference.best for entry in analysis.references.values()]
    return known[0] if len(known) == 1 else np.nan
