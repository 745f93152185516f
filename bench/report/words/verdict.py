"""What the numbers support, in words: one problem's verdict.

A sentence says no more than the test or the interval that it rests on, and every one of those stands in a table.
"""

import math
from collections.abc import Iterator, Mapping
from typing import Any

from bench.report.analysis.comparison import Analysis
from bench.report.tables.cells import PERCENT, decimals, loss, p_value
from bench.report.words import controls, drift, fidelity, looks, objectives, replay, workers
from bench.report.words.names import all_of, bold, listing, name, sentence, worse
from bench.wording import plural

_INTERVAL = 6
"""Runs from which the median has a 95 % interval."""
_MOST_SEEDS = 1000
"""More are not counted: `more than 1,000`."""
_LOST = 0.25
"""The share of what was gained on validation data, over a model that knows nothing, whose loss on test data is said."""


def verdict(analysis: Analysis) -> list[str]:
    """The sentences on one problem, the most important first."""
    return [*_what_it_is(analysis), *_verdict(analysis)]


def _what_it_is(analysis: Analysis) -> Iterator[str]:
    """What a reader must know before any result, where it is none as others are."""
    yield from controls.sentences(analysis.comparison)
    yield from replay.sentences(analysis.comparison)


def _verdict(analysis: Analysis) -> list[str]:
    if not analysis.kinds:
        return ["No trial was made: there is nothing to compare."]
    if not math.isfinite(analysis.row(analysis.leader(analysis.judged))[f"{analysis.judged}_median"]):
        return ["At least half of the runs of every optimiser found nothing: there is no median loss to compare."]
    if len(analysis.final) == 1:
        return [
            *_alone(analysis),
            *_nothing_learnt(analysis),
            *objectives.sentences(analysis),
            *fidelity.sentences(analysis),
            *workers.sentences(analysis),
            *_lost(analysis),
        ]
    return [
        *_nothing_learnt(analysis),
        *_groups(analysis),
        *looks.sentences(analysis),
        *_leader(analysis),
        *drift.sentences(analysis),
        *objectives.sentences(analysis),
        *_equivalent(analysis),
        *_against_random(analysis),
        *_sooner(analysis),
        *fidelity.sentences(analysis),
        *workers.sentences(analysis),
        *_yardsticks(analysis),
        *_test(analysis),
        *_lost(analysis),
        *_more_seeds(analysis),
        *_unranked(analysis),
    ]


def short(analysis: Analysis) -> str:
    """The verdict on one problem where there are several: the order that its tests support."""
    sentences, before = _verdict(analysis), list(_what_it_is(analysis))
    if len(analysis.final) < 2 or len(sentences) == 1:
        return " ".join([*before, sentences[0]])
    return " ".join([*before, *_nothing_learnt(analysis), *_groups(analysis)])


def _alone(analysis: Analysis) -> Iterator[str]:
    row = analysis.row(next(iter(analysis.samples)))
    yield (
        f"{sentence(bold(row['label']))} reaches {_a_median(int(row['runs']))} a {_metric(analysis)} of "
        f"{_median(analysis, row)} {_after(analysis)}; there is no other optimiser to compare it with."
    )


def _nothing_learnt(analysis: Analysis) -> Iterator[str]:
    """Whether what was found is of any use."""
    table = analysis.final[analysis.final["label"].isin(analysis.competitors)]
    lowest = float(table["validation_median"].min()) if len(table) else math.nan
    if lowest >= analysis.know_nothing:
        which = "It is no" if len(analysis.final) == 1 else "None of them is"
        digits = decimals([analysis.know_nothing], [])
        yield (
            f"{which} better than a model that knows nothing ({loss(analysis.know_nothing, digits)}): check the data."
        )


def _groups(analysis: Analysis) -> Iterator[str]:
    """Who is best, who is level, who is worse: what the tests of the family say."""
    members, groups = analysis.family.members, analysis.groups[analysis.judged]
    if len(members) < 2:
        yield from _single(analysis)
        return
    losses = analysis.runs.loc[analysis.runs["label"].isin(members), analysis.judged]
    where = _where(analysis)
    if losses.nunique() == 1:
        digits = decimals([float(losses.iloc[0])], [])
        yield (
            f"{all_of(len(members))} optimisers end at the same {_what(analysis)}, "
            f"{loss(float(losses.iloc[0]), digits)}; this problem does not separate them."
        )
    elif not groups.level and not groups.worse:
        yield from _untested(analysis)
    elif not groups.level:
        yield f"The tests contradict each other in a circle, so that no order is stated{where}."
    elif groups.best is not None:
        yield from _best(analysis, groups.best)
    else:
        level = analysis.level(analysis.judged)
        all_ = len(level) == len(members)
        names = (
            f"{all_of(len(level)).lower()} optimisers ({listing(level)})" if all_ and len(level) > 2 else listing(level)
        )
        yield f"No clear winner: with {_seeds(analysis)} {names} are statistically level {_after(analysis)}{where}."
        yield from worse(analysis.groups[analysis.judged], analysis.order(analysis.judged))


def _single(analysis: Analysis) -> Iterator[str]:
    """Only one is ranked: nothing is said of who is better."""
    label = analysis.leader(analysis.judged)
    row = analysis.row(label)
    yield (
        f"{sentence(name(label))} ends at a {_metric(analysis)} of {_median(analysis, row)} "
        f"{_a_median(int(row['runs']))} {_after(analysis)}{_where(analysis)}; no other optimiser has its budget and "
        "enough seeds to be compared."
    )


def _best(analysis: Analysis, best: str) -> Iterator[str]:
    others = [label for label in analysis.family.members if label != best]
    rows = [analysis.pair(analysis.judged, best, label) for label in others]
    after = f"{_after(analysis)}{_where(analysis)}"
    if all(row["better"] == best for row in rows):
        tested = [row["p_holm"] for row in rows if row["test"] != "none"]
        largest = f"largest p = {_p(max(tested))}, " if len(tested) > 1 else f"p = {_p(tested[0])}, " if tested else ""
        whom = "that of every other optimiser" if len(others) > 1 else f"that of {name(others[0])}"
        yield (
            f"{sentence(bold(best))} is best: its final {_what(analysis)} is significantly lower than {whom} "
            f"({largest}{_seeds(analysis)}) {after}."
        )
    else:
        alone = f"with {_seeds(analysis)} it alone is significantly worse than no other"
        yield f"{sentence(bold(best))} is best: {alone} {after}."
        yield from worse(analysis.groups[analysis.judged], analysis.order(analysis.judged))


def _untested(analysis: Analysis) -> Iterator[str]:
    """Nothing could be tested: with how many seeds it could."""
    rows = analysis.pairs[analysis.judged]
    lacking = rows[rows["seeds_needed"] > 0]
    if not len(lacking):
        yield "Each of them ends at one loss, whatever the seed: there is nothing to test."
        return
    if analysis.looks is not None and lacking["seeds_needed"].max() > analysis.looks.most:
        yield looks.in_vain(analysis.looks)
        return
    how = "paired by seed" if (lacking["relation"] == "paired").any() else "unpaired"
    members = len(analysis.family.members)
    runs = analysis.final.set_index("label")["runs"]
    few = int(max(runs[label] for label in analysis.family.members))
    yield (
        f"No ranking: {plural(few, 'seed')} {'is' if few == 1 else 'are'} too few for any test; "
        f"{plural(members, 'optimiser')} need {int(lacking['seeds_needed'].max())} seeds each ({how})."
    )


def _leader(analysis: Analysis) -> Iterator[str]:
    """The lowest median, and its interval; all that have it."""
    order = [label for label in analysis.order(analysis.judged) if label in analysis.family.members]
    if len(order) < 2 or analysis.runs.loc[analysis.runs["label"].isin(order), analysis.judged].nunique() == 1:
        return
    row = analysis.row(order[0])
    lowest = row[f"{analysis.judged}_median"]
    first = [label for label in order if analysis.row(label)[f"{analysis.judged}_median"] == lowest]
    others = analysis.final[~analysis.final["label"].isin(analysis.family.members)]
    of = "of those ranked " if (others[f"{analysis.judged}_median"] <= lowest).any() else ""
    runs, middle, metric = int(row["runs"]), _median(analysis, row), _metric(analysis)
    if analysis.groups[analysis.judged].best == first[0] and len(first) == 1:
        yield f"Its {metric} is {middle} {_a_median(runs)}."
    elif len(first) == 1:
        lead = f"{of}the lowest {metric}"
        yield f"{lead[0].upper()}{lead[1:]}, that of {name(first[0])}, is {middle} {_a_median(runs)}."
    else:
        yield f"{sentence(listing(first))} have {of}the lowest {metric}, {middle} {_a_median(runs)}."


def _equivalent(analysis: Analysis) -> Iterator[str]:
    """Which of the level ones are shown to be practically the same as the first of them."""
    level = analysis.level(analysis.judged)
    rows = {label: analysis.pair(analysis.judged, level[0], label) for label in level[1:]}
    same = [label for label, row in rows.items() if row["equivalent"]]
    if not same:
        return
    row, several = rows[same[0]], len(same) > 1
    largest = _p(max(rows[label]["p_equivalent"] for label in same))
    look = " in the first look" if analysis.looks is not None else ""
    yield (
        f"{sentence(listing(same))} {'are' if several else 'is'} practically equivalent to {name(level[0])}: "
        f"{'each' if several else 'the'} difference lies within ±{row['margin']:.2g}, half the interquartile range of "
        f"random search's final loss{look} (two one-sided tests, {'largest ' if several else ''}p = {largest})."
    )


def _against_random(analysis: Analysis) -> Iterator[str]:
    """Who is significantly better than random search."""
    members, random = analysis.family.members, analysis.random
    if random not in members or analysis.groups[analysis.judged].best == random or len(members) < 2:
        return
    rows = [analysis.pair(analysis.judged, random, label) for label in members if label != random]
    if not any(row["test"] != "none" for row in rows):
        return
    better = [row["better"] for row in rows if row["better"] not in ("", random)]
    ordered = [label for label in analysis.order(analysis.judged) if label in better]
    if not ordered:
        yield "None of them is significantly better than random search."
    elif len(ordered) < len(rows):
        yield f"Significantly better than random search: {listing(ordered)}."


def _sooner(analysis: Analysis) -> Iterator[str]:
    """Who reaches random search's final loss sooner than random search itself."""
    table = analysis.reaching
    for row in table[table["faster"]].to_dict("records") if len(table) else ():
        ends = [
            f"{'more than ' if row[f'{end}_relation'] == '>' else ''}{row[end]:.0f}"
            for end in ("evaluations_low", "evaluations_high")
        ]
        interval = f"{100 * row['coverage']:.0f} % confidence interval {ends[0]} to {ends[1]}, "
        yield (
            f"{sentence(name(row['label']))} reaches random search's median final loss after "
            f"{analysis.comparison.spent(row['evaluations'])} ({interval if not math.isnan(row['coverage']) else ''}"
            f"p = {_p(row['p_holm'])}){_unpaid(analysis, row)}; random search itself needs {row['random']:.0f}."
        )


def _unpaid(analysis: Analysis, row: Mapping[Any, Any]) -> str:
    """Whether a target was reached by what most runs had not evaluated fully by then."""
    unpaid = row["evaluations"] < analysis.comparison.paid(str(row["label"]))
    return ", by configurations that most of its runs had not evaluated fully yet" if unpaid else ""


def _yardsticks(analysis: Analysis) -> Iterator[str]:
    """How what has another budget compares with each member of the family."""
    for label, budget in analysis.comparison.yardsticks.items():
        frame = analysis.yardsticks
        rows = frame[(frame["a"] == label) | (frame["b"] == label)].to_dict("records")
        tested = {row["b"] if row["a"] == label else row["a"]: row["better"] for row in rows if row["test"] != "none"}
        if not tested:
            continue
        better = [other for other, winner in tested.items() if winner == other]
        worse = [other for other, winner in tested.items() if winner == label]
        rest = [other for other, winner in tested.items() if not winner]
        clauses = [
            *([f"significantly better than {listing(worse)}"] if worse else []),
            *([f"significantly worse than {listing(better)}"] if better else []),
            *([f"not significantly different from {listing(rest)}"] if rest else []),
        ]
        yield f"{sentence(name(label))}, with {budget}, is {'; '.join(clauses)}."


def _test(analysis: Analysis) -> Iterator[str]:
    """Whether the test part supports the same order, by tests of its own."""
    if "test" not in analysis.kinds or analysis.judged == "test" or len(analysis.family.members) < 2:
        return
    groups, before = analysis.groups["test"], analysis.groups["validation"]
    if not groups.level or not before.level:
        return
    level = analysis.level("test")
    if set(level) == set(before.level):
        if groups.best is not None:
            yield f"On test data {name(groups.best)} is best too."
        else:
            yield "On test data the same optimisers are statistically level."
    elif groups.best is not None:
        yield f"On test data {name(groups.best)} alone is significantly worse than no other."
    else:
        yield f"On test data {listing(level)} are statistically level."
    lost = [label for label in before.level if label in groups.worse]
    for label in lost:
        yield (
            f"{sentence(name(label))} is significantly worse than {listing(groups.worse[label])} there: what it "
            "gained on validation data does not hold."
        )


def _lost(analysis: Analysis) -> Iterator[str]:
    """Whether a good part of what was gained on validation data is lost on test data."""
    if "test" not in analysis.kinds or not math.isfinite(analysis.know_nothing):
        return
    row = analysis.row(analysis.leader("validation"))
    gap = float(
        analysis.runs.loc[analysis.runs["label"] == row["label"], ["validation", "test"]].diff(axis=1)["test"].median()
    )
    gained = analysis.know_nothing - row["validation_median"]
    if gained > 0 and gap > _LOST * gained:
        digits = decimals([row["validation_median"], row["test_median"]], [])
        yield (
            f"Validation and test data disagree: {name(str(row['label']))} has a median loss of "
            f"{loss(row['validation_median'], digits)} on the one and {loss(row['test_median'], digits)} on the other, "
            f"where a model that knows nothing has {loss(analysis.know_nothing, digits)}; look for a leak, or "
            "for parts that differ."
        )


def _more_seeds(analysis: Analysis) -> Iterator[str]:
    """How many seeds it would take to separate the first from the others that are level with it."""
    level = analysis.level(analysis.judged)
    rows = [(label, analysis.pair(analysis.judged, level[0], label)) for label in level[1:]]
    open_ = [(label, row) for label, row in rows if not math.isnan(row["seeds"])]
    if not open_:
        return
    parts = []
    for label, row in open_[:3]:
        count = (
            f"at least {plural(int(row['seeds_low']), 'seed')} each"
            if math.isinf(row["seeds_high"])
            else (
                f"roughly {_count(row['seeds'])} seeds each ({PERCENT} confidence interval {_count(row['seeds_low'])} "
                f"to {_count(row['seeds_high'])})"
            )
        )
        parts.append(f"from {name(label)} {count}")
    yield f"Separating {name(level[0])}, if they differ at all, would take: {'; '.join(parts)}."


def _unranked(analysis: Analysis) -> Iterator[str]:
    """What is shown and not ranked, and what is counted once."""
    runs = analysis.final.set_index("label")["runs"]
    for label, needed in analysis.family.shown.items():
        if analysis.looks is not None:
            yield looks.unranked(analysis, label)
            continue
        count = int(runs[label])
        if label in analysis.design.single:
            yield (
                f"{sentence(name(label))} is one run, whatever the seed: shown, not ranked; {needed} "
                "seeds of the others are needed for a test against it."
            )
            continue
        wanted = [(needed, "for a test in this comparison")]
        if count < _INTERVAL:
            wanted = sorted([*wanted, (_INTERVAL, "for an interval")])
        (first, why), *others = wanted
        also = "".join(f", {seeds} {reason}" for seeds, reason in others)
        has = f"{sentence(name(label))} has {plural(count, 'seed')}: shown, not ranked"
        yield f"{has}; {first} are needed {why}{also}."
    for label, original in analysis.family.clones.items():
        yield f"{sentence(name(label))} has the same trials as {name(original)} and is not counted again."


def _median(analysis: Analysis, row: Mapping[str, Any]) -> str:
    """`0.4962 (95 % confidence interval 0.4910 to 0.5013)`."""
    middle, low, high = (row[f"{analysis.judged}_median{end}"] for end in ("", "_low", "_high"))
    digits = decimals([middle], [high - low] if math.isfinite(high - low) else [])
    known = low > -math.inf
    interval = f" ({PERCENT} confidence interval {loss(low, digits)} to {loss(high, digits)})" if known else ""
    return f"{loss(middle, digits)}{interval}"


def _metric(analysis: Analysis) -> str:
    metric = analysis.comparison.metric.replace("_", " ")
    if analysis.comparison.objectives is not None:
        return metric if analysis.comparison.without_data else f"{analysis.judged} {metric}"
    if analysis.comparison.drift is not None:
        return f"prequential {metric}"
    return "value" if analysis.comparison.without_data else f"validation {metric}"


def _what(analysis: Analysis) -> str:
    """What is compared, in short."""
    return "loss" if analysis.comparison.objectives is None else _metric(analysis)


def _a_median(runs: int) -> str:
    return "in its one run" if runs == 1 else "in the median"


def _after(analysis: Analysis) -> str:
    return f"after {analysis.comparison.spent(analysis.comparison.evaluations)}"


def _where(analysis: Analysis) -> str:
    """On what the verdict holds: a conclusion about one split is seldom what is wanted."""
    count = analysis.comparison.runs["problem"].nunique()
    if analysis.comparison.without_data:
        return "" if count == 1 else f" over {count} functions"
    if analysis.comparison.drift is not None:
        return " of this one stream" if count == 1 else f" of each of {count} streams"
    if analysis.comparison.recorded:
        return " on one repetition of its table" if count == 1 else f" over {count} repetitions of its table"
    return " on this one split" if count == 1 else f" over {count} splits"


def _seeds(analysis: Analysis) -> str:
    counts = analysis.final.set_index("label")["runs"][list(analysis.family.members)]
    least, most = int(counts.min()), int(counts.max())
    return plural(most, "seed") if least == most else f"{least} to {most} seeds"


def _count(seeds: float) -> str:
    return f"more than {_MOST_SEEDS:,}" if seeds > _MOST_SEEDS else f"{seeds:.0f}"


def _p(value: float) -> str:
    return p_value(value).replace("< ", "below ") if value < 0.001 else p_value(value)
