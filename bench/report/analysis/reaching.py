"""How soon each optimiser reaches random search's final loss, against random search's own runs."""

import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bench.report.analysis.testing import Basis
from bench.report.runs.curves import Comparison
from bench.report.runs.samples import Sample
from bench.report.statistics import random_search, sequential, targets
from bench.report.statistics.designs import ALPHA, TESTS
from bench.report.statistics.significance import holm
from bench.report.statistics.targets import Bound

Values = NDArray[np.float64]


def reaching(
    comparison: Comparison,
    by_label: Mapping[str, Sample],
    basis: Basis,
    goals: Mapping[str, Values],
    pools: Mapping[str, Values],
    random: str | None,
) -> pd.DataFrame:
    """One row a label, the fewest evaluations first: how many reach the target, by its runs and by a test.

    The target of a run (`goals`, (runs, 1)) is random search's exact median final loss on its problem. A run that never
    reaches it, or is exhausted before, counts as +inf. Of one that ended before for another reason (its time was up) it
    is known alone that it needs more than it made: what depends on how many more is not stated, and a test takes the
    least favourable of them, +inf for it and one more for random search's run. Columns:
    - `label`; `runs`, `reached`, `out_of_time`, how many ended so; `evaluations`, median over runs
      (`targets.hitting_time`), with `evaluations_low`, `_high`, each with `_relation` where it is a bound, and
      `coverage`;
    - `random`: the evaluations after which random search itself reaches the target with probability 1/2, exactly from
      its pool (`random_search.evaluations_to`);
    - `test`, `p`, `p_holm`: the test that their relation allows of the family's members against random search's own
      runs, infinite numbers being ties, with Holm's correction over those tests; none and NaN elsewhere. Where time
      was up for some, p is 1 unless the statistic favours the label all the same;
    - `faster`: whether p_holm <= alpha, the statistic favours the label, and its median is below `random`;
    - `expected_running_time` (`targets.expected_running_time`).
    """
    budget, design = comparison.evaluations, basis.design
    times = {
        label: targets.evaluations_to(sample.validation[:, :budget], goals[label]) for label, sample in by_label.items()
    }
    cut = {label: _cut(sample, times[label], budget) for label, sample in by_label.items()}
    own = _exact(by_label[random], goals[random], pools, budget) if random is not None else float("nan")
    rows = []
    for label, sample in by_label.items():
        hitting = targets.hitting_time(sample.validation[:, :budget], goals[label], cut[label])
        if label in design.single:
            hitting = replace(hitting, low=Bound(np.nan), high=Bound(np.nan), coverage=np.nan)  # one value, no sample
        row: dict[str, object] = {"label": label, "runs": hitting.runs, "reached": hitting.reached}
        row["out_of_time"] = int(np.isfinite(cut[label]).sum())
        for name, bound in (("", hitting.evaluations), ("_low", hitting.low), ("_high", hitting.high)):
            row |= {f"evaluations{name}": bound.value, f"evaluations{name}_relation": bound.relation}
        row |= {
            "coverage": hitting.coverage,
            "budget": budget,
            "random": own,
            "test": "none",
            "p": np.nan,
            "favours": 0.0,
        }
        if random is not None and label != random and {label, random} <= set(basis.family.members):
            row |= _tested(label, random, by_label, cut, times, basis)
        spent = np.minimum(sample.spent, budget)
        row["expected_running_time"] = targets.expected_running_time(sample.validation[:, :budget], goals[label], spent)
        rows.append(row)
    frame = pd.DataFrame(rows)
    tested = frame["test"] != "none"
    frame["p_holm"] = np.nan
    frame.loc[tested, "p_holm"] = holm(frame.loc[tested, "p"])
    below = (frame["evaluations"] < frame["random"]) & (frame["evaluations_relation"] == "")
    frame["faster"] = (frame["p_holm"] <= ALPHA) & (frame["favours"] < 0) & below
    frame["_censored"] = frame["evaluations_relation"] == ">"
    ordered = frame.sort_values(["evaluations", "_censored"], kind="stable", ignore_index=True)
    return ordered.drop(columns=["favours", "_censored"])


def _cut(sample: Sample, times: Values, budget: int) -> Values:
    """What a run had made when its time was up, before it reached its target; +inf for others, (runs,)."""
    ended = np.isfinite(times) | (sample.spent >= budget) | sample.exhausted
    cut: Values = np.where(ended, np.inf, sample.spent)
    return cut


def _tested(
    label: str,
    random: str,
    by_label: Mapping[str, Sample],
    cut: Mapping[str, Values],
    times: Mapping[str, Values],
    basis: Basis,
) -> dict[str, object]:
    relation, single = basis.design.relation(label, random), label in basis.design.single
    if TESTS[relation] == "none":
        return {}
    soonest = targets.at_least(times[random], cut[random])
    seeds = {name: by_label[name].seeds for name in (label, random)}
    outcome = sequential.outcome(times[label], soonest, seeds[label], seeds[random], relation, single, basis.looks)
    if math.isnan(outcome.p):
        return {}
    one_sided = bool(np.isfinite(cut[label]).any() or np.isfinite(cut[random]).any())
    p = 1.0 if one_sided and outcome.favours >= 0 else outcome.p
    return {"test": TESTS[relation], "p": p, "favours": outcome.favours}


def _exact(sample: Sample, goals: Values, pools: Mapping[str, Values], budget: int) -> float:
    """Random search's exact median over the problems of its runs."""
    targets_ = dict(zip(sample.problems, goals[:, 0].tolist(), strict=True))
    return random_search.evaluations_to([(pools[problem], goal) for problem, goal in targets_.items()], budget)
