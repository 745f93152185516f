"""Tables of a report, each from one frame: final and published losses, speed-up, pairs, overtuning, overhead; ranks."""

import math
from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from bench.report.analysis.across import Across
from bench.report.analysis.comparison import ALPHA, Analysis
from bench.report.analysis.published import Published, against
from bench.report.look.style import Style
from bench.report.runs.curves import Comparison
from bench.report.statistics.intervals import LEVEL, attainable
from bench.report.statistics.targets import FEW, Bound
from bench.report.tables import cells
from bench.report.tables.formats import NOTHING, Tabled
from bench.report.tables.table import Cell, Head, Table
from bench.wording import listed, plural

Styles = Mapping[str, Style]

_RANGES = {"ours": "ours", "theirs": "theirs", "overlap": "ranges overlap", "": NOTHING}


def tables(analysis: Analysis, styles: Styles, theirs: Published | None = None) -> Iterator[Tabled]:
    """The tables of one problem, the main one first."""
    yield final(analysis, styles)
    if theirs is not None:
        yield published(analysis, styles, theirs)
    if analysis.speed_ups:
        yield speed_up(analysis, styles)
    if len(analysis.pairs.get("validation", ())):
        yield pairs(analysis, styles)
    if analysis.comparison.has_test and not analysis.comparison.without_data:
        yield overtuning(analysis, styles)
    yield overhead(analysis, styles)


def tables_across(across: Across, styles: Styles) -> Iterator[Tabled]:
    """The tables of all problems together."""
    yield ranks(across, styles)
    yield records(across, styles)


def final(analysis: Analysis, styles: Styles) -> Tabled:
    """Final losses as median and interval, the best in bold, what cannot be told from it underlined."""
    comparison, table = analysis.comparison, analysis.final
    scored = bool(table["score_median"].notna().any())
    heads = [
        Head("optimizer", numeric=False),
        Head("runs"),
        Head("failed", help="trials that failed, of all"),
        *(Head(f"{kind} loss", help="median over runs [interval]") for kind in analysis.kinds),
        *([Head("score", help="0: the best loss known; 1: random search's median at this budget")] if scored else []),
        Head("optimizer s/trial", help="ask and tell, mean of a run, median over runs"),
        Head("evaluation s/trial"),
    ]
    columns: list[list[Cell]] = [
        cells.names(table["label"], styles),
        [Cell(str(runs), float(runs)) for runs in table["runs"]],
        [cells.failed(row["failed"], row["trials"], row["without_success"]) for row in table.to_dict("records")],
        *(cells.losses(analysis, kind) for kind in analysis.kinds),
        *([[cells.number(score, f"{score:.2f}") for score in table["score_median"]]] if scored else []),
        *([cells.seconds(value) for value in table[f"{who}_seconds"]] for who in ("optimizer", "evaluation")),
    ]
    caption = f"{comparison}: {comparison.metric} after {plural(comparison.evaluations, 'evaluation')}, median"
    note = _note(analysis)
    shown = Table(f"{caption}{' [interval]' if _has_intervals(table) else ''} over runs", *_body(heads, columns), note)
    return Tabled("", _named(comparison, table.drop(columns="most")), shown)


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
    """Evaluations that reach random search's final loss, and how many times fewer than its budget they are."""
    comparison = analysis.comparison
    rows, frame = [], []
    ordered = sorted(analysis.speed_ups.items(), key=lambda item: cells.rank(item[1].evaluations))
    for label, gain in ordered:
        interval = not math.isnan(gain.low.value)
        time = analysis.running_times[label]
        rows.append(
            (
                Cell(label, style=styles[label]),
                Cell(f"{gain.reached} of {gain.runs}", gain.reached / gain.runs),
                Cell(str(gain.evaluations), cells.rank(gain.evaluations)[0]),
                Cell(f"{gain.low} to {gain.high}" if interval else NOTHING, cells.rank(gain.low)[0]),
                Cell(f"{gain.factor}", gain.factor.value),
                Cell(f"{gain.factor_low} to {gain.factor_high}" if interval else NOTHING, gain.factor_low.value),
                cells.number(time, f"{time:.3g}"),
            )
        )
        entry: dict[str, object] = {"label": label, "runs": gain.runs, "reached": gain.reached}
        for name in ("evaluations", "low", "high", "factor", "factor_low", "factor_high"):
            bound: Bound = getattr(gain, name)
            entry |= {name: bound.value, f"{name}_relation": bound.relation}
        frame.append({**entry, "budget": gain.budget, "expected_running_time": time})
    heads = (
        Head("optimizer", numeric=False),
        Head("runs that reach it"),
        Head("evaluations", help="median over runs; > where half of the runs do not reach it"),
        Head(f"{cells.PERCENT} interval"),
        Head("speed-up", help="random search's budget over these evaluations"),
        Head(f"{cells.PERCENT} interval"),
        Head("ERT", help="expected evaluations, were runs started again until one reaches it"),
    )
    few = f" Fewer than {FEW} runs have no interval." if any(gain.runs < FEW for _, gain in ordered) else ""
    note = (
        f"The target is random search's median best loss after {plural(comparison.evaluations, 'evaluation')}, "
        f"exactly, from all of its draws; runs that do not reach it are censored.{few}"
    )
    caption = f"{comparison}: evaluations until random search's final loss is reached"
    return Tabled("speed-up", _named(comparison, pd.DataFrame(frame)), Table(caption, heads, tuple(rows), note))


def pairs(analysis: Analysis, styles: Styles) -> Tabled:
    """Every two optimisers: how often the one is better, by how much, and whether a test tells them apart."""
    comparison, frame = analysis.comparison, analysis.pairs["validation"]
    digits = cells.decimals([], frame["shift"].abs().tolist())
    rows = tuple(
        (
            Cell(row["a"], style=styles[row["a"]]),
            Cell(row["b"], style=styles[row["b"]]),
            cells.number(row["improvement"], f"{row['improvement']:.0%}"),
            cells.number(row["shift"], f"{row['shift']:.{digits}f}"),
            cells.number(row["same"], f"{row['same']:.0%}"),
            cells.number(row["p_holm"], cells.p_value(row["p_holm"])),
            Cell("yes", 1.0) if row["distinguishable"] else Cell("no", 0.0),
        )
        for row in frame.to_dict("records")
    )
    heads = (
        Head("a", numeric=False),
        Head("b", numeric=False),
        Head("a is better", help="share of comparisons of runs, a tie counting half"),
        Head("shift", help="by how much a lies above b (Hodges and Lehmann)"),
        Head("same", help="share of comparisons within 1 % of the least median"),
        Head("p", help="corrected over all pairs (Holm)"),
        Head("told apart"),
    )
    kind = "Wilcoxon's signed-rank test, paired by seed" if analysis.shared else "Mann and Whitney's test, unpaired"
    untested = int((frame["test"] == "none").sum())
    lacking = f" {untested} pairs have too few seeds for any test: {frame['seeds_needed'].max()} would be needed."
    note = f"{kind}; apart where p ≤ {ALPHA} after Holm's correction.{lacking if untested else ''}"
    return Tabled(
        "pairs", _named(comparison, frame), Table(f"{comparison}: pairs by final validation loss", heads, rows, note)
    )


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
        Head("overtuning", help="test loss of the last incumbent minus the least of any incumbent"),
        Head("relative", help="overtuning over what was gained since the first incumbent; above 1 tuning did harm"),
        Head("runs with any"),
    )
    note = "Medians over runs. Schneider, Bischl and Feurer (2025)."
    return Tabled(
        "overtuning", _named(comparison, frame), Table(f"{comparison}: overtuning on test data", heads, rows, note)
    )


def overhead(analysis: Analysis, styles: Styles) -> Tabled:
    """The optimiser's own seconds in the first and the last tenth of its trials, and its share of all seconds."""
    comparison, lines = analysis.comparison, []
    for row in analysis.final.to_dict("records"):
        frame = analysis.overhead[analysis.overhead["label"] == row["label"]]
        tenth = max(1, len(frame) // 10)
        own, other = row["optimizer_seconds"], row["evaluation_seconds"]
        lines.append(
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
        for row in lines
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
        _named(comparison, pd.DataFrame(lines)),
        Table(f"{comparison}: what the optimiser itself takes", heads, rows),
    )


def ranks(across: Across, styles: Styles) -> Tabled:
    """Average ranks over the problems that every optimiser was run on."""
    frame = across.ranks["validation"][["label", "problems", "rank"]]
    for kind in list(across.ranks)[1:]:
        other = across.ranks[kind].rename(columns={"rank": f"{kind}_rank"})
        frame = frame.merge(other[["label", f"{kind}_rank"]], on="label")
    columns = [name for name in frame if str(name).endswith("rank")]
    bests = {name: frame[name].min() for name in columns}
    rows = tuple(
        (
            Cell(row["label"], style=styles[row["label"]]),
            *(Cell(cells.fixed(row[name]), row[name], "best" if row[name] == bests[name] else "") for name in columns),
        )
        for row in frame.to_dict("records")
    )
    heads = [Head("optimizer", numeric=False), Head("rank by validation loss")]
    heads += [Head("rank by test loss")] * (len(columns) - 1)
    lacking = f" Left out, as some optimisers were not run on them: {', '.join(across.incomplete)}."
    note = f"1 is best; equal losses share the mean of their ranks.{lacking if across.incomplete else ''}"
    caption = f"Average rank over {plural(across.complete, 'problem')}"
    return Tabled("ranks", frame, Table(caption, tuple(heads), rows, note))


def records(across: Across, styles: Styles) -> Tabled:
    """Wins, ties and losses of every two optimisers over problems, with the sign test."""
    parts = [frame.assign(kind=kind) for kind, frame in across.records.items()]
    frame = pd.concat(parts, ignore_index=True)
    rows = tuple(
        (
            Cell(row["a"], style=styles[row["a"]]),
            Cell(row["b"], style=styles[row["b"]]),
            Cell(f"{row['wins']}-{row['ties']}-{row['losses']}", row["wins"] - row["losses"]),
            cells.number(row["p_holm"], cells.p_value(row["p_holm"])),
        )
        for row in across.records["validation"].to_dict("records")
    )
    heads = (
        Head("a", numeric=False),
        Head("b", numeric=False),
        Head("wins-ties-losses", help="of a, over the problems that both were run on"),
        Head("p", help="sign test, corrected over all pairs (Holm)"),
    )
    caption = f"Wins, ties and losses by final validation loss over {plural(len(across.problems), 'problem')}"
    return Tabled("records", frame, Table(caption, heads, rows))


def curves(analysis: Analysis) -> pd.DataFrame:
    """All that the curves of one problem show against evaluations, one row per label and number of them."""
    frame = analysis.comparison.curves
    if len(analysis.regret):
        renamed = analysis.regret.drop(columns="runs").rename(
            columns={name: f"regret_{name}" for name in ("lower", "median", "upper")}
        )
        frame = frame.merge(renamed, on=["label", "evaluations"], how="left")
    return _named(analysis.comparison, frame)


def runs(analysis: Analysis) -> pd.DataFrame:
    """What every run came to."""
    return _named(analysis.comparison, analysis.runs)


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
        sentences.append(f"In brackets: {cells.PERCENT} interval of the median, between order statistics.")
    few = table[table["validation_median_low"] == -math.inf]
    if len(few):
        least = next(n for n in range(1, 100) if attainable(n) >= LEVEL)
        sentences.append(f"Of fewer than {least} runs no {cells.PERCENT} interval of the median can be had.")
    if len(table) > 1:
        test = analysis.pairs["validation"]
        seeds = (
            "" if (test["test"] != "none").any() else f" ({test['seeds_needed'].max()} seeds would be needed to tell)"
        )
        larger = analysis.comparison.yardsticks
        aside = f", {listed(larger)} with a larger budget aside" if larger else ""
        sentences.append(f"Bold: the least{aside}; underlined: cannot be told from it{seeds}.")
    return " ".join(sentences)
