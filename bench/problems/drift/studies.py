"""One study: an optimiser's trials on the problem of one block, and what it takes over from the study before."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bench.config.components import build
from bench.errors import UserError
from bench.optimizers import Declaration, Exhausted, Optimizer, Told
from bench.problems.contract import Evaluation
from bench.problems.data import DataProblem
from bench.problems.drift.policies import Carry
from bench.space import Configuration, to_json


@dataclass(frozen=True)
class Trial:
    """What a study evaluated; `loss` is None where it failed."""

    configuration: Configuration
    loss: float | None
    details: Mapping[str, Any]


class Tuner:
    """The studies of one optimiser over a stream."""

    def __init__(
        self, name: str, config: Mapping[str, Any], trials: int, carried: int, carry: Carry, seed: int
    ) -> None:
        """`config` is that of the optimiser; `seed` that of the repetition, from which each study has one of its own.

        A study makes `trials` evaluations, what it takes over included: of a warm one the `carried` best
        configurations of the last, of one that is kept the configuration in use.
        """
        self.name, self.config, self.trials, self.carried, self.carry, self.seed = (
            name, config, trials, carried, carry, seed,
        )  # fmt: skip
        self.evaluations = 0
        """Made so far, in all studies."""
        self.last: list[Trial] = []
        """Those of the last study."""
        self._kept: Optimizer | None = None
        self._worst: float | None = None

    def study(self, problem: DataProblem, number: int) -> Trial | None:
        """Tune for block `number`; the trial with the lowest loss, the first of equals, or None where all failed."""
        begins = self._points()
        optimizer = self._optimizer(problem, number)
        self.last, trials = [], []
        if begins:
            trials = [self._trial(problem, each) for each in begins]
            self._hand_over(optimizer, trials, problem)
        while len(trials) < self.trials:
            try:
                asked = optimizer.ask()
            except Exhausted:
                break
            trial = self._trial(problem, problem.space.canonical(asked))
            trials.append(trial)
            optimizer.tell(asked, self._told(trial, problem), failed=trial.loss is None)
        self.last = trials
        done = [trial for trial in trials if trial.loss is not None]
        return min(done, key=lambda trial: trial.loss) if done else None  # type: ignore[arg-type, return-value]

    def untuned(self, problem: DataProblem) -> Trial | None:
        """The default configuration in the place of a study: one evaluation; None where it failed."""
        trial = self._trial(problem, problem.space.default())
        return None if trial.loss is None else trial

    def _points(self) -> list[Configuration]:
        """What is evaluated anew before anything is asked: the last study's best, each once."""
        done = sorted((t for t in self.last if t.loss is not None), key=lambda trial: trial.loss)  # type: ignore[arg-type, return-value]
        count = {"cold": 0, "warm": self.carried, "kept": 1}[self.carry]
        return list({to_json(trial.configuration): trial.configuration for trial in done}.values())[:count]

    def _optimizer(self, problem: DataProblem, number: int) -> Optimizer:
        if self._kept is not None and self.carry == "kept":
            return self._kept
        budget = None if self.carry == "kept" else self.trials  # nobody knows how many a kept study comes to
        seed = int(np.random.SeedSequence([self.seed, number]).generate_state(1)[0] >> 1)
        arguments = problem.space, seed, budget
        self._worst = None
        self._kept = build("optimizer", self.config["class"], arguments, self.config.get("settings") or {})
        assert self._kept is not None
        return self._kept

    def _hand_over(self, optimizer: Optimizer, trials: Sequence[Trial], problem: DataProblem) -> None:
        declared = getattr(optimizer, "declared", None) or Declaration()
        starts = getattr(optimizer, "start", None) if self.carry == "warm" else None
        if not declared.takes_unasked and starts is None:
            raise UserError(
                f"optimizer.settings.policy: {self.name} takes no results of configurations that it did not propose, "
                "and so can only be tuned anew cold; choose periodic_cold, adwin_cold or never"
            )
        told = [Told(t.configuration, self._told(t, problem), t.loss is None) for t in trials]
        if starts is not None:
            starts(told)
            return
        for each in told:
            optimizer.tell(*each)

    def _trial(self, problem: DataProblem, configuration: Configuration) -> Trial:
        evaluation: Evaluation = problem.evaluate(configuration)
        self.evaluations += 1
        return Trial(configuration, evaluation.loss, evaluation.details)

    def _told(self, trial: Trial, problem: DataProblem) -> float:
        """The loss, of a failure the worst so far, or before any the loss of a model that knows nothing."""
        if trial.loss is None:
            return problem.baseline_loss if self._worst is None else self._worst
        self._worst = trial.loss if self._worst is None else max(self._worst, trial.loss)
        return trial.loss
