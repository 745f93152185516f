"""What the numbers support, in words: one problem's verdict, and that of all problems together.

Sentences say what was measured and how sure it is, never more: without a test that could tell, that it cannot be told.
"""

import math
from collections.abc import Hashable, Iterator, Sequence
from typing import Any

from bench.report.analysis.across import Across
from bench.report.analysis.comparison import ALPHA, Analysis
from bench.report.statistics.ranks import FEWEST
from bench.report.statistics.targets import Bound, SpeedUp
from bench.report.tables.cells import PERCENT, decimals, loss
from bench.wording import listed, plural


def verdict(analysis: Analysis) -> list[str]:
    """The sentences on one problem, the most important first."""
    if not analysis.kinds:
        return ["No trial was made: there is nothing to compare."]
    if not math.isfinite(_row(analysis, analysis.best("validation"))["validation_median"]):
        return ["At least half of the runs of every optimiser found nothing: there is no median loss to compare."]
    if len(analysis.final) == 1:
        return [*_alone(analysis)]
    return [
        *_best(analysis),
        *_alike(analysis),
        *_apart(analysis),
        *_yardsticks(analysis),
        *_random(analysis),
        *_test(analysis),
        *_more_seeds(analysis),
    ]


def short(analysis: Analysis) -> str:
    """The verdict on one problem where there are several: who is first, and from whom it can be told."""
    sentences = verdict(analysis)
    if len(analysis.final) < 2 or len(sentences) == 1:
        return sentences[0]
    return " ".join([sentences[0], *_alike(analysis), *_apart(analysis)])


def verdict_across(across: Across) -> list[str]:
    """The sentences on all problems together."""
    if not across.complete:
        return ["No problem has runs of every optimiser, so that there are no average ranks."]
    table = across.ranks["validation"]
    best = table.to_dict("records")[0]
    first = table.loc[table["rank"] == best["rank"], "label"].tolist()
    which = f"{' and '.join(_bold(label) for label in first)} {'has' if len(first) == 1 else 'have'}"
    sentences = [
        f"Over {plural(across.complete, 'problem')} {which} the best average rank, {best['rank']:.2f} of {len(table)}."
    ]
    test = across.friedman["validation"]
    if test is None:
        sentences.append(
            f"That is too few problems for a test: Friedman's asks for {FEWEST} that every optimiser was run on."
        )
    elif test.p > ALPHA:
        sentences.append(
            f"The ranks do not differ more than chance would make them (Friedman's test, p = {test.p:.2g})."
        )
    else:
        groups = [group for group in test.groups if best["label"] in group]
        others = [label for label in (groups[0] if groups else ()) if label != best["label"]]
        finding = (
            f"{best['label']} cannot be told from {_and(others)}"
            if others
            else f"{best['label']} is told apart from every other"
        )
        sentences.append(
            f"The ranks differ (Friedman's test, p = {test.p:.2g}); with a critical difference of "
            f"{test.critical_difference:.2f}, {finding}."
        )
    return sentences


def _alone(analysis: Analysis) -> Iterator[str]:
    row = analysis.final.to_dict("records")[0]
    digits = decimals([row["validation_median"]], [])
    yield (
        f"{_bold(row['label'])} reaches {_a_median(int(row['runs']))} a {_metric(analysis)} of "
        f"{loss(row['validation_median'], digits)} after {plural(analysis.comparison.evaluations, 'evaluation')}; "
        "there is no other optimiser to compare it with."
    )


def _best(analysis: Analysis) -> Iterator[str]:
    """Who is best, by evaluations where random search's loss is known, and by loss."""
    row = _row(analysis, analysis.best("validation"))
    label, runs = str(row["label"]), int(row["runs"])
    after = f"after {plural(analysis.comparison.evaluations, 'evaluation')}"
    low, high = row["validation_median_low"], row["validation_median_high"]
    digits = decimals([row["validation_median"]], [high - low] if math.isfinite(high - low) else [])
    interval = f" ({PERCENT} interval {loss(low, digits)} to {loss(high, digits)})" if low > -math.inf else ""
    least = (
        f"the least {_metric(analysis)} {after}, {_a_median(runs)} {loss(row['validation_median'], digits)}{interval}"
    )
    gain = analysis.speed_ups.get(label)
    if gain is None or label == "random" or gain.evaluations.relation == ">":
        yield f"{_bold(label)} has {least}."
        return
    budget = plural(gain.budget, "evaluation")
    yield f"{_bold(label)} reaches what random search finds in {budget} after {_needed(gain)}."
    yield f"It has {least}."


def _alike(analysis: Analysis) -> Iterator[str]:
    """Whether the best has but one final loss, which a test takes for as many as it has runs."""
    best = analysis.best("validation")
    losses = analysis.runs.loc[analysis.runs["label"] == best, "validation"]
    if len(losses) > 1 and losses.nunique() == 1:
        yield (
            f"All of its {len(losses)} runs end at the same loss: if they asked for the same configurations, which the "
            "audit says, they are one run, and tests take them for more."
        )


def _apart(analysis: Analysis) -> Iterator[str]:
    """From whom the best can be told."""
    best = analysis.best("validation")
    frame = analysis.pairs["validation"]
    others = analysis.comparison.yardsticks
    ours = frame[((frame["a"] == best) | (frame["b"] == best)) & ~frame["a"].isin(others) & ~frame["b"].isin(others)]
    if not len(ours):
        return
    seeds = _seeds(analysis)
    untested = ours[ours["test"] == "none"]
    if len(untested) == len(ours):
        needed = int(untested["seeds_needed"].max())
        more = plural(len(frame), "pair")
        yield f"With {seeds} no test can tell it from any other: {needed} seeds each would be needed for {more}."
        return
    tied = _tied(analysis, "validation")
    equal = " with its budget" if others else ""
    if not tied:
        yield f"It is told apart from every other{equal} with {seeds} (p ≤ {ours['p_holm'].max():.2g})."
    elif len(tied) == len(ours):
        yield f"It cannot be told from any other{equal} with {seeds}."
    else:
        yield f"It cannot be told from {_and(tied)} with {seeds}; from the others it can."


def _yardsticks(analysis: Analysis) -> Iterator[str]:
    """How far what spends a larger budget comes."""
    best = analysis.best("validation")
    ours = float(_row(analysis, best)["validation_median"])
    for label, factor in analysis.comparison.yardsticks.items():
        theirs = float(_row(analysis, label)["validation_median"])
        if label == best or not math.isfinite(theirs):
            continue
        far = abs(theirs - ours)
        share = f"{100 * far / abs(ours):.1f} %" if ours else f"{far:.3g}"
        side = "above" if theirs > ours else "below"
        place = "level with it" if far == 0 or share == "0.0 %" else f"{share} {side} it"
        pair = analysis.pair("validation", best, label)
        difference = "is told from it" if pair["distinguishable"] else "cannot be told from it"
        clause = "" if pair["test"] == "none" else f" and {difference}"
        yield f"{label}, with {factor} evaluations for each of the budget, ends {place}{clause}."


def _random(analysis: Analysis) -> Iterator[str]:
    """How well random search does itself."""
    rows = zip(analysis.final["label"], analysis.final["validation_median"].tolist(), strict=True)
    table = {str(label): median for label, median in rows if label not in analysis.comparison.yardsticks}
    best = analysis.best("validation")
    if "random" not in table or best == "random":
        return
    ours, theirs = table[best], table["random"]
    place = list(table).index("random") + 1
    behind = f", {_above(ours, theirs)}" if math.isfinite(theirs) and ours else ""
    beaten = [label for label in table if label != "random" and _slower(analysis, label)]
    slow = f"; {_and(beaten)} {'does' if len(beaten) == 1 else 'do'} not reach its final loss" if beaten else ""
    yield f"Random search is number {place} of {len(table)}{behind}{slow}."


def _slower(analysis: Analysis, label: str) -> bool:
    """Whether at least half of the runs do not reach random search's final loss."""
    return label in analysis.speed_ups and analysis.speed_ups[label].evaluations.relation == ">"


def _test(analysis: Analysis) -> Iterator[str]:
    """Whether the test part agrees."""
    if "test" not in analysis.kinds:
        return
    best, first = analysis.best("validation"), analysis.best("test")
    if not math.isfinite(_row(analysis, first)["test_median"]):
        return
    tied = _tied(analysis, "test")
    if first == best:
        sentence = f"On test data {first} is first too"
    elif best in tied:
        sentence = f"On test data {first} is first, but cannot be told from {best}"
    else:
        yield f"On test data {first} is first, and is told apart from {best}: what was gained on validation is lost."
        return
    others = [label for label in tied if label != best]
    if first == best and others:
        as_before = set(others) <= set(_tied(analysis, "validation"))
        sentence += f"{'; nor can it' if as_before else ', but there it cannot'} be told from {_and(others)}"
    yield f"{sentence}."


def _more_seeds(analysis: Analysis) -> Iterator[str]:
    """How many seeds it would take to tell the best from the next."""
    tied = _tied(analysis, "validation")
    promised = [(label, analysis.power[label]) for label in tied if label in analysis.power]
    known = [(label, power) for label, power in promised if power.seeds is not None]
    if known:
        numbers = _and([f"{power.seeds} for {label}" for label, power in known[:3]])
        yield f"To tell it apart would take about so many seeds each: {numbers}."
    elif promised:
        label, power = promised[0]
        yield f"More than {power.cap} seeds each would be needed to tell it from {label}, if they differ at all."


def _tied(analysis: Analysis, kind: str) -> list[str]:
    """What cannot be told from the best, of those with the same budget."""
    return [label for label in analysis.tied(kind) if label not in analysis.comparison.yardsticks]


def _row(analysis: Analysis, label: str) -> dict[Hashable, Any]:
    (row,) = analysis.final[analysis.final["label"] == label].to_dict("records")
    return row


def _needed(gain: SpeedUp) -> str:
    """`17 (95 % interval 13 to 24)`."""
    if math.isnan(gain.low.value):
        return f"{gain.evaluations} (median of {plural(gain.runs, 'run')}, too few for an interval)"
    return f"{gain.evaluations} ({PERCENT} interval {_end(gain.low)} to {_end(gain.high)})"


def _end(bound: Bound) -> str:
    return f"more than {bound.value:.3g}" if bound.relation == ">" else str(bound)


def _metric(analysis: Analysis) -> str:
    name = analysis.comparison.metric.replace("_", " ")
    return f"{'value' if analysis.comparison.without_data else 'validation ' + name}"


def _a_median(runs: int) -> str:
    return "in its one run" if runs == 1 else "in the median"


def _seeds(analysis: Analysis) -> str:
    counts = analysis.final["runs"]
    least, most = int(counts.min()), int(counts.max())
    return (
        f"these {most} seeds"
        if least == most and most > 1
        else ("one seed" if most == 1 else f"these {least} to {most} seeds")
    )


def _above(least: float, value: float) -> str:
    """`5.1 % above the least`, or how many times it, where they are of one sign and far apart."""
    if least > 0 and value > 2 * least:
        return f"{value / least:.3g} times the least"
    return f"{100 * (value - least) / abs(least):.1f} % above the least"


def _bold(label: str) -> str:
    return f"**{label}**"


def _and(names: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`; of many some."""
    if len(names) > 6:
        return listed(names, 5)
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
