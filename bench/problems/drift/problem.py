"""The problem that is a stream: an evaluation passes it once, tuning when a policy says so, and predicts each block."""

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from bench import provenance, texts
from bench.config.components import locate
from bench.models import Step
from bench.problems import details as json_details
from bench.problems.contract import Evaluate, Evaluation, is_outcome
from bench.problems.drift.blocks import Block, Stream
from bench.problems.drift.policies import POLICIES, Detector, Policy
from bench.problems.drift.studies import Trial, Tuner
from bench.problems.identified import Identified
from bench.space import Configuration

REVISION = 1
"""Raised when the same stream and configuration yield another loss."""


@dataclass(frozen=True)
class Settings:
    """What holds for every policy, of the keys in `model.retuned`."""

    trials: int
    """Evaluations of each study."""
    carried: int
    """Configurations of the last study that a warm one begins with."""
    period: int
    """Blocks from one tuning of a periodic policy to the next."""
    delta: float
    """ADWIN's probability of a detection where nothing has changed."""
    optimizers: Mapping[str, Any]
    """The config of each optimiser, by name."""


@dataclass(frozen=True, eq=False, kw_only=True)
class DriftProblem(Identified):
    """A stream on which configurations are pairs of an optimiser and a policy; see `bench.problems.drift`."""

    stream: Stream
    settings: Settings
    facts: Mapping[str, Any]
    """What a report says of the stream: how it is cut, and where it is known to drift."""
    warnings: Sequence[str] = ()

    @property
    def label(self) -> str:
        """What the metric's loss is called."""
        return self.stream.metric.label

    @property
    def _key_parts(self) -> dict[str, Any]:
        """The versions that compute, and the threads where they matter, too."""
        threads = {"threads": self.recipe.threads} if self.stream.model.threads_matter else {}
        return super()._key_parts | {"versions": provenance.versions(self._libraries)} | threads

    @cached_property
    def _libraries(self) -> tuple[str, ...]:
        classes = [locate("model.retuned.optimizers", each["class"]) for each in self.settings.optimizers.values()]
        of_optimizers = {name for each in classes for name in getattr(each, "libraries", ())}
        return (*self.stream.model.libraries, "numpy", "pandas", "river", "scikit-learn", "scipy", *of_optimizers)

    def evaluate(self, configuration: Configuration, step: Step | None = None) -> Evaluation:
        """Pass the stream once; the loss is the mean over blocks of the prequential loss, all blocks weighing the same.

        Details: `evaluations`, the trials of all studies; `studies`, how many there were; and `blocks`, of each its
        first row, loss, whether it was tuned for, the evaluations spent by then, the rows at which a change of the
        errors was detected, the hyperparameters that served, and what made the model fail to be trained, if anything.
        """
        start = time.perf_counter()
        try:
            with threadpool_limits(1):  # other numbers of BLAS threads lead optimisers other ways
                blocks, evaluations = self._passed(str(configuration["optimizer"]), str(configuration["policy"]))
        except BaseException as failure:
            if not is_outcome(failure):
                raise
            return Evaluation(None, None, time.perf_counter() - start, "failed", texts.of_error(failure))
        loss = math.fsum(block["loss"] for block in blocks) / len(blocks)
        studies = sum(block["tuned"] for block in blocks)
        details = {"evaluations": evaluations, "studies": studies, "blocks": blocks}
        return Evaluation(loss, None, time.perf_counter() - start, "ok", None, json_details.plain(details))

    def _passed(self, name: str, policy_name: str) -> tuple[list[dict[str, Any]], int]:
        settings, policy = self.settings, POLICIES[policy_name]
        arguments = name, settings.optimizers[name], settings.trials, settings.carried, policy.carry
        tuner = Tuner(*arguments, self.recipe.seed)
        detector = Detector(settings.delta) if policy.when == "adwin" else None
        server = _Server(self.stream, policy)
        blocks: list[dict[str, Any]] = []
        since, detections = 0, [0]
        for block in self.stream.blocks:
            tuned = block.number == 0 or policy.due(since, settings.period, bool(detections))
            since = 1 if tuned else since + 1
            if tuned:
                problem = self.stream.problem(block)
                server.take(tuner.study(problem, block.number) if policy.tunes else tuner.untuned(problem))
            predicted, error = server.predicted(block)
            errors = self.stream.errors(block, predicted)
            first = int(block.rows[0])
            detections = [] if detector is None else [first + place for place in detector.detections(errors)]
            blocks.append(
                {
                    "row": first,
                    "loss": self.stream.loss(block, predicted),
                    "tuned": tuned and policy.tunes,
                    "evaluations": tuner.evaluations,
                    "detections": detections,
                    "configuration": None if server.serves is None else dict(server.serves.configuration),
                    "error": error,
                }
            )
        return blocks, tuner.evaluations

    def baseline(self, evaluate: Evaluate) -> float:
        """The mean prequential loss of what knows each window's shares of classes, or mean, alone."""
        del evaluate
        return self.baseline_loss

    def baselines(self, evaluate: Evaluate) -> tuple[float, ...]:
        """The same."""
        return (self.baseline(evaluate),)

    @cached_property
    def baseline_loss(self) -> float:
        """See `baseline`."""
        losses = [self.stream.loss(block, self.stream.knowing_nothing(block)) for block in self.stream.blocks]
        return math.fsum(losses) / len(losses)

    def check(self, evaluate: Evaluate) -> None:
        """Nothing: the config states no losses."""

    def metadata(self, baseline_loss: float | None = None) -> dict[str, Any]:
        """The hashes, and under `drift` how the stream is cut and where it is known to drift."""
        del baseline_loss
        return {
            "problem": self.hash,
            "problem_family": self.family,
            "key_prefix": self._key_prefix.decode(),
            "metric": self.label,
            "task": "stream",
            "baseline_loss": self.baseline_loss,
            "computed_by": provenance.versions(self._libraries),
            "drift": dict(self.facts),
        }


class _Server:
    """What predicts the blocks of a stream: a model trained anew on each window, or once where the policy says so."""

    def __init__(self, stream: Stream, policy: Policy) -> None:
        self.stream, self.policy = stream, policy
        self.serves: Trial | None = None
        self._first: Block | None = None

    def take(self, trial: Trial | None) -> None:
        """Serve the best of a study from now on; where all of it failed, go on as before."""
        self.serves = trial or self.serves

    def predicted(self, block: Block) -> tuple[NDArray[np.float64], str | None]:
        """What is predicted of a block, and what made the model fail, None where nothing did.

        Where there is no model, the window's shares of classes, or its mean, predict in its place.
        """
        if self.serves is None:
            return self.stream.knowing_nothing(block), "every configuration of the first study failed"
        trained_for = block if self.policy.refits else self._first or block
        self._first = trained_for
        try:
            return self.stream.predicted(trained_for, block, self.serves.configuration, self.serves.details), None
        except BaseException as failure:
            if not is_outcome(failure):
                raise
            return self.stream.knowing_nothing(block), texts.of_error(failure)
