"""Words on seeds that were added until a comparison is decided: how it stopped, and which seeds its tests leave out."""

from collections.abc import Iterator

from bench.report.analysis.comparison import Analysis
from bench.report.statistics import sequential
from bench.report.statistics.sequential import Looks
from bench.report.words.names import name, sentence
from bench.wording import listed, plural, ranges

_PAIRS = 3
"""Of more pairs the rest is counted."""


def sentences(analysis: Analysis) -> Iterator[str]:
    """How the comparison stopped; nothing where numbers of seeds were fixed."""
    if analysis.looks is None:
        return
    frame = analysis.pairs[analysis.judged]
    looked = int(frame["looked"].max()) if len(frame) else 0
    tested, still_open = frame[frame["looked"] > 0], sequential.undecided(frame)
    after = f"after {looked} of at most {plural(analysis.looks.most, 'seed')}"
    if len(tested):
        equivalent = int((tested["equivalent"] & (tested["better"] == "")).sum())
        differ = len(tested) - equivalent - len(still_open)
        both = f"{differ} of {plural(len(frame[frame['ranked']]), 'pair')} differ{'s' if differ == 1 else ''}"
        same = f", {equivalent} {'is' if equivalent == 1 else 'are'} equivalent" if equivalent else ""
        if not len(still_open):
            yield f"Seeds were added until every pair was decided, {after}: {both}{same}."
        else:
            pairs = [f"{name(a)} and {name(b)}" for a, b in zip(still_open["a"], still_open["b"], strict=True)]
            end = "Seeds were added up to the last look" if looked == analysis.looks.most else "Not decided yet"
            are = "is" if len(pairs) == 1 else "are"
            yield f"{end}, {after}: {both}{same}, {len(pairs)} {are} open ({listed(pairs, _PAIRS, '; ')})."
            if not tested["margin"].notna().any():
                yield "Without random search on one split there is no margin within which a pair would be equivalent."
    yield from _left_out(analysis)


def _left_out(analysis: Analysis) -> Iterator[str]:
    """Seeds that came otherwise than by the plan, and those that no test takes."""
    looks, seeds = analysis.looks, analysis.design.seeds
    assert looks is not None
    by_hand = [f"{name(label)} {ranges(sorted(given))}" for label, given in analysis.by_hand.items()]
    if by_hand:
        yield (
            f"Some seeds were given by hand ({listed(by_hand, between='; ')}); they are tested as all others are, at "
            "looks that have all of their seeds."
        )
    beyond = {}
    for label in analysis.family.members:
        completed = looks.completed(seeds[label])
        beyond[label] = sorted(set(seeds[label]) - set(looks.seeds(completed - 1)))
    extra = [f"{name(label)} {ranges(numbers)}" for label, numbers in beyond.items() if numbers]
    if extra:
        yield f"Shown, but in no test, are seeds of looks that are not full: {listed(extra, between='; ')}."


def in_vain(looks: Looks) -> str:
    """Where no test could reject at any of the looks."""
    return (
        f"No ranking: with {listed(map(str, looks.counts))} seeds no test of this comparison could pass; plan more "
        "with seeds.most, under another name."
    )


def unranked(analysis: Analysis, label: str) -> str:
    """Why an optimiser is shown and not ranked."""
    assert analysis.looks is not None
    if label in analysis.design.single:
        return f"{sentence(name(label))} is one run, whatever the seed: shown, not ranked."
    first = analysis.looks.seeds()
    return (
        f"{sentence(name(label))} lacks some of the seeds of the first look, {first[0]}-{first[-1]}: shown, not ranked."
    )
