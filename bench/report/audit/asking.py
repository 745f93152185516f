"""What the runs proposed: the same again, the same as other runs, and the best at an end of a range."""

import itertools
import math
from collections.abc import Iterator, Sequence
from functools import reduce

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom

from bench.checks import is_number
from bench.report.audit.entries import Finding, Metadata, config_of, from_values
from bench.report.runs.visits import Visits
from bench.space import Categorical, Int, Parameter, steps
from bench.wording import listed, ranges, unmarked

NEAR = 0.01
"""How near an end of its range, of the range's length, a value is at the end."""
_WORTH = 0.01
"""The share of repeated proposals, and the probability of so many incumbents at an end, that are worth a note."""
_SHARE = 0.1
"""The least share of runs with their incumbent at an end that is worth a note."""


def findings(metadata: Sequence[Metadata], visits: Visits) -> Iterator[Finding]:
    """Each check's, in order."""
    yield from beginnings(metadata, visits)
    yield from duplicates(visits)
    yield from alike(metadata, visits)
    if not from_values(metadata):
        yield from bounds(visits)


def beginnings(metadata: Sequence[Metadata], visits: Visits) -> Iterator[Finding]:
    """Whether runs with the same seed began as their shared initial design says; silent where they need not."""
    designs = [config_of(entry).get("initial_design") for entry in metadata]
    sizes = [design.get("size") or 0 if isinstance(design, dict) else 0 for design in designs]
    if not min(sizes):
        return
    first = visits.trials.groupby("run").cumcount() < visits.trials["run"].map(dict(enumerate(sizes)))
    begun: dict[int, set[bytes]] = {}
    seeds = visits.runs["seed"]
    for run, rows in visits.places[first].groupby(visits.trials.loc[first, "run"]):
        begun.setdefault(int(seeds[run]), set()).add(rows.to_numpy().tobytes())
    odd = sorted(seed for seed, starts in begun.items() if len(starts) > 1)
    if odd:
        text = f"runs with the same seed did not begin with the same configurations: {ranges(odd)}"
        yield Finding("error", "initial design", text)


def duplicates(visits: Visits) -> Iterator[Finding]:
    """How often each optimiser proposed what the same run had proposed before."""
    sums = visits.runs.groupby("label")[["repeated", "trials"]].sum()
    shares = (sums["repeated"] / sums["trials"].clip(lower=1)).sort_values(ascending=False, kind="stable")
    many = shares[shares >= _WORTH]
    if len(many):
        listing = listed(f"{label} ({share:.0%} of its trials)" for label, share in many.items())
        yield Finding("note", "duplicates", f"proposed what the same run had proposed before: {listing}")
    else:
        some = f"{sums['repeated'].sum()} of {sums['trials'].sum()} trials proposed what their run had proposed before"
        yield Finding("ok", "duplicates", some)


def alike(metadata: Sequence[Metadata], visits: Visits) -> Iterator[Finding]:
    """Whether the repetitions of an optimiser are repetitions, and optimisers other optimisers.

    Runs on other problems, as where each seed has a split or a stream of its own, are never the same.
    """
    repeated = []
    runs = visits.runs.assign(problem=[str(entry.get("problem")) for entry in metadata])
    ran = runs[runs["trials"] > 0]
    for label, part in ran.groupby("label"):
        different = len(part[["sequence", "problem"]].drop_duplicates())
        if different == 1 < len(part):
            repeated.append(f"{label} (its {len(part)} runs are one run, whatever the seed)")
        elif different < len(part):
            repeated.append(f"{label} ({different} different ones of {len(part)} runs)")
    if repeated:
        text = "proposed the same configurations to one problem with different seeds, so that there are fewer runs than"
        yield Finding("note", "repeated runs", f"{text} seeds: {listed(repeated)}")
    else:
        yield Finding("ok", "repeated runs", "no two runs of an optimiser are one run under two seeds")
    sequences = {
        str(label): dict(zip(part["seed"], part["sequence"], strict=True)) for label, part in ran.groupby("label")
    }
    twins = [
        f"{a} and {b}"
        for (a, of_a), (b, of_b) in itertools.combinations(sequences.items(), 2)
        if of_a.keys() & of_b.keys() and all(of_a[seed] == of_b[seed] for seed in of_a.keys() & of_b.keys())
    ]
    if twins:
        text = f"proposed the same configurations at every common seed: {listed(twins)}; they count once in tests"
        yield Finding("note", "same optimisers", text)


def bounds(visits: Visits) -> Iterator[Finding]:
    """Whether incumbents gather at an end of a numeric parameter's range, so that a wider one may hold better.

    At an end is what is within `NEAR` of it. A run's incumbent is there by chance with the probability of the reference
    distribution, or with the share of the worse half of its optimiser's trials that are there, if that is larger: a
    grid is at ends whether they are good or not. An end is named where at least a tenth of the incumbents are at it,
    and so many or more have a probability under 1 % (the sum of one binomial per optimiser), divided by the number of
    ends looked at.
    """
    labels = visits.runs["label"].reindex(visits.incumbents.index)
    numeric = [parameter for parameter in visits.space.searched if _is_range(parameter)]
    worse = _worse_half(visits)
    ends = []
    for parameter, upper in itertools.product(numeric, (False, True)):
        place = visits.incumbents[parameter.name].dropna()
        count = int(_at(place.to_numpy(), upper).sum())
        if count < max(1, _SHARE * len(place)):
            continue
        runs = labels[place.index].value_counts()
        places = visits.places[parameter.name].to_numpy()
        chances = {label: _chance(places[rows], parameter, upper) for label, rows in worse.items()}
        if _tail([(int(runs.get(label, 0)), chance) for label, chance in chances.items()], count) < _WORTH / (
            2 * len(numeric)
        ):
            which, end = ("high", parameter.representatives[-1]) if upper else ("low", parameter.representatives[0])
            ends.append(f"{unmarked(parameter.name)} at its {which} end, {end:g}, in {count} of {len(place)} runs")
    if ends:
        text = "the best configurations gather at an end of a range, beyond which there may be better: "
        yield Finding("note", "bounds", text + listed(ends, between="; "))
    elif numeric and len(visits.incumbents):
        yield Finding("ok", "bounds", "the best configurations do not gather at an end of a range")


def _is_range(parameter: Parameter) -> bool:
    """Whether it is of numbers in an order, so that there may be others beyond its ends."""
    return not isinstance(parameter, Categorical) and all(map(is_number, parameter.representatives))


def mass(parameter: Parameter, upper: bool, near: float = NEAR) -> float:
    """The probability by the reference distribution that an ordered parameter is within `near` of an end."""
    assert not isinstance(parameter, Categorical)
    low, high = parameter.low, parameter.high
    if isinstance(parameter, Int) and parameter.log:
        ratio = (high / low) ** near
        inner = math.ceil(high / ratio - 1e-9) - 0.5 if upper else math.floor(low * ratio + 1e-9) + 0.5
        whole = math.log((high + 0.5) / (low - 0.5))
        return math.log((high + 0.5) / inner if upper else inner / (low - 0.5)) / whole
    if parameter.step is None:
        return near
    count = steps(parameter)
    return (math.floor(near * count + 1e-9) + 1) / (count + 1)


def _at(places: NDArray[np.float64], upper: bool) -> NDArray[np.bool_]:
    mask: NDArray[np.bool_] = (places >= 1 - NEAR - 1e-12) if upper else (places <= NEAR + 1e-12)
    return mask


def _worse_half(visits: Visits) -> dict[str, NDArray[np.int64]]:
    """The rows of each optimiser's trials that are no better than its median."""
    by_label = visits.trials.groupby("label")
    worse = (visits.trials["rank"] >= by_label["rank"].transform("median")).to_numpy()
    rows = {str(label): np.asarray(places) for label, places in by_label.indices.items()}
    return {label: places[worse[places]] for label, places in rows.items()}


def _chance(places: NDArray[np.float64], parameter: Parameter, upper: bool) -> float:
    """The probability that a run's incumbent is at the end by chance, from places of the worse half of its trials."""
    there = _at(places[~np.isnan(places)], upper)
    return max(mass(parameter, upper), float(there.mean()) if len(there) else 0.0)


def _tail(groups: Sequence[tuple[int, float]], count: int) -> float:
    """The probability of `count` or more hits, where each group is (how many may hit, with which probability each)."""
    law = reduce(np.convolve, (binom.pmf(np.arange(many + 1), many, chance) for many, chance in groups), np.ones(1))
    return float(law[count:].sum())
