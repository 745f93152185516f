"""The runs of a comparison as arrays, one sample an optimiser: what statistics are computed from."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bench.report.runs import curves, identities
from bench.report.runs.curves import Comparison
from bench.results import Results

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Sample:
    """The runs of one label, in order of their seeds.

    `evaluations` of the budget are those that all of its runs are known for (see `curves.runs`); trials are all that
    each run made, of which random_2x has two for each evaluation of the budget. Losses are +inf where unknown.
    """

    label: str
    seeds: NDArray[np.int64]
    problems: tuple[str, ...]
    """The hash of each run's problem."""
    validation: Values
    """Best loss so far, (runs, evaluations)."""
    test: Values
    """The incumbent's test loss, (runs, evaluations)."""
    spent: NDArray[np.int64]
    """What each run spent of the budget, (runs,): less than `evaluations` where its last losses are carried on."""
    exhausted: NDArray[np.bool_]
    best: tuple[Values, ...]
    """Best loss so far, by trial, one array a run."""
    tested: tuple[Values, ...]
    """The incumbent's test loss, by trial."""
    clocks: tuple[Values, ...]
    """Seconds charged until the end of each trial: ask, evaluation and tell; NaN where one is not known."""
    paid: Values
    """After how many evaluations each run has the incumbent from evaluations that were charged to it, (runs,).

    With a ladder of fidelities the earlier ones were evaluated at its end; +inf where all were."""
    paid_seconds: Values
    """As `paid`, in charged seconds, (runs,)."""
    asking: Values
    """Seconds that ask and tell took, (runs, trials), NaN beyond a run's end."""

    def of(self, kind: str) -> Values:
        """The losses of one kind (validation, test), (runs, evaluations)."""
        return self.validation if kind == "validation" else self.test

    def final(self, kind: str, evaluations: int) -> Values:
        """The losses of one kind after so many evaluations, (runs,): what tests compare; +inf after none."""
        return self.of(kind)[:, evaluations - 1] if evaluations else np.full(len(self.seeds), np.inf)


def samples(comparison: Comparison, results: Results) -> dict[str, Sample]:
    """The sample of each label, in the order of the comparison's table (the least median first)."""
    begin = int(comparison.runs["first"].min())
    trials = results.trials.iloc[begin : int((comparison.runs["first"] + comparison.runs["trials"]).max())]
    validation, test = (curves.losses(trials[name]) for name in ("best_loss", "incumbent_test_loss"))
    asked = (trials["ask_seconds"] + trials["tell_seconds"]).to_numpy(dtype=np.float64)
    charged = asked + trials["evaluate_seconds"].to_numpy(dtype=np.float64)
    ends = comparison.curves.groupby("label")["evaluations"].max()
    parts = dict(list(comparison.runs.groupby("label")))
    known = comparison.ladders
    of_label = {}
    for label in comparison.final["label"]:
        runs = parts[label].sort_values(["seed", "experiment"])
        first, counts = runs["first"].to_numpy() - begin, runs["trials"].to_numpy()
        factor, end = int(runs["factor"].max()), int(ends.get(label, 0))
        rows = [slice(start, start + count) for start, count in zip(first, counts, strict=True)]
        own = [known.get(run) for run in identities.run_ids(runs)] if known else [None] * len(runs)
        by_trial = [asked[where] if each is None else each.asking for where, each in zip(rows, own, strict=True)]
        asking = np.full((len(runs), max(map(len, by_trial), default=0)), np.nan)
        for run, taken in enumerate(by_trial):
            asking[run, : len(taken)] = taken
        of_label[str(label)] = Sample(
            label=str(label),
            seeds=runs["seed"].to_numpy(),
            problems=tuple(runs["problem"]),
            validation=curves.stack(validation, first, counts, end, factor),
            test=curves.stack(test, first, counts, end, factor),
            spent=np.minimum(counts // factor, end),
            exhausted=runs["exhausted"].to_numpy(dtype=bool),
            best=tuple(each.best if each else validation[where] for each, where in zip(own, rows, strict=True)),
            tested=tuple(each.tested if each else test[where] for each, where in zip(own, rows, strict=True)),
            clocks=tuple(
                each.clock if each else np.cumsum(charged[where]) for each, where in zip(own, rows, strict=True)
            ),
            paid=np.array([np.ceil(each.paid / factor) if each else 1.0 for each in own]),
            paid_seconds=np.array([each.paid_seconds if each else 0.0 for each in own]),
            asking=asking,
        )
    return of_label


def shared(comparison: Comparison, results: Results) -> bool:
    """Whether runs of one seed share something between optimisers that runs of other seeds do not have.

    Then, and only then, are they compared pair by pair: where each seed has a problem of its own (split and model seed
    follow it, as with seeds=paired), or where every run began with the shared initial design.
    """
    runs = comparison.runs
    of_seed = runs.groupby("seed")["problem"].nunique()
    if len(set(runs["problem"])) > 1 and (of_seed == 1).all():
        return True
    designs = [(results.runs[run].get("config") or {}).get("initial_design") for run in identities.run_ids(runs)]
    return all(_name(design) == "shared" for design in designs)


def _name(design: Mapping[str, Any] | str | None) -> str | None:
    return design.get("name") if isinstance(design, Mapping) else design


def by_label(values: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Frames under one another, each with its label in the first column; empty without any."""
    parts = {label: frame for label, frame in values.items() if len(frame)}
    return curves.by_label(parts) if parts else pd.DataFrame(columns=["label"])
