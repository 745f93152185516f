"""What the numbers of several problems support together, in words.

A sentence says no more than the test or the interval that it rests on, and every one of those stands in a table.
"""

import math
from collections.abc import Hashable, Iterator
from typing import Any

from bench.report.analysis.across import Across
from bench.report.statistics.bayesian import ROPE
from bench.report.statistics.ranks import FEWEST
from bench.report.tables.cells import MINUS, PERCENT, p_value
from bench.report.words.names import all_of, bold, joined, listing, name, sentence, worse
from bench.wording import listed, plural

_MOST_PROBLEMS = 1000
"""More are not counted: `more than 1,000`."""
_SIGNED_RANK = "Wilcoxon's signed-rank test over problems"


def verdict(across: Across) -> list[str]:
    """The sentences on all problems together, the most important first."""
    if len(across.members) < 2:
        alone = name(across.members[0])
        return [f"Only {alone} was run on enough of the problems to be compared over them.", *_left_out(across)]
    if not across.complete:
        return ["No problem has runs of every optimiser, so that nothing is compared over problems."]
    return [
        *_groups(across),
        *_scores(across),
        *_model(across),
        *_practical(across),
        *_friedman(across),
        *_test_loss(across),
        *_more_problems(across),
        *_left_out(across),
    ]


def _groups(across: Across) -> Iterator[str]:
    """Who is best, level or worse over the problems: what the signed-rank tests say."""
    count, groups, pairs = _count(across), across.groups["validation"], across.pairs["validation"]
    members = plural(len(across.members), "optimiser")
    if not (pairs["test"] != "none").any():
        needed = max(FEWEST, int(pairs["seeds_needed"].max()))
        yield (
            f"No order over {plural(count, 'problem')}: they are too few for a test. To separate any two of {members} "
            f"by {_SIGNED_RANK} takes {needed} problems or more."
        )
    elif not (pairs["shift"] != 0).any() and not (pairs["p"] < 1).any():
        yield f"{all_of(len(across.members))} optimisers are equal on all of {plural(count, 'problem')}."
    elif groups.best is not None:
        yield from _best(across, groups.best)
    elif groups.level:
        level = [label for label in _order(across) if label in groups.level]
        names = listing(level)
        if len(level) == len(across.members) > 2:
            names = f"{all_of(len(level)).lower()} optimisers ({names})"
        yield (
            f"No clear winner over {plural(count, 'problem')}: {names} are statistically level "
            f"({_SIGNED_RANK}, Holm's correction)."
        )
        yield from worse(across.groups["validation"], _order(across))
    else:
        yield "The tests over problems contradict each other in a circle, so that no order is stated."


def _best(across: Across, best: str) -> Iterator[str]:
    rows = [row for row in _pairs(across) if best in (row["a"], row["b"])]
    over = f"over {plural(_count(across), 'problem')}"
    if all(row["better"] == best for row in rows):
        largest = max(row["p_holm"] for row in rows)
        others = [label for label in across.members if label != best]
        whom = "every other optimiser" if len(others) > 1 else name(others[0])
        which = "largest p" if len(others) > 1 else "p"
        yield (
            f"{sentence(bold(best))} is best {over}: it is significantly better than {whom} ({_SIGNED_RANK}, Holm's "
            f"correction, {which} = {_p(largest)})."
        )
    else:
        yield f"{sentence(bold(best))} is best {over}: it alone is significantly worse than no other ({_SIGNED_RANK})."
        yield from worse(across.groups["validation"], _order(across))


def _scores(across: Across) -> Iterator[str]:
    """The interquartile means, with their intervals."""
    if not len(across.aggregates):
        yield "No problem has a score for every optimiser, so that ranks within each problem are compared."
        return
    rows = across.aggregates.to_dict("records")
    without = [name(row["label"]) for row in rows if math.isnan(row["iqm_low"])]
    known = len(without) < len(rows)
    shown = [_interval(row) for row in rows[:5]]
    more = f" and {len(rows) - 5} more in the table" if len(rows) > 5 else ""
    runs = f" (in brackets {PERCENT} confidence intervals over seeds on these problems)" if known else ""
    on = "" if len(across.scored) == across.complete else f" on {plural(len(across.scored), 'problem')} with scores"
    yield (
        f"Interquartile mean of the scores of all runs{on}, where 0 is the best loss known and 1 random search"
        f"{runs}: {', '.join(shown)}{more}."
    )
    if without:
        yield f"Of {listed(without)} there is one run on some problem, or the same whatever the seed: no interval."


def _interval(row: dict[Hashable, Any]) -> str:
    ends = "" if math.isnan(row["iqm_low"]) else f" [{_number(row['iqm_low'])}, {_number(row['iqm_high'])}]"
    return f"{name(row['label'])} {_number(row['iqm'])}{ends}"


def _model(across: Across) -> Iterator[str]:
    """What the linear model of scores says."""
    fitted = across.model
    if fitted is None:
        if across.complete >= FEWEST and len(across.aggregates):
            yield "No linear model of the scores could be fitted: too few of them are finite, or nothing varies."
        return
    method = (
        "A mixed-effects model of the scores"
        if fitted.method == "mixed-effects model"
        else "A two-way analysis of variance of the scores (the mixed-effects model could not be fitted)"
    )
    rows = fitted.contrasts[fitted.contrasts["better"] != ""]
    if len(rows):
        beaten = {row["b"] if row["better"] == row["a"] else row["a"] for row in rows.to_dict("records")}
        level = [label for label in _order(across) if label not in beaten and label not in fitted.without]
        text = (
            f"{method}, which takes all optimisers to vary alike (where they do not, it erred in up to 13 % of "
            f"simulations), finds {len(rows)} of {plural(len(fitted.contrasts), 'difference')} significant "
            f"({'largest ' if len(rows) > 1 else ''}p = {_p(rows['p_holm'].max())})"
        )
        if level:
            text += f"; by it {_no_worse(level)}"
    else:
        text = f"{method} finds no significant difference (smallest p = {_p(fitted.contrasts['p_holm'].min())})"
    aside = []
    if fitted.without:
        aside.append(f"{listing(fitted.without)}, whose scores are mostly infinite")
    if fitted.infinite:
        aside.append(f"{plural(len(fitted.infinite), 'problem')} with an infinite score")
    yield f"{text}{f', leaving out {joined(aside)}' if aside else ''}."


def _practical(across: Across) -> Iterator[str]:
    """In how much of the posterior the first is practically better than the second; it is no test."""
    if not len(across.bayesian):
        return
    first, second = across.aggregates["label"].tolist()[:2]
    (row,) = (row for row in across.bayesian.to_dict("records") if {row["a"], row["b"]} == {first, second})
    better, worse = ("a_better", "b_better") if row["a"] == first else ("b_better", "a_better")
    yield (
        "Of the two with the lowest means the Bayesian signed-rank test, which promises no error rate, says: in "
        f"{_share(row[better])} of the posterior most weight lies where {name(first)} is better by more than {ROPE} of "
        f"a score, in {_share(row['equivalent'])} where neither is, in {_share(row[worse])} where {name(second)} is."
    )


def _friedman(across: Across) -> Iterator[str]:
    friedman = across.friedman["validation"]
    if friedman is not None and len(across.members) > 2:
        differ = "differ" if friedman.p <= 0.05 else "do not differ"
        form = "Friedman's test in Iman and Davenport's form"
        yield f"Average ranks {differ} significantly ({form}, p = {_p(friedman.p)})."


def _test_loss(across: Across) -> Iterator[str]:
    """Who is better by test loss, where it is tested."""
    pairs = across.pairs.get("test")
    if pairs is None or not (pairs["test"] != "none").any():
        return
    groups = across.groups["test"]
    if not groups.worse:
        yield f"By test loss no two of them differ significantly ({_SIGNED_RANK})."
    elif groups.level:
        level = [label for label in _order(across) if label in groups.level]
        yield f"By test loss {_no_worse(level)} ({_SIGNED_RANK})."


def _no_worse(level: list[str]) -> str:
    return f"{listing(level)} {'alone is' if len(level) == 1 else 'are'} significantly worse than no other"


def _more_problems(across: Across) -> Iterator[str]:
    """How many problems would separate the first from the others that it is level with."""
    groups = across.groups["validation"]
    level = [label for label in _order(across) if label in groups.level]
    if len(level) < 2:
        return
    by_pair = {frozenset((row["a"], row["b"])): row for row in _pairs(across)}
    open_ = [(label, by_pair[frozenset((level[0], label))]) for label in level[1:]]
    parts = []
    for label, row in [(label, row) for label, row in open_ if not math.isnan(row["seeds"])][:3]:
        low, high = row["seeds_low"], row["seeds_high"]
        count = (
            "a number that cannot be said, as they may be equal"
            if math.isinf(high) and low <= _count(across)
            else f"{_problems(low, 'at least ')} problems"
            if math.isinf(high)
            else f"roughly {_problems(row['seeds'])} problems ({PERCENT} confidence interval {_problems(low)} to "
            f"{_problems(high)})"
        )
        parts.append(f"from {name(label)} {count}")
    if parts:
        yield (
            f"Separating {name(level[0])}, if they differ at all, would take: {'; '.join(parts)}; "
            f"there are {_count(across)}."
        )


def _left_out(across: Across) -> Iterator[str]:
    for label, needed in across.shown.items():
        count = int(across.blocks["validation"][label].notna().sum())
        yield f"{sentence(name(label))} was run on {plural(count, 'problem')}: shown, not compared; it needs {needed}."
    if across.incomplete:
        yield f"Left out, as some optimisers were not run on them: {listed(across.incomplete)}."
    if across.unscored and across.scales["validation"] == "score":
        yield f"Left out, as they have no score: {listed(across.unscored)}."


def _count(across: Across) -> int:
    """The problems that are compared."""
    return len(across.scored) if across.scales["validation"] == "score" else across.complete


def _order(across: Across) -> list[str]:
    """The members, the lowest interquartile mean or average rank first."""
    frame = across.aggregates if len(across.aggregates) else across.ranks["validation"]
    return [str(label) for label in frame["label"]]


def _pairs(across: Across) -> list[dict[Hashable, Any]]:
    return across.pairs["validation"].to_dict("records")


def _number(value: float) -> str:
    if not math.isfinite(value):
        return "∞" if value > 0 else f"{MINUS}∞"
    return f"{value:.2f}".replace("-", MINUS)


def _share(value: float) -> str:
    """A probability from draws, which is never certain."""
    return "above 0.99" if value > 0.99 else "below 0.01" if value < 0.01 else f"{value:.2f}"


def _problems(count: float, before: str = "") -> str:
    return f"more than {_MOST_PROBLEMS:,}" if count > _MOST_PROBLEMS else f"{before}{count:.0f}"


def _p(value: float) -> str:
    return p_value(value).replace("< ", "below ")
