"""Each optimiser as it ships beside its library as it is: the comparisons of the table in docs/faithful.md.

Those of `make test` are of the same loops and objects, with fewer trials, and settings that are quicker where a trial
takes seconds. Here an adapter is built as the runner builds it, of its config alone, and nothing on either side is
patched.
"""

import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from typing import Any

import fidelity_loops
import ladder
import loops
import loops_smac
import own_objects
import side_by_side
from loops import MIXED, NESTED, to_json
from threadpoolctl import threadpool_limits

Sequences = tuple[list[Any], list[Any]]
"""What the library's own loop proposed and what the adapter did, trial by trial."""

ALONE, SEVERAL, WORKERS = "one at a time", "two losses", "four workers"
SEEDS = (0, 1, 2)
FOUR = 4
RESOURCES, FULL = (1, 3, 9), 26
"""Of SMAC: its three rungs, and the budget in full evaluations, of which it makes 66 proposals."""
TRIALS = {"hyperopt_atpe": 20, "skopt_gp": 18, "skopt_rf": 24, "skopt_et": 24, "optuna_gp": 24, "ax": 14}
TRIALS |= dict.fromkeys(("skopt_gp_ei", "skopt_gp_lcb", "skopt_gp_pi"), 14)
"""Of those that take tenths of a second for each; others are compared as long as their `few` says, and 100 at least."""
DEAR = ("smac_", "botorch_")
"""Of these their `few` alone."""
TWO_SEEDS = ("smac_rf", "smac_gp", "botorch_gp", "optuna_gp", "skopt_gp")
"""A trial of these takes a second."""
ONE_SEED = (
    "hyperopt_atpe",
    "skopt_rf",
    "skopt_et",
    "skopt_gp_",
    "smac_parego",
    "smac_multifidelity",
    "botorch_turbo",
    "botorch_qnehvi",
    "ax",
)
"""And of these some."""


@dataclass(frozen=True)
class Comparison:
    """One optimiser in one way on one space."""

    name: str
    way: str
    """`ALONE`, `SEVERAL` or `WORKERS`."""
    label: str
    """Of the space."""
    sequences: Callable[[int], Sequences]
    """By seed."""
    needs: str = ""

    @property
    def seeds(self) -> Sequence[int]:
        return SEEDS[: 1 if self.name.startswith(ONE_SEED) else 2 if self.name.startswith(TWO_SEEDS) else 3]

    @property
    def missing(self) -> bool:
        return bool(self.needs) and find_spec(self.needs) is None


def equal(own: Sequence[Any], ours: Sequence[Any]) -> int:
    """How many trials are alike, from the first on."""
    alike = [a == b for a, b in zip(own, ours, strict=False)]
    return alike.index(False) if False in alike else len(alike)


def comparisons(names: Sequence[str] = ()) -> list[Comparison]:
    """All, or those of some configs, by the order of the configs' names."""
    every = [*plain(), *at_rungs(), *several_workers()]
    return sorted((c for c in every if not names or c.name in names), key=lambda c: (c.name, c.way))


# One at a time, of one loss and of two.


def plain() -> Iterator[Comparison]:
    """Against the loops that the libraries document."""
    for case in loops.shipped():
        way = SEVERAL if case.objectives > 1 else ALONE
        yield Comparison(case.name, way, case.label, partial(loop_of, case, trials_of(case)), case.needs)


def trials_of(case: loops.Case) -> int:
    """How many are compared."""
    few = case.few if case.name.startswith(DEAR) else max(case.few, 100)
    few = TRIALS.get(case.name, few)
    return few if case.trials is None else min(few, case.trials)


def loop_of(case: loops.Case, trials: int, seed: int) -> Sequences:
    """Of a third of the trials that they failed, unless the case says otherwise."""
    own, ours = loops.own_loop(case, seed, trials), loops.our_loop(case, seed, trials)
    return [*map(to_json, own.asked)], [*map(to_json, ours.asked)]


# At several fidelities.


def at_rungs() -> Iterator[Comparison]:
    """Each trial with the resources that it was evaluated at."""
    from pruner_loops import CASES, SET, SPACES

    for case, (name, _, _) in CASES.items():
        if case not in SET:
            yield from (Comparison(name, ALONE, label, partial(pruned, case, label)) for label in SPACES)
    for label, space in (("flat", MIXED), ("conditional", NESTED)):
        yield Comparison("optuna_tpe_wilcoxon", ALONE, label, partial(folds, label))
        yield Comparison("random_rungs", ALONE, label, partial(every_rung, space))
        yield Comparison("random_sha", ALONE, label, partial(halved, space))
        yield Comparison("asha", ALONE, label, partial(scheduled, space), "ray")
    smac = ((loops_smac.TWO, "flat", loops_smac.two), (loops_smac.CONDITIONAL, "conditional", loops_smac.conditional))
    for space, label, native in smac:
        for name in ("smac_hyperband", "smac_multifidelity"):
            yield Comparison(name, ALONE, label, partial(smac_rungs, name, space, native), "smac")
        of_two = partial(smac_rungs, "smac_hyperband", space, native, objectives=2)
        yield Comparison("smac_hyperband", SEVERAL, label, of_two, "smac")
    for space, label, native in ((loops_smac.FLAT, "flat", loops_smac.flat), smac[1]):
        yield Comparison("dehb", ALONE, label, partial(dehb_rungs, space, native), "dehb")


def by_trial(calls: Sequence[tuple[str, int]], resources: Sequence[int]) -> list[Any]:
    """Evaluations at rungs, each trial's together: it begins at the lowest."""
    trials: list[list[tuple[str, int]]] = []
    for call in calls:
        if call[1] == resources[0]:
            trials.append([])
        trials[-1].append(call)
    return trials


def pruned(case: str, label: str, seed: int, trials: int = 100) -> Sequences:
    from pruner_loops import LONG, both

    resources = LONG if case == "patient" else ladder.RESOURCES
    with quiet_optuna():
        made = both(case, label, resources, seed, trials)
    return by_trial(made.own.calls, resources), by_trial(made.ours.calls, resources)


def folds(label: str, seed: int, trials: int = 100) -> Sequences:
    from pruner_loops import of_folds

    with quiet_optuna():
        made = of_folds(label, seed, trials)
    return by_trial(made.own.calls, ladder.FOLDS), by_trial(made.ours.calls, ladder.FOLDS)


def every_rung(space: Any, seed: int, trials: int = 100) -> Sequences:
    from rung_loops import drawn

    resources, ours = ladder.RESOURCES, ladder.Objective(fails=lambda *_: False)
    ladder.play(ladder.build("random_rungs", space, resources, seed), resources, trials, ours)
    own = [(to_json(configuration), resource) for configuration in drawn(space, seed, trials) for resource in resources]
    return by_trial(own, resources), by_trial(ours.calls, resources)


def halved(space: Any, seed: int) -> Sequences:
    from rung_loops import successive_halving

    own, ours, resources = ladder.Objective(), ladder.Objective(), ladder.RESOURCES
    proposals = successive_halving(space, seed, resources, 3, own)
    ladder.play(ladder.build("random_sha", space, resources, seed), resources, len(proposals), ours)
    return own.calls, ours.calls


def scheduled(space: Any, seed: int, trials: int = 100) -> Sequences:
    import rung_loops

    own, ours, resources = ladder.Objective(), ladder.Objective(), ladder.RESOURCES
    rung_loops.scheduled(space, seed, resources, trials, own)
    ladder.play(ladder.build("asha", space, resources, seed), resources, trials, ours)
    return by_trial(own.calls, resources), by_trial(ours.calls, resources)


def smac_rungs(
    name: str, space: Any, native: Any, seed: int, objectives: int = 1, change: Callable[[Any], None] = lambda _: None
) -> Sequences:
    """None fails, as its own loop needs a setting for those that do, and another one for two losses."""
    trials = fidelity_loops.smac_planned(FULL, RESOURCES)
    several = {"objectives": 2, "incumbents": "highest_budget"} if objectives > 1 else {}
    kind = fidelity_loops.TwoThatNeverFail if several else fidelity_loops.NeverFails
    given: dict[str, Any] = {"crash_cost": None, "change": change, "objective": kind(), **several}
    with threadpool_limits(1):
        own = fidelity_loops.smac_optimize(name, native(), space, trials, RESOURCES, seed, **given)
        ours = kind()
        optimizer = loops.build(name, space, seed, FULL, RESOURCES, objectives=objectives if several else None)
        fidelity_loops.run(optimizer, trials, ours)
    return own.asked, ours.asked


def dehb_rungs(space: Any, native: Any, seed: int, trials: int = 110) -> Sequences:
    resources = (1, 3, 9, 27)
    with threadpool_limits(1):
        own, ours = fidelity_loops.dehb_run(native(), space, trials, resources, seed), fidelity_loops.Objective()
        fidelity_loops.run(loops.build("dehb", space, seed, resources=resources), trials, ours)
    return own.asked, ours.asked


class quiet_optuna(warnings.catch_warnings):  # noqa: N801 - a context manager
    """Without what Optuna says of failed trials and of what is experimental."""

    def __enter__(self) -> Any:
        import optuna

        entered = super().__enter__()
        self._verbosity = optuna.logging.get_verbosity()
        optuna.logging.set_verbosity(optuna.logging.CRITICAL)
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        return entered

    def __exit__(self, *raised: object) -> None:
        import optuna

        optuna.logging.set_verbosity(self._verbosity)
        super().__exit__(*raised)


# Several workers.


def several_workers() -> Iterator[Comparison]:
    """A run by the runner's own clock, its log of events played on the library's own object."""
    for case in own_objects.SHIPPED:
        label = "rungs" if case.ladder else "flat"
        yield Comparison(case.name, WORKERS, label, partial(logged, case), case.needs)


def logged(case: own_objects.Case, seed: int) -> Sequences:
    """Each proposal, its resource, and what its reports were answered."""
    optimizer = own_objects.built(case, seed, FOUR)
    made = side_by_side.run(optimizer, case.space, case.trials, FOUR, case.ladder)
    events = made.recorder.events
    with case.own(seed, case.trials, FOUR) as own:
        proposed, ended = side_by_side.play(own, events)
    return answered(proposed, ended, events), answered(made.proposed, made.recorder.ended, events)


def answered(proposed: Sequence[Any], ended: Sequence[bool], events: Sequence[side_by_side.Event]) -> list[Any]:
    """Proposals, each with the answers to its reports."""
    answers: list[list[bool]] = [[] for _ in proposed]
    reports = (event for event in events if isinstance(event, side_by_side.Reported))
    for event, end in zip(reports, ended, strict=True):
        answers[event.number].append(end)
    return list(zip(proposed, answers, strict=True))
