"""Tables over several problems: scores, ranks, every two optimisers, the linear model, the Bayesian test, subsets."""

import math
from collections.abc import Iterator, Mapping

import pandas as pd

from bench.report.analysis.across import Across
from bench.report.look.style import Style
from bench.report.statistics import bayesian
from bench.report.statistics.ranks import FEWEST
from bench.report.tables import cells
from bench.report.tables.formats import NOTHING, Tabled
from bench.report.tables.table import Cell, Head, Mark, Table
from bench.wording import listed, plural

Styles = Mapping[str, Style]

_PAIR = (Head("a", numeric=False), Head("b", numeric=False))
_MOST_PROBLEMS = 1000
_SCALES = {"score": "median scores", "rank": "ranks within each problem"}


def tables(across: Across, styles: Styles) -> Iterator[Tabled]:
    """The tables of all problems together, the main one first; those that would be empty are left out."""
    if len(across.aggregates):
        yield scores(across, styles)
    if across.complete and len(across.members) > 1:
        yield ranks(across, styles)
    for kind in across.records:
        yield records(across, styles, kind)
    if across.model is not None:
        yield model(across, styles)
    if len(across.bayesian):
        yield practical(across, styles)
    if len(across.subsets):
        yield subsets(across, styles)


def scores(across: Across, styles: Styles) -> Tabled:
    """Interquartile mean and median of scores over all runs and problems: bold what is best alone."""
    frame = across.aggregates
    digits = _digits(frame["iqm_low"], frame["iqm_high"])
    rows = tuple(
        (
            Cell(row["label"], style=styles[row["label"]]),
            Cell(str(row["runs"]), float(row["runs"])),
            _interval(row["iqm"], row["iqm_low"], row["iqm_high"], digits, _mark(across, row["label"])),
            _interval(row["median"], row["median_low"], row["median_high"], digits),
        )
        for row in frame.to_dict("records")
    )
    heads = (
        Head("optimizer", numeric=False),
        Head("runs"),
        Head("interquartile mean", help="of the scores of all runs [interval]"),
        Head("median", help="of the scores of all runs [interval]"),
    )
    caption = f"Scores over {plural(len(across.scored), 'problem')}"
    return Tabled("scores", frame, Table(caption, heads, rows, " ".join(_scored_note(across))))


def _scored_note(across: Across) -> Iterator[str]:
    yield "Score: 0 is the best loss known, 1 random search's exact median at this budget."
    if across.aggregates["iqm_low"].notna().any():
        yield (
            f"In brackets: {cells.PERCENT} bootstrap interval, runs drawn within each problem: it speaks of other "
            "seeds on these problems."
        )
    if across.aggregates["iqm_low"].isna().any():
        yield "Without an interval: one run on some problem, or the same on each whatever the seed."
    groups = across.groups["validation"]
    if groups.best is not None:
        yield "Bold: significantly worse than no other over these problems, alone in that."
    elif groups.level:
        yield "Underlined: significantly worse than no other over these problems; these are statistically level."
    if across.unscored:
        yield f"Without a score, as random search's loss is not known or the best known: {listed(across.unscored)}."
    if across.incomplete:
        yield f"Left out, as not every optimiser was run on them: {listed(across.incomplete)}."
    yield from _shown(across)


def _shown(across: Across) -> Iterator[str]:
    if across.shown:
        needed = listed([f"{label} (needs {plural(count, 'problem')})" for label, count in across.shown.items()])
        yield f"Run on too few problems to be compared: {needed}."


def _mark(across: Across, label: str) -> Mark:
    groups = across.groups["validation"]
    return "best" if label == groups.best else "tied" if label in groups.level and groups.best is None else ""


def ranks(across: Across, styles: Styles) -> Tabled:
    """Average ranks over the problems that every member was run on."""
    frame = across.ranks["validation"][["label", "problems", "rank"]]
    for kind in list(across.ranks)[1:]:
        other = across.ranks[kind].rename(columns={"rank": f"{kind}_rank"})
        frame = frame.merge(other[["label", f"{kind}_rank"]], on="label")
    columns = [name for name in frame if str(name).endswith("rank")]
    rows = tuple(
        (
            Cell(row["label"], style=styles[row["label"]]),
            *(Cell(cells.fixed(row[name]), row[name]) for name in columns),
        )
        for row in frame.to_dict("records")
    )
    heads = [Head("optimizer", numeric=False), Head(f"rank by {across.by}")]
    heads += [Head("rank by test loss")] * (len(columns) - 1)
    note = ["1 is best; equal losses share the mean of their ranks."]
    for kind, friedman in across.friedman.items():
        if friedman is not None:
            note.append(
                f"Friedman's test by {across.named(kind)}, Iman and Davenport's form: F = {friedman.statistic:.3g}, "
                f"p {'' if friedman.p < 0.001 else '= '}{cells.p_value(friedman.p)}."
            )
    if across.incomplete:
        note.append(f"Left out, as some optimisers were not run on them: {', '.join(across.incomplete)}.")
    caption = f"Average rank over {plural(across.complete, 'problem')}"
    return Tabled("ranks", frame, Table(caption, tuple(heads), rows, " ".join([*note, *_shown(across)])))


def records(across: Across, styles: Styles, kind: str = "validation") -> Tabled:
    """Every two optimisers over problems: wins, how often a run is better, the signed-rank test, problems needed."""
    tested = across.pairs[kind].rename(
        columns={
            "compared": "problems",
            "seeds_needed": "problems_needed",
            "seeds": "problems_to_separate",
            "seeds_low": "problems_to_separate_low",
            "seeds_high": "problems_to_separate_high",
        }
    )
    wanted = ["shift", "shift_low", "shift_high", "equivalent", "test", "p", "p_holm", "better", "problems_needed"]
    wanted += [str(name) for name in tested if str(name).startswith("problems")]
    frame = across.records[kind].merge(tested[["a", "b", *dict.fromkeys(wanted)]], how="left", on=["a", "b"])
    if kind == "validation" and len(across.improvement):
        frame = frame.merge(across.improvement, how="left", on=["a", "b"])
    else:
        frame = frame.assign(improvement=math.nan, improvement_low=math.nan, improvement_high=math.nan)
    known = bool(frame["improvement"].notna().any())
    rows = tuple(
        (
            Cell(row["a"], style=styles[row["a"]]),
            Cell(row["b"], style=styles[row["b"]]),
            Cell(f"{row['wins']}-{row['ties']}-{row['losses']}", row["wins"] - row["losses"]),
            *([_interval(row["improvement"], row["improvement_low"], row["improvement_high"])] if known else []),
            cells.number(row["p_holm"], cells.p_value(row["p_holm"])),
            Cell(row["better"], style=styles[row["better"]]) if _named(row["better"]) else Cell(NOTHING),
            Cell(
                *_problems(
                    row["problems_to_separate"], row["problems_to_separate_low"], row["problems_to_separate_high"]
                )
            ),
        )
        for row in frame.to_dict("records")
    )
    heads = (
        *_PAIR,
        Head("wins-ties-losses", help="of a by median loss, over the problems that both were run on"),
        *([Head("a better", help="share of comparisons of runs, mean over problems [interval]")] if known else []),
        Head("p", help="Wilcoxon's signed-rank test over problems, corrected over all pairs (Holm)"),
        Head("lower", numeric=False, help="who is significantly better"),
        Head("problems to separate", help="for 80 % power, through an interval; those at hand among them"),
    )
    note = f"The test compares {_SCALES[across.scales[kind]]}; two-sided, exact, Holm's correction over all pairs."
    needed = int(across.pairs[kind]["seeds_needed"].max()) if len(across.pairs[kind]) else 0
    if needed:
        note += f" It needs {max(needed, FEWEST)} problems for so many optimisers."
    caption = f"Every two optimisers by final {across.named(kind)} over {plural(len(across.problems), 'problem')}"
    name = "records" if kind == "validation" else f"records-{kind}"
    return Tabled(name, frame, Table(caption, heads, rows, note))


def _named(label: object) -> bool:
    return isinstance(label, str) and label != ""


def _problems(value: float, low: float, high: float) -> tuple[str, float]:
    """`40 (15 to more than 1,000)`; a dash where they are separate, or nothing is tested."""
    if math.isnan(value):
        return NOTHING, math.nan

    def written(number: float) -> str:
        return f"{number:,.0f}" if number <= _MOST_PROBLEMS else f"more than {_MOST_PROBLEMS:,}"

    return f"{written(value)} ({written(low)} to {written(high)})" if low != high else written(value), value


def model(across: Across, styles: Styles) -> Tabled:
    """Differences of scores by the linear model, with intervals and tests."""
    fitted = across.model
    assert fitted is not None
    digits = _digits(fitted.contrasts["low"], fitted.contrasts["high"])
    rows = tuple(
        (
            Cell(row["a"], style=styles[row["a"]]),
            Cell(row["b"], style=styles[row["b"]]),
            _interval(row["difference"], row["low"], row["high"], digits),
            cells.number(row["t"], f"{row['t']:.2f}"),
            cells.number(row["p_holm"], cells.p_value(row["p_holm"])),
            Cell(row["better"], style=styles[row["better"]]) if row["better"] else Cell(NOTHING),
        )
        for row in fitted.contrasts.to_dict("records")
    )
    heads = (
        *_PAIR,
        Head("difference", help=f"of mean scores, a minus b [{cells.PERCENT} interval, not corrected]"),
        Head("t"),
        Head("p", help="corrected over all pairs (Holm)"),
        Head("lower", numeric=False, help="who is significantly better"),
    )
    rows_say = f"One row a problem and optimiser, its median score; {fitted.freedom} degrees of freedom."
    alike = "All optimisers are taken to vary alike; where they do not, it erred in up to 13 % of simulations."
    note = [rows_say, alike]
    if fitted.method == "analysis of variance":
        note.append("The mixed-effects model could not be fitted (the problems' own variance is near 0).")
    if fitted.without:
        note.append(f"Left out, as most of their median scores are infinite: {listed(fitted.without)}.")
    if fitted.infinite:
        note.append(f"Left out, as a median score is infinite there: {listed(fitted.infinite)}.")
    caption = f"Differences of scores over {plural(fitted.problems, 'problem')} by {_named_method(fitted.method)}"
    return Tabled("model", fitted.contrasts.assign(method=fitted.method), Table(caption, heads, rows, " ".join(note)))


def _named_method(method: str) -> str:
    return f"a {method}" if method.startswith("mixed") else f"a two-way {method}"


def practical(across: Across, styles: Styles) -> Tabled:
    """In how much of the posterior one optimiser is practically better than another, or equivalent."""
    frame = across.bayesian
    rows = tuple(
        (
            Cell(row["a"], style=styles[row["a"]]),
            Cell(row["b"], style=styles[row["b"]]),
            *(cells.number(row[name], f"{row[name]:.2f}") for name in ("a_better", "equivalent", "b_better")),
        )
        for row in frame.to_dict("records")
    )
    heads = (
        *_PAIR,
        Head("a better", help=f"by more than {bayesian.ROPE} of a score"),
        Head("equivalent", help=f"within {bayesian.ROPE} of a score"),
        Head("b better", help=f"by more than {bayesian.ROPE} of a score"),
    )
    note = (
        "The share of the posterior in which that region has the most weight of the three, which is not the "
        "probability that the middle difference lies in it. Each speaks of its pair alone and promises no error rate: "
        "of two equal optimisers one was above "
        f"{bayesian.CERTAIN} in 10 to 21 % of simulations, and with many pairs some are near 1 by chance."
    )
    caption = f"Bayesian signed-rank test over {plural(len(across.scored), 'problem')}: shares of the posterior"
    return Tabled("bayesian", frame, Table(caption, heads, rows, note))


def subsets(across: Across, styles: Styles) -> Tabled:
    """Interquartile means of scores by trait of the problem: a row a trait and optimiser, a column a side."""
    frame = across.subsets
    digits = _digits(frame["iqm_low"], frame["iqm_high"])
    found = {(row["trait"], row["subset"], row["label"]): row for row in frame.to_dict("records")}
    rows = []
    for trait, part in frame.groupby("trait", sort=False):
        for label in across.aggregates["label"]:
            sides = [found[trait, subset, label] for subset in part["subset"].unique()]
            means = [_interval(side["iqm"], side["iqm_low"], side["iqm_high"], digits) for side in sides]
            named = [
                Cell(f"{side['subset']} ({side['problems']}): {mean.text}", mean.sort)
                for side, mean in zip(sides, means, strict=True)
            ]
            rows.append((Cell(str(trait)), Cell(label, style=styles[label]), *named))
    heads = (
        Head("trait", numeric=False),
        Head("optimizer", numeric=False),
        Head("lower, or no", help="(problems): interquartile mean of scores [interval]"),
        Head("higher, or yes", help="(problems): interquartile mean of scores [interval]"),
    )
    note = (
        f"Interquartile mean of scores [{cells.PERCENT} bootstrap interval]; the subsets overlap, and none is tested."
    )
    return Tabled("subsets", frame, Table("Scores by kind of problem", heads, tuple(rows), note))


def _digits(low: pd.Series, high: pd.Series) -> int:
    """Digits after the point of one column: two of the least width that is not zero, 2 to 4."""
    widths = [width for width in (high - low).tolist() if math.isfinite(width) and width > 0]
    return min(max(2, 1 - math.floor(math.log10(min(widths)))), 4) if widths else 2


def _interval(value: float, low: float, high: float, digits: int = 2, mark: Mark = "") -> Cell:
    """A score, or a share, and its interval, where there is one."""
    text = cells.number(value, f"{value:.{digits}f}").text
    if not math.isnan(low):
        text += f" [{cells.number(low, f'{low:.{digits}f}').text}, {cells.number(high, f'{high:.{digits}f}').text}]"
    return Cell(text, value, mark)


def frames(across: Across) -> Mapping[str, pd.DataFrame]:
    """What figures over problems show, as data: median scores by problem, and performance profiles."""
    found = {"medians": across.scores.rename_axis("problem").reset_index()}
    return found | ({"profiles": across.profiles} if len(across.profiles) else {})
