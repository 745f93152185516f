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
    reaches it, or is exhausted before, counts as +inf; one that ended earlier for another reason (its time was up) is
    left out. Columns:
    - `label`; `runs`, `reached`, `left_out`; `evaluations`, median over runs (`targets.hitting_time`), with
      `evaluations_low`, `_high`, each with `_relation` where it is a bound, and `coverage`;
    - `random`: the evaluations after which random search itself reaches the target with probability 1/2, exactly from
      its pool (`random_search.evaluations_to`);
    - `test`, `p`, `p_holm`: the test that their relation allows of the family's members against random search's own
      runs, infinite numbers being ties, with Holm's correction over those tests; none and NaN elsewhere;
    - `faster`: whether p_holm <= alpha, the statistic favours the label, and its median is below `random`;
    - `expected_running_time` (`targets.expected_running_time`).
    """
    budget, design = comparison.evaluations, basis.design
    kept = {label: _kept(sample, goals[label], budget) for label, sample in by_label.items()}
    times = {
        label: targets.evaluations_to(by_label[label].validation[rows, :budget], goals[label][rows])
        for label, rows in kept.items()
    }
    own = _exact(by_label[random], goals[random], pools, budget) if random is not None else float("nan")
    rows = []
    for label, sample in by_label.items():
        here = kept[label]
        hitting = targets.hitting_time(sample.validation[here, :budget], goals[label][here])
        if label in design.single:
            hitting = replace(hitting, low=Bound(np.nan), high=Bound(np.nan), coverage=np.nan)  # one value, no sample
        row: dict[str, object] = {"label": label, "runs": hitting.runs, "reached": hitting.reached}
        row["left_out"] = len(sample.seeds) - hitting.runs
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
            row |= _tested(label, random, by_label, kept, times, basis)
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


def _kept(sample: Sample, goals: Values, budget: int) -> NDArray[np.bool_]:
    """The runs that reached their target, or made all evaluations, or had nothing left to propose."""
    reached = np.isfinite(targets.evaluations_to(sample.validation[:, :budget], goals))
    kept: NDArray[np.bool_] = reached | (sample.spent >= budget) | sample.exhausted
    return kept


def _tested(
    label: str,
    random: str,
    by_label: Mapping[str, Sample],
    kept: Mapping[str, NDArray[np.bool_]],
    times: Mapping[str, Values],
    basis: Basis,
) -> dict[str, object]:
    relation, single = basis.design.relation(label, random), label in basis.design.single
    if TESTS[relation] == "none" or not (kept[label].any() and kept[random].any()):
        return {}
    seeds = {name: by_label[name].seeds[kept[name]] for name in (label, random)}
    outcome = sequential.outcome(
        times[label], times[random], seeds[label], seeds[random], relation, single, basis.looks
    )
    if math.isnan(outcome.p):
        return {}
    return {"test": TESTS[relation], "p": outcome.p, "favours": outcome.favours}


def _exact(sample: Sample, goals: Values, pools: Mapping[str, Values], budget: int) -> float:
    """Random search's exact median over the problems of its runs."""
    targets_ = dict(zip(sample.problems, goals[:, 0].tolist(), strict=True))
    return random_search.evaluations_to([(pools[problem], goal) for problem, goal in targets_.items()], budget)
