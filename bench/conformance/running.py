"""The real runner over a problem that costs nothing, with what it asked and told written down."""

import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from bench import provenance
from bench.conformance import rungs
from bench.conformance.playing import BASELINE, Subject, Way
from bench.conformance.spaces import Case, bowl
from bench.errors import UserError
from bench.optimizers import Proposal, Told
from bench.problems import AtRung, Evaluation
from bench.problems.fidelity import Fidelity
from bench.results import RunId
from bench.running.clock import OnClock
from bench.running.trial_loop import RunFailed, Trials
from bench.space import Configuration, Space, to_json
from bench.store import Store


@dataclass(frozen=True)
class Bowl:
    """What the runner needs of a problem; the loss is that of a `Way`, of which some trials may fail."""

    space: Space
    losses: str
    ladder: Sequence[int] = ()
    folds: bool = False
    hash: str = "bowl"
    recipe: Any = field(default_factory=lambda: SimpleNamespace(threads=1))

    def key(self, configuration: Configuration) -> str:
        return provenance.digest([self.losses, configuration])

    def baseline(self, _evaluate: Any) -> float:
        return BASELINE

    @property
    def fidelity(self) -> Fidelity | None:
        """Its ladder, whose rungs are the resources themselves."""
        if not self.ladder:
            return None
        return Fidelity("folds", tuple(self.ladder), 1) if self.folds else Fidelity("rounds", tuple(self.ladder), 3)

    def rung_key(self, configuration: Configuration, rung: int) -> str:
        return provenance.digest([self.losses, configuration, rung])

    def evaluate(self, configuration: Configuration) -> Evaluation:
        return self._at(configuration, self.ladder[-1] if self.ladder else 0)

    def evaluate_rungs(self, configuration: Configuration, rungs_asked: Sequence[int], at: AtRung) -> None:
        for rung in rungs_asked:
            if at(rung, self._at(configuration, rung)):
                return

    def _at(self, configuration: Configuration, rung: int) -> Evaluation:
        value = bowl(self.space, configuration)
        loss = rungs.loss_at(self.losses, value, rung, self.ladder, self.folds)
        if loss is None:
            return Evaluation(None, None, 0.0, "failed", "ValueError: it fails here")
        folds = list(rungs.fold_losses(self.losses, value, rung, self.ladder)) if self.folds else []
        return Evaluation(loss, None, 0.0, "ok", details={"fold_losses": folds} if folds else {})


class Recorder:
    """An optimiser, and what it was asked and told."""

    def __init__(self, optimizer: Any) -> None:
        self._optimizer = optimizer
        self.independent = getattr(optimizer, "independent", False)
        self.by_fold = getattr(optimizer, "by_fold", False)
        self.asked: list[Any] = []
        self.told: list[Told] = []
        if hasattr(optimizer, "report"):
            self.report = optimizer.report

    def ask(self) -> Any:
        self.asked.append(self._optimizer.ask())
        return self.asked[-1]

    def tell(self, proposal: Any, loss: float, failed: bool = False) -> None:
        configuration = proposal.configuration if isinstance(proposal, Proposal) else proposal
        self.told.append(Told(dict(configuration), loss, failed))
        self._optimizer.tell(proposal, loss, failed=failed)


@dataclass(frozen=True)
class Evaluated:
    """One row of the trial table."""

    asked: str
    """As `Played.asked` has it."""
    configuration: str
    """Canonical JSON."""
    loss: float | None
    """Where it ended; None where it failed."""
    rung: int
    passed: tuple[tuple[int, float], ...]
    """Each rung that it came to with success, and the loss there."""


@dataclass(frozen=True)
class Finished:
    """What the runner made of a run."""

    ended: str = ""
    """budget or exhausted."""
    evaluated: tuple[Evaluated, ...] = ()
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
            bowl_of = Bowl(case.space, way.losses, subject.ladder, recorder.by_fold)
            arguments: Any = name, bowl_of, recorder, store, journal
            ladder = bowl_of.fidelity
            trials = Trials(*arguments) if ladder is None else OnClock(*arguments, ladder=ladder)
            try:
                ended = trials.spend(way.budget, None)
            except (RunFailed, UserError) as error:
                return Finished(wrong=str(error), told=tuple(recorder.told))
        finally:
            store.close()
    return Finished(ended, tuple(_evaluated(row, recorder) for row in trials.rows), tuple(recorder.told))


def _evaluated(row: Mapping[str, Any], recorder: Recorder) -> Evaluated:
    text, loss = row["configuration"], row["loss"]
    if "fidelity" not in row:
        return Evaluated(text, text, loss, 0, () if loss is None else ((0, loss),))
    if loss is None:
        loss = row["partial_loss"]
    rung = row["fidelity"]
    through = [(at, value) for at, value, *_ in json.loads(row["details"]).get("rungs", [[rung, loss]])]
    known = tuple((at, value) for at, value in through if value is not None)
    return Evaluated(f"{text} at {recorder.asked[row['proposal']].fidelity}", text, loss, rung, known)


def mistold(finished: Finished) -> str:
    """How what was told is not what was evaluated, each once and in order; empty where it is."""
    worst: dict[int, float] = {}
    for number, row in enumerate(finished.evaluated):
        for rung, loss in row.passed:
            worst[rung] = max(loss, worst.get(rung, loss))
        expected = worst.get(row.rung, BASELINE) if row.loss is None else row.loss
        if number == len(finished.told):
            return f"trial {number}: evaluated {row.configuration}, and nothing was told"
        result = finished.told[number]
        if (to_json(result.configuration), result.loss, result.failed) != (
            row.configuration,
            expected,
            row.loss is None,
        ):
            return (
                f"trial {number}: told {result}, expected {row.configuration} with {expected}, "
                f"failed={row.loss is None}"
            )
    if len(finished.told) > len(finished.evaluated):
        return f"told {len(finished.told)} results of {len(finished.evaluated)} trials"
    return ""
