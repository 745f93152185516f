"""Tables of one problem, each from one frame: final and published losses, speed-up, pairs, overtuning, overhead.

Those of runs with a ladder of fidelities are in `fidelity`, of runs with several workers in `workers`, of runs that are
judged by several losses in `fronts`, of policies of re-tuning in `drift`.
"""

import math
from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from bench.report.analysis.comparison import Analysis
from bench.report.analysis.published import Published, against
from bench.report.look.style import Style
from bench.report.runs.curves import Comparison
from bench.report.statistics.designs import ALPHA
from bench.report.statistics.intervals import LEVEL, attainable
from bench.report.statistics.targets import Bound
from bench.report.tables import cells, fidelity
from bench.report.tables.drift import drift
from bench.report.tables.formats import NOTHING, Tabled
from bench.report.tables.fronts import fronts
from bench.report.tables.table import Cell, Head, Table
from bench.report.tables.workers import workers
from bench.wording import listed, plural

Styles = Mapping[str, Style]

_MEDIAN = "median over runs [interval]"
_RANGES = {"ours": "ours", "theirs": "theirs", "overlap": "ranges overlap", "": NOTHING}


def tables(analysis: Analysis, styles: Styles, theirs: Published | None = None) -> Iterator[Tabled]:
    """The tables of one problem, the main one first."""
    comparison = analysis.comparison
    yield final(analysis, styles)
    if analysis.drift is not None:
        yield drift(analysis.drift, analysis, styles)
    if theirs is not None:
        yield published(analysis, styles, theirs)
    if len(analysis.reaching):
        yield speed_up(analysis, styles)
    for kind in analysis.kinds if len(analysis.final) > 1 else ():
        yield pairs(analysis, styles, kind)
    if len(analysis.yardsticks):
        yield yardsticks(analysis, styles)
    if comparison.has_test and not comparison.without_data and comparison.objectives is None:
        yield overtuning(analysis, styles)
    if analysis.fronts is not None:
        yield fronts(analysis.fronts, comparison, styles)
    if analysis.fidelity is not None:
        yield from fidelity.tables(analysis.fidelity, comparison, styles)
    if analysis.workers is not None:
        yield workers(analysis.workers, comparison, styles)
    if analysis.drift is None:  # what a policy takes is in its one evaluation
        yield overhead(analysis, styles)


def final(analysis: Analysis, styles: Styles) -> Tabled:
    """Final losses as median and interval: bold what is best alone, underlined what is level."""
    comparison, table = analysis.comparison, analysis.final
    scored = bool(table["score_median"].notna().any())
    heads = [
        Head("optimizer", numeric=False),
        *(Head(_loss_of(kind, comparison), help=_MEDIAN) for kind in analysis.kinds),
        *([Head("score", help="0: the best loss known; 1: random search's median at this budget")] if scored else []),
        Head("runs", aside=True),
        Head("failed", help="trials that failed, of all", aside=True),
        Head("optimizer s/trial", help="ask and tell, mean of a whole run, median over runs", aside=True),
        Head("evaluation s/cost", help="seconds for each full evaluation that its trials cost", aside=True)
        if comparison.in_cost
        else Head("evaluation s/trial", aside=True),
    ]
    columns: list[list[Cell]] = [
        cells.names(table["label"], styles),
        *(cells.losses(analysis, kind) for kind in analysis.kinds),
        *([[cells.number(score, f"{score:.2f}") for score in table["score_median"]]] if scored else []),
        [Cell(str(runs), float(runs)) for runs in table["runs"]],
        [cells.failed(row["failed"], row["trials"], row["without_success"]) for row in table.to_dict("records")],
        *([cells.seconds(value) for value in table[f"{who}_seconds"]] for who in ("optimizer", "evaluation")),
    ]
    caption = f"{comparison}: {comparison.metric} after {comparison.spent(comparison.evaluations)}, median"
    note = _note(analysis)
    shown = Table(f"{caption}{' [interval]' if _has_intervals(table) else ''} over runs", *_body(heads, columns), note)
    return Tabled("", _named(comparison, table.drop(columns="most")), shown)


def _loss_of(kind: str, comparison: Comparison) -> str:
    """What the head of a column calls a loss."""
    plain = comparison.objectives is None and comparison.drift is None
    return f"{kind} loss" if plain else comparison.named(kind)


def published(analysis: Analysis, styles: Styles, theirs: Published) -> Tabled:
    """Final losses that others report beside ours, each as the median of all repetitions and their range."""
    comparison, frame = analysis.comparison, against(theirs, analysis)
    columns = [*frame["published_median"], *frame["median"]], [*(frame["published_most"] - frame["published_least"])]
    digits = cells.decimals(*columns)

    def ranged(row: Mapping[Hashable, Any], prefix: str = "") -> Cell:
        middle, least, most = (row[f"{prefix}{name}"] for name in ("median", "least", "most"))
        if math.isnan(middle):
            return Cell(NOTHING, math.nan)
        spread = f" ({cells.loss(least, digits)} to {cells.loss(most, digits)})" if least < most else ""
        return Cell(f"{cells.loss(middle, digits)}{spread}", middle)

    rows = tuple(
        (
            Cell(row["label"], style=styles.get(row["label"])),
            ranged(row, "published_"),
            Cell(str(row["published_runs"]), float(row["published_runs"])),
            ranged(row),
            Cell(str(row["runs"]), float(row["runs"])),
            Cell(
                _spread(row["fewest_trials"], row["most_trials"]) if row["runs"] else NOTHING, float(row["most_trials"])
            ),
            cells.number(row["difference"], f"{row['difference']:+.{digits}f}"),
            Cell(_RANGES[row["ranges"]]),
        )
        for row in frame.to_dict("records")
    )
    heads = (
        Head("optimizer", numeric=False),
        Head("published", help="median of their repetitions (least to most)"),
        Head("repetitions"),
        Head("ours", help="median over runs (least to most), each after all of its trials"),
        Head("runs"),
        Head("trials", help="of each of our runs"),
        Head("difference", help="of the medians, ours minus published"),
        Head("lower", numeric=False, help="whose range lies lower, where they do not overlap"),
    )
    caption = f"{comparison}: best {comparison.metric.replace('_', ' ')}, published and ours"
    return Tabled("published", _named(comparison, frame), Table(caption, heads, rows, f"Published: {theirs.source}"))


def _spread(least: int, most: int) -> str:
    return str(least) if least == most else f"{least} to {most}"


def speed_up(analysis: Analysis, styles: Styles) -> Tabled:
    """Evaluations that reach random search's final loss, and whether they are fewer than random search's own."""
    comparison, frame = analysis.comparison, analysis.reaching
    rows = []
    for row in frame.to_dict("records"):
        median, low, high = (
            Bound(row[name], row[f"{name}_relation"]) for name in ("evaluations", "evaluations_low", "evaluations_high")
        )
        interval = "" if math.isnan(row["coverage"]) else f"{low} to {high}"
        time = row["expected_running_time"]
        rows.append(
            (
                Cell(row["label"], style=styles[row["label"]]),
                Cell(f"{row['reached']} of {row['runs']}", row["reached"] / row["runs"] if row["runs"] else 0.0),
                Cell(str(median), cells.rank(median)[0]),
                Cell(interval or NOTHING, cells.rank(low)[0]),
                cells.number(row["p_holm"], cells.p_value(row["p_holm"])),
                Cell("yes", 1.0) if row["faster"] else Cell(NOTHING, 0.0),
                cells.number(time, f"{time:.3g}"),
            )
        )
    heads = (
        Head("optimizer", numeric=False),
        Head("runs that reach it", aside=True),
        Head(_unit(comparison), help="median over runs; > where half of the runs do not reach it"),
        Head(f"{cells.PERCENT} CI", help="confidence interval of the median, between order statistics"),
        Head("p", help="against random search's own runs, corrected over all optimisers (Holm)"),
        Head("sooner", help=f"p ≤ {ALPHA}, and the median is below that of random search"),
        Head("ERT", help=f"expected {_unit(comparison)}, were runs started again until one reaches it", aside=True),
    )
    own = float(frame["random"].iloc[0])
    itself = "" if math.isnan(own) else f" Random search itself needs {_evaluations(own, comparison)}."
    cut = int(frame["out_of_time"].sum())
    ended = (
        f" {plural(cut, 'run')} ended before, as time was up: what depends on when they would reach it is not stated."
    )
    few = f" Fewer than {_fewest()} runs have no interval." if frame["coverage"].isna().any() else ""
    note = (
        f"The target is random search's median best loss after {comparison.spent(comparison.evaluations)}, "
        f"exactly, from all of its draws; runs that do not reach it are censored.{itself}"
        f"{ended if cut else ''}{few}{' Costs are whole numbers.' if comparison.in_cost else ''}"
    )
    caption = f"{comparison}: {_unit(comparison)} until random search's final loss is reached"
    return Tabled("speed-up", _named(comparison, frame), Table(caption, heads, tuple(rows), note))


def pairs(analysis: Analysis, styles: Styles, kind: str = "validation") -> Tabled:
    """Every two optimisers: how often the one is better, by how much, and what their test says."""
    comparison, frame = analysis.comparison, analysis.pairs[kind]
    caption = f"{comparison}: pairs by final {_final(comparison, kind)}"
    name = "pairs" if kind == "validation" else f"pairs-{kind}"
    return Tabled(name, _named(comparison, frame), Table(caption, *_pairs(frame, styles), _pairs_note(frame)))


def yardsticks(analysis: Analysis, styles: Styles) -> Tabled:
    """Every ranked optimiser against what has another budget."""
    comparison, frame = analysis.comparison, analysis.yardsticks
    by = _final(comparison, comparison.judged)
    caption = f"{comparison}: against {listed(comparison.yardsticks)}, with another budget, by final {by}"
    note = f"A family of tests of its own for each. {_pairs_note(frame)}"
    return Tabled("yardsticks", _named(comparison, frame), Table(caption, *_pairs(frame, styles), note))


def _final(comparison: Comparison, kind: str) -> str:
    return f"{kind} loss" if comparison.objectives is None else comparison.named(kind)


_TESTED = {"sign": "sign", "wilcoxon": "signed-rank", "mann-whitney": "rank-sum"}
_UNTESTED = {"clone": "same trials", "nested": "same first trials", "values": "one value each"}


def _pairs(frame: pd.DataFrame, styles: Styles) -> tuple[tuple[Head, ...], tuple[tuple[Cell, ...], ...]]:
    digits, by_looks = cells.decimals([], frame["shift"].abs().tolist()), "looked" in frame
    rows = tuple(
        (
            Cell(row["a"], style=styles[row["a"]]),
            Cell(row["b"], style=styles[row["b"]]),
            cells.number(row["improvement"], f"{row['improvement']:.0%}"),
            cells.interval(row["shift"], row["shift_low"], row["shift_high"], digits),
            Cell(_why(row), None),
            cells.number(row["p_holm"], cells.p_value(row["p_holm"])),
            Cell(row["better"] or NOTHING),
            Cell("yes", 1.0) if row["equivalent"] else Cell(NOTHING, 0.0),
            _seeds(row),
        )
        for row in frame.to_dict("records")
    )
    heads = (
        Head("a", numeric=False),
        Head("b", numeric=False),
        Head("a is better", help="share of comparisons of runs, a tie counting half"),
        Head("shift", help="by how much a lies above b [90 % confidence interval]"),
        Head("test", numeric=False, help="which test the runs allow", aside=True),
        Head("p", help="corrected over all tests (Holm)"),
        Head("better", numeric=False, help=f"where p ≤ {ALPHA}"),
        Head(
            "equivalent",
            help=f"two one-sided tests that the shift lies within the margin, corrected over all (Holm): p ≤ {ALPHA}",
            aside=True,
        ),
        Head(
            "seeds",
            help="of each, at the last look"
            if by_looks
            else "of each, that would separate them [95 % confidence interval]",
            aside=True,
        ),
    )
    return heads, rows


def _why(row: Mapping[Hashable, Any]) -> str:
    """Which test was made of a pair, or why none."""
    if row["test"] != "none":
        return _TESTED[row["test"]]
    if row["relation"] in _UNTESTED:
        return _UNTESTED[row["relation"]]
    return "too few seeds" if row["ranked"] else "not ranked"


def _seeds(row: Mapping[Hashable, Any]) -> Cell:
    if "looked" in row:
        return Cell(str(row["looked"]), row["looked"])
    if math.isnan(row["seeds"]):
        return Cell(NOTHING, math.nan)
    value, low, high = (f"{number:.0f}" if math.isfinite(number) else "∞" for number in _ends(row))
    return Cell(f"{value} [{low}, {high}]", row["seeds"])


def _ends(row: Mapping[Hashable, Any]) -> tuple[float, float, float]:
    return row["seeds"], row["seeds_low"], row["seeds_high"]


def _pairs_note(frame: pd.DataFrame) -> str:
    made = [_KINDS[name] for name in _KINDS if (frame["test"] == name).any()]
    tests = f"{'; '.join(made)}, two-sided, exact for these numbers of runs" if made else "No test was made"
    lacking = frame.loc[frame["seeds_needed"] > 0, "seeds_needed"]
    have = "has" if len(lacking) == 1 else "have"
    few = f" {plural(len(lacking), 'pair')} {have} too few seeds for a test: {lacking.max()} each are needed."
    margin = float(frame["margin"].iloc[0])
    within = f" Margin of equivalence: ±{margin:.3g}, half the interquartile range of random search's final loss."
    left_out = int(frame["left_out"].max()) if len(frame) else 0
    unmatched = " Runs without a partner of their seed are left out of paired tests."
    known = not math.isnan(margin)
    if "looked" in frame:
        tests += (
            "; at each look on the seeds up to it, and p is the least of them, each divided by its look's share of the "
            "level. Shares, shifts and intervals are of all seeds, as if their number had been fixed"
        )
    return f"{tests}.{few if len(lacking) else ''}{within if known else ''}{unmatched if left_out else ''}"


_KINDS = {
    "wilcoxon": "Wilcoxon's signed-rank test by seed",
    "mann-whitney": "the rank-sum test of Wilcoxon, Mann and Whitney",
    "sign": "the sign test of runs against one value",
}


def _evaluations(count: float, comparison: Comparison) -> str:
    return comparison.spent(count) if math.isfinite(count) else f"more than {comparison.spent(comparison.evaluations)}"


def _unit(comparison: Comparison) -> str:
    return "cost" if comparison.in_cost else "evaluations"


def overtuning(analysis: Analysis, styles: Styles) -> Tabled:
    """What selecting by validation loss cost on test data, medians over runs."""
    comparison = analysis.comparison
    medians = (
        analysis.runs.groupby("label")[["gap", "overtuning", "relative"]].median().reindex(analysis.final["label"])
    )
    harmed = (analysis.runs["overtuning"] > 0).groupby(analysis.runs["label"]).mean().reindex(medians.index)
    frame = medians.assign(share=harmed).reset_index()
    digits = cells.decimals([], [*frame["gap"].abs(), *frame["overtuning"]])
    rows = tuple(
        (
            Cell(row["label"], style=styles[row["label"]]),
            cells.number(row["gap"], f"{row['gap']:.{digits}f}"),
            cells.number(row["overtuning"], f"{row['overtuning']:.{digits}f}"),
            cells.number(row["relative"], f"{row['relative']:.2f}"),
            cells.number(row["share"], f"{row['share']:.0%}"),
        )
        for row in frame.to_dict("records")
    )
    heads = (
        Head("optimizer", numeric=False),
        Head("test minus validation", help="of the last incumbent: how optimistic the validation loss is"),
        Head("overtuning", help="test loss of the last incumbent minus the lowest of any incumbent"),
        Head("relative", help="overtuning over what was gained since the first incumbent; above 1 tuning did harm"),
        Head("runs with any"),
    )
    first = " From the first incumbent on that a run had evaluated fully." if comparison.in_cost else ""
    note = f"Medians over runs.{first} Schneider, Bischl and Feurer (2025)."
    return Tabled(
        "overtuning", _named(comparison, frame), Table(f"{comparison}: overtuning on test data", heads, rows, note)
    )


def overhead(analysis: Analysis, styles: Styles) -> Tabled:
    """The optimiser's own seconds in the first and the last tenth of its trials, and its share of all seconds."""
    comparison, entries = analysis.comparison, []
    for row in analysis.final.to_dict("records"):
        frame = analysis.overhead[analysis.overhead["label"] == row["label"]]
        tenth = max(1, len(frame) // 10)
        own, other = row["optimizer_seconds"], row["evaluation_seconds"]
        entries.append(
            {
                "label": row["label"],
                "mean": own,
                "first": float(frame["median"].iloc[:tenth].median()) if len(frame) else math.nan,
                "last": float(frame["median"].iloc[-tenth:].median()) if len(frame) else math.nan,
                "share": own / (own + other) if own + other > 0 else math.nan,
            }
        )
    rows = tuple(
        (
            Cell(str(row["label"]), style=styles[str(row["label"])]),
            *(cells.seconds(row[name]) for name in ("mean", "first", "last")),
            cells.number(row["share"], f"{row['share']:.1%}"),
        )
        for row in entries
    )
    heads = (
        Head("optimizer", numeric=False),
        Head("s/trial", help="mean of a run, median over runs"),
        Head("first tenth", help="of its trials"),
        Head("last tenth"),
        Head("share of all seconds"),
    )
    return Tabled(
        "overhead",
        _named(comparison, pd.DataFrame(entries)),
        Table(f"{comparison}: what the optimiser itself takes", heads, rows),
    )


def curves(analysis: Analysis) -> pd.DataFrame:
    """All that the curves of one problem show against evaluations, one row per label and number of them."""
    frame = analysis.comparison.curves
    if len(analysis.regret):
        renamed = analysis.regret.drop(columns=["runs", "paid"], errors="ignore").rename(
            columns={name: f"regret_{name}" for name in ("lower", "median", "upper")}
        )
        frame = frame.merge(renamed, on=["label", "evaluations"], how="left")
    return _named(analysis.comparison, frame)


def runs(analysis: Analysis) -> pd.DataFrame:
    """What every run came to."""
    return _named(analysis.comparison, analysis.runs)


def points(analysis: Analysis) -> pd.DataFrame:
    """The fronts of all runs, a row a trial."""
    assert analysis.fronts is not None
    return _named(analysis.comparison, analysis.fronts.points)


def _body(
    heads: Sequence[Head], columns: Sequence[Sequence[Cell]]
) -> tuple[tuple[Head, ...], tuple[tuple[Cell, ...], ...]]:
    return tuple(heads), tuple(zip(*columns, strict=True))


def _named(comparison: Comparison, frame: pd.DataFrame) -> pd.DataFrame:
    """With the names of the problem before all others."""
    named = {"dataset": comparison.dataset, "model": comparison.model, "metric": comparison.metric}
    return pd.DataFrame(named, index=frame.index).join(frame)


def _has_intervals(table: pd.DataFrame) -> bool:
    return bool((table["validation_median_low"] > -math.inf).any())


def _note(analysis: Analysis) -> str:
    table = analysis.final
    sentences = []
    if _has_intervals(table):
        sentences.append(f"In brackets: {cells.PERCENT} confidence interval of the median, between order statistics.")
    sampled = table[~table["label"].isin(analysis.design.single)]
    if (sampled["validation_median_low"] == -math.inf).any():
        sentences.append(f"Fewer than {_fewest()} runs have no such interval.")
    if bool(table["score_median"].notna().any()):
        sentences.append("Score: 0 is the best loss known, 1 random search's exact median at this budget.")
    if analysis.design.single:
        sentences.append(
            f"One run, whatever the seed, and without an interval: {listed(sorted(analysis.design.single))}."
        )
    groups = analysis.groups.get(analysis.judged)
    if groups is not None and groups.best is not None:
        sentences.append("Bold: significantly worse than no other, alone in that.")
    elif groups is not None and groups.level:
        sentences.append("Underlined: significantly worse than no other; these are statistically level.")
    beside = [label for label in analysis.comparison.beside if label not in analysis.comparison.yardsticks]
    longest = int(table["most"].max())
    if longest > analysis.comparison.evaluations:
        sentences.append(f"Failures and seconds are of whole runs, of up to {analysis.comparison.spent(longest)}.")
    aside = [*analysis.comparison.yardsticks, *beside, *analysis.family.shown, *analysis.family.clones]
    if aside and len(table) > 1:
        sentences.append(f"Not ranked: {listed(aside)}.")
    return " ".join(sentences)


def _fewest() -> int:
    """The runs from which a median has an interval."""
    return next(n for n in range(1, 100) if attainable(n) >= LEVEL)
