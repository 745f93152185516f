"""The real runner over a problem that costs nothing, with what it asked and told written down."""

import tempfile
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

from bench import provenance
from bench.conformance.playing import BASELINE, Subject, Way
from bench.conformance.spaces import LOSSES, Case, bowl
from bench.errors import UserError
from bench.optimizers import Optimizer, Told
from bench.problems import Evaluation
from bench.results import RunId
from bench.running.trial_loop import RunFailed, Trials
from bench.space import Configuration, Space, to_json
from bench.store import Store


@dataclass(frozen=True)
class Bowl:
    """What the runner needs of a problem; the loss is that of a `Way`, of which some trials may fail."""

    space: Space
    losses: str
    hash: str = "bowl"
    recipe: Any = field(default_factory=lambda: SimpleNamespace(threads=1))

    def key(self, configuration: Configuration) -> str:
        return provenance.digest([self.losses, configuration])

    def baseline(self, _evaluate: Any) -> float:
        return BASELINE

    def evaluate(self, configuration: Configuration) -> Evaluation:
        loss = LOSSES[self.losses](bowl(self.space, configuration), 0)
        if loss is None:
            return Evaluation(None, None, 0.0, "failed", "ValueError: it fails here")
        return Evaluation(loss, None, 0.0, "ok")


class Recorder:
    """An optimiser, and what it was told."""

    def __init__(self, optimizer: Optimizer) -> None:
        self._optimizer = optimizer
        self.independent = getattr(optimizer, "independent", False)
        self.told: list[Told] = []

    def ask(self) -> Configuration:
        return self._optimizer.ask()

    def tell(self, configuration: Configuration, loss: float, failed: bool = False) -> None:
        self.told.append(Told(dict(configuration), loss, failed))
        self._optimizer.tell(configuration, loss, failed=failed)


@dataclass(frozen=True)
class Finished:
    """What the runner made of a run."""

    ended: str = ""
    """budget or exhausted."""
    evaluated: tuple[tuple[str, float | None], ...] = ()
    """Canonical JSON and loss, None where it failed, of each row of the trial table."""
    told: tuple[Told, ...] = ()
    wrong: str = ""


def run(subject: Subject, case: Case, way: Way) -> Finished:
    """A whole run under `way.budget`, with a store of its own that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="hpo-compare-") as folder:
        store = Store(f"sqlite:///{folder}/store.sqlite")
        try:
            recorder = Recorder(subject.build(case.space, case.seed, way.budget))
            name = RunId("conformance", "none", "bowl", "it", case.seed)
            journal = store.begin(name, "none")
            assert journal is not None, "nobody else knows this store"
            trials = Trials(name, cast("Any", Bowl(case.space, way.losses)), recorder, store, journal)
            try:
                ended = trials.spend(way.budget, None)
            except (RunFailed, UserError) as error:
                return Finished(wrong=str(error), told=tuple(recorder.told))
        finally:
            store.close()
    rows = tuple((row["configuration"], row["loss"]) for row in trials.rows)
    return Finished(ended, rows, tuple(recorder.told))


def mistold(finished: Finished) -> str:
    """How what was told is not what was evaluated, each once and in order; empty where it is."""
    worst: float | None = None
    for number, (configuration, loss) in enumerate(finished.evaluated):
        if loss is not None:
            worst = loss if worst is None else max(worst, loss)
        expected = (BASELINE if worst is None else worst) if loss is None else loss
        if number == len(finished.told):
            return f"trial {number}: evaluated {configuration}, and nothing was told"
        result = finished.told[number]
        if (to_json(result.configuration), result.loss, result.failed) != (configuration, expected, loss is None):
            return f"trial {number}: told {result}, expected {configuration} with {expected}, failed={loss is None}"
    if len(finished.told) > len(finished.evaluated):
        return f"told {len(finished.told)} results of {len(finished.evaluated)} trials"
    return ""
