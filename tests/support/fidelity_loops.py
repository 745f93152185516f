"""The own loops of libraries that choose fidelities beside ours: what is asked, alone and by several workers."""

import heapq
import math
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from loops import failing, loss
from loops_smac import CRASH, plain

from bench.optimizers import Exhausted, Proposal
from bench.space import Configuration, Space, to_json

Asked = tuple[str, int]
"""A configuration's JSON, and the fidelity."""


def partial_loss(configuration: Configuration, fidelity: int) -> float:
    """Of which low fidelities rank the configurations otherwise than high ones."""
    return loss(configuration) + math.sin(70 * float(configuration["rate"])) / fidelity  # type: ignore[arg-type]


def fails(configuration: Configuration, fidelity: int) -> bool:
    """About a quarter of the configurations, and some more above the lowest fidelity."""
    late = math.sin(333 * float(configuration["rate"])) > 0.9  # type: ignore[arg-type]
    return failing(configuration) or (late and fidelity > 1)


@dataclass
class Objective:
    """What is minimised: gives the loss to tell, of a failure the worst so far there, and whether it failed."""

    asked: list[Asked] = field(default_factory=list)
    failures: int = 0
    _worst: dict[int, float] = field(default_factory=dict)
    fails = staticmethod(fails)

    def __call__(self, configuration: Configuration, fidelity: float) -> tuple[float, bool]:
        resource = round(fidelity)
        assert abs(resource - fidelity) < 1e-9
        self.asked.append((to_json(configuration), resource))
        value, failed = partial_loss(configuration, resource), self.fails(configuration, resource)
        self.failures += failed
        if failed:
            return self._worst.get(resource, value), True
        self._worst[resource] = max(value, self._worst.get(resource, value))
        return value, False


class TwoObjectives(Objective):
    """The same of two losses, in conflict at every fidelity: gives a tuple of them."""

    def __call__(self, configuration: Configuration, fidelity: float) -> tuple[Any, bool]:
        value, failed = super().__call__(configuration, fidelity)
        return (value, -value + math.cos(50 * float(configuration["rate"]))), failed  # type: ignore[arg-type]


class NeverFails(Objective):
    """The same, where nothing fails."""

    fails = staticmethod(lambda *_: False)


class TwoThatNeverFail(TwoObjectives, NeverFails):
    """Both."""


def run(optimizer: Any, trials: int, objective: Objective) -> list[Proposal]:
    """What `optimizer` asks for, one at a time."""
    proposals: list[Proposal] = []
    for _ in range(trials):
        try:
            proposals.append(optimizer.ask())
        except Exhausted:
            break
        optimizer.tell(proposals[-1], *objective(proposals[-1].configuration, proposals[-1].fidelity))
    return proposals


# SMAC's loop, as its documentation has it.


@contextmanager
def smac_facade(
    name: str,
    native: Any,
    trials: int,
    resources: tuple[int, ...],
    seed: int,
    evaluate: Callable[..., float] | None = None,
    halving: bool = False,
    min_budget: float = 1,
    objectives: int = 1,
    incumbents: str | None = None,
    crash_cost: float | None = CRASH,
    **components: dict[str, Any],
) -> Iterator[Any]:
    """The facade of a config; its intensifier's eta is that of the resources, by default SMAC's own 3.

    `components` are arguments of the facade's `get_...`.
    """
    import smac
    from smac.intensifier import SuccessiveHalving

    several = objectives > 1
    cls = {"smac_hyperband": smac.HyperbandFacade, "smac_multifidelity": smac.MultiFidelityFacade}[name]
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        scenario = smac.Scenario(
            native,
            deterministic=True,
            n_trials=trials,
            seed=seed,
            min_budget=min_budget,
            max_budget=resources[-1],
            output_directory=Path(folder),
            **({} if crash_cost is None else {"crash_cost": [crash_cost] * objectives if several else crash_cost}),
            **({"objectives": [f"loss{i}" for i in range(objectives)]} if several else {}),
        )
        eta = resources[1] // resources[0]
        make = SuccessiveHalving if halving else cls.get_intensifier
        selection = {} if incumbents is None else {"incumbent_selection": incumbents}
        given = (
            {} if eta == 3 and not halving and not selection else {"intensifier": make(scenario, eta=eta, **selection)}
        )
        given |= {key: getattr(cls, f"get_{key}")(scenario, **arguments) for key, arguments in components.items()}
        yield cls(scenario, evaluate, logging_level=False, overwrite=True, **given)


def smac_planned(budget: int, resources: tuple[int, ...]) -> int:
    """The number of trials in a budget of full evaluations, as SMAC's example for several fidelities counts them."""
    from smac.intensifier.hyperband_utils import determine_hyperband_for_multifidelity

    eta = resources[1] // resources[0]
    plan = determine_hyperband_for_multifidelity(
        budget * resources[-1], min_budget=1, max_budget=resources[-1], eta=eta
    )
    return int(plan["n_trials"])


def smac_optimize(
    name: str,
    native: Any,
    space: Space,
    trials: int,
    resources: tuple[int, ...],
    seed: int,
    change: Callable[[Any], None] = lambda _: None,
    objective: Objective | None = None,
    **given: Any,
) -> Objective:
    """What `facade.optimize()` asks for; a failure is an exception. `change` is done to the facade before it begins."""
    if objective is None:
        objective = TwoObjectives() if given.get("objectives") == 2 else Objective()

    def evaluate(config: Any, seed: int, budget: float) -> Any:
        value, failed = objective(space.canonical(plain(config)), budget)
        if failed:
            raise ArithmeticError
        return list(value) if isinstance(value, tuple) else value

    with smac_facade(name, native, trials, resources, seed, evaluate, **given) as facade:
        change(facade)
        facade.optimize()
    return objective


# DEHB's loop, as its documentation has it.


@contextmanager
def dehb_object(native: Any, resources: tuple[int, ...], seed: int, f: Any = None, **given: Any) -> Iterator[Any]:
    """The library's own object, whose space has the same seed; its log is closed in the end."""
    import dehb
    from dehb.optimizers.dehb import logger

    native.seed(seed)
    logger.remove()  # of what it says on the terminal
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        arguments = {"min_fidelity": 1, "max_fidelity": resources[-1], "eta": resources[1] // resources[0]} | given
        try:
            yield dehb.DEHB(f=f, cs=native, seed=seed, n_workers=1, output_path=folder, **arguments)
        finally:
            logger.remove()


def dehb_run(native: Any, space: Space, trials: int, resources: tuple[int, ...], seed: int, **given: Any) -> Objective:
    """What `dehb.run(fevals=trials)` asks for; of a failure it is given the worst loss so far."""
    objective = Objective()

    def f(config: Any, fidelity: float) -> dict[str, float]:
        value, _ = objective(space.canonical(plain(config)), fidelity)
        return {"fitness": value, "cost": fidelity}

    with dehb_object(native, resources, seed, f, **given) as optimizer:
        optimizer.run(fevals=trials)
    return objective


# Several workers.

Event = tuple[str, int]
"""`ask` or `tell`, and the number of the proposal."""


def simulate(optimizer: Any, workers: int, begun: int, objective: Objective) -> tuple[list[Event], list[Proposal]]:
    """A log of events: an evaluation takes as long as its fidelity less that which it goes on from, and some."""
    events: list[Event] = []
    proposals: list[Proposal] = []
    running: list[tuple[float, int]] = []
    clock = 0.0
    while len(proposals) < begun or running:
        if len(running) < workers and len(proposals) < begun:
            proposal = optimizer.ask()
            duration = proposal.fidelity - proposal.continues + 0.1 * math.sin(len(proposals))
            heapq.heappush(running, (clock + duration, len(proposals)))
            events.append(("ask", len(proposals)))
            proposals.append(proposal)
            continue
        clock, number = heapq.heappop(running)
        configuration, fidelity, _ = proposals[number]
        optimizer.tell(proposals[number], *objective(configuration, fidelity))
        events.append(("tell", number))
    return events, proposals
