"""The libraries' own documented loops beside ours: the same objective and seed, what each asks, and what ours adds.

`loops_LIBRARY.py` writes each loop by hand, in its library's own words, as a list `CASES`. The tests of faithfulness
compare what is asked, `benchmarks/adapters.py` what our loop adds as well.
"""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Any

import yaml
from commands import ROOT
from threadpoolctl import threadpool_limits

from bench.optimizers import Exhausted
from bench.running import ladders
from bench.space import Configuration, Space, to_json
from bench.space.parsing import parse

CONF = ROOT / "conf" / "optimizer"


def only(space: Space, *names: str) -> Space:
    return Space(tuple(space[name] for name in names))


MIXED = parse(
    {
        "shrink": {"type": "float", "low": 0.0, "high": 0.9},
        "rate": {"type": "float", "low": 0.01, "high": 0.3, "log": True},
        "depth": {"type": "int", "low": 1, "high": 8},
        "leaves": {"type": "int", "low": 1, "high": 4, "log": True},
        "units": {"type": "int", "low": 32, "high": 128, "step": 32},
        "act": {"type": "categorical", "choices": [None, "relu", 7]},
    }
)

NESTED = parse(
    {
        "rate": {"type": "float", "low": 0.01, "high": 0.3, "log": True},
        "kind": {"type": "categorical", "choices": ["adam", "sgd"]},
        "momentum": {"type": "float", "low": 0.0, "high": 0.99, "when": {"kind": "sgd"}},
        "depth": {"type": "int", "low": 1, "high": 8},
    }
)


def build(
    name: str,
    space: Space,
    seed: int = 0,
    budget: int | None = None,
    resources: Sequence[int] | None = None,
    workers: int = 1,
    objectives: int | None = None,
    **overrides: Any,
) -> Any:
    """The optimiser of a config as the runner builds it, with `overrides` in place of its settings."""
    config = yaml.safe_load((CONF / f"{name}.yaml").read_text())
    config["settings"] |= overrides
    return ladders.build(config, space, seed, budget, resources=resources, workers=workers, objectives=objectives)


def loss(values: Configuration) -> float:
    """Smooth in the numbers, of any configuration."""
    numbers = [v for v in values.values() if isinstance(v, (int, float)) and not isinstance(v, bool)]
    return sum(math.sin(3 * v) + (v / 20) ** 2 for v in numbers) + 0.1 * sum(v is None for v in values.values())


def second(values: Configuration) -> float:
    """Another loss, lowest elsewhere."""
    numbers = [v for v in values.values() if isinstance(v, (int, float)) and not isinstance(v, bool)]
    return sum(math.cos(2 * v) + (v / 30 - 1) ** 2 for v in numbers) + 0.1 * sum(v == "relu" for v in values.values())


def failing(values: Configuration) -> bool:
    """Of about a third of configurations."""
    return math.sin(1e3 * float(values["rate"]) + 5 * float(values.get("depth", 0))) > 0.5  # type: ignore[arg-type]


@dataclass
class Objective:
    """What is minimised: gives the loss to tell, of a failure the worst so far, and whether it failed.

    Of two objectives it gives both losses, and the worst of each.
    """

    fails: Callable[[Configuration], bool] = failing
    objectives: int = 1
    asked: list[Configuration] = field(default_factory=list)
    failures: int = 0
    seconds: float = 0.0
    _worst: tuple[float, ...] | None = None

    def __call__(self, configuration: Configuration) -> tuple[Any, bool]:
        start = time.process_time()
        self.asked.append(configuration)
        failed = self.fails(configuration)
        values = (loss(configuration), second(configuration))[: self.objectives]
        self.failures += failed
        if not failed:
            self._worst = values if self._worst is None else tuple(map(max, values, self._worst))
        elif self._worst is not None:
            values = self._worst
        self.seconds += time.process_time() - start
        return values if self.objectives > 1 else values[0], failed


def run(optimizer: Any, trials: int, objective: Objective | None = None) -> list[Configuration]:
    """What `optimizer` asks, told of `objective` (one that never fails)."""
    objective = objective or Objective(lambda _: False)
    for _ in range(trials):
        try:
            configuration = optimizer.ask()
        except Exhausted:
            break
        optimizer.tell(configuration, *objective(configuration))
    return objective.asked


@dataclass(frozen=True)
class Case:
    """A library's own loop on a space in its own words."""

    name: str
    """Of the config in conf/optimizer."""
    label: str
    space: Space
    own: Callable[[Objective, int, int], None]
    """Of objective, seed and trials: calls the objective with configurations in space order."""
    calls: Callable[[Any], list[tuple[Any, str]]]
    """Of the adapter: what it calls of its library, as owner and attribute, for the time that is not its own."""
    needs: str = ""
    """A package that is an extra."""
    settings: dict[str, Any] = field(default_factory=dict)
    """Of the adapter, beside those of the config, where the loop has others."""
    trials: int | None = None
    """So many at most, where each takes seconds and another case has more of them."""
    few: int = 50
    """So many are enough to compare: some more than are drawn before the library's model proposes any."""
    objectives: int = 1
    fails: Callable[[Configuration], bool] = failing

    @property
    def arguments(self) -> dict[str, Any]:
        """Of the adapter, beside space, seed and budget; one that takes several losses takes one without being told."""
        return self.settings | ({"objectives": self.objectives} if self.objectives > 1 else {})

    @property
    def missing(self) -> bool:
        return bool(self.needs) and find_spec(self.needs) is None


@dataclass(frozen=True)
class Comparison:
    """Trials asked alike from the first on, and CPU seconds per trial."""

    equal: int
    trials: int
    failures: int
    own: float
    """Of the library's own loop, without the objective."""
    added: float
    """Of ours, outside the library's functions."""

    @property
    def bound(self) -> float:
        return max(0.05 * self.own, 2e-4)


def own_loop(case: Case, seed: int, trials: int) -> Objective:
    """What the library's own loop asks."""
    own = Objective(case.fails, case.objectives)
    with threadpool_limits(1):
        case.own(own, seed, trials)
    return own


def our_loop(case: Case, seed: int, trials: int) -> Objective:
    """What the adapter asks in ours."""
    ours = Objective(case.fails, case.objectives)
    with threadpool_limits(1):
        run(build(case.name, case.space, seed, trials, **case.arguments), trials, ours)
    return ours


def compare(case: Case, seed: int, trials: int) -> Comparison:
    """Run both. A library's own time varies more than an adapter adds, so that the difference of both says nothing:
    what ours adds is its time less the time inside the library's functions, which its loop calls as often; of a trial
    the median, as other processes disturb some."""
    trials = min(trials, case.trials or trials)
    with threadpool_limits(1):
        own, ours = (Objective(case.fails, case.objectives) for _ in range(2))
        start = time.process_time()
        case.own(own, seed, trials)
        own_seconds = time.process_time() - start - own.seconds
        optimizer = build(case.name, case.space, seed, trials, **case.arguments)
        added = []
        with clock(case.calls(optimizer)) as inside:
            for _ in range(trials):
                start, others = time.process_time(), inside[0] + ours.seconds
                run(optimizer, 1, ours)
                added.append(time.process_time() - start - (inside[0] + ours.seconds - others))
    return Comparison(equal(own, ours), trials, own.failures, own_seconds / trials, median(added))


def equal(own: Objective, ours: Objective) -> int:
    """How many trials were asked alike, from the first on."""
    alike = [to_json(a) == to_json(b) for a, b in zip(own.asked, ours.asked, strict=True)]
    return alike.index(False) if False in alike else len(alike)


@contextmanager
def clock(calls: list[tuple[Any, str]]) -> Iterator[list[float]]:
    """The CPU seconds spent inside the given functions, those that they call among each other counted once.

    With what the clock itself takes, which is measured first.
    """
    seconds, depth, own = [0.0], [0], [0.0]

    def clocked(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            depth[0] += 1
            start = time.process_time()
            try:
                return function(*args, **kwargs)
            finally:
                depth[0] -= 1
                if not depth[0]:
                    seconds[0] += time.process_time() - start + own[0]

        return call

    nothing, taken = clocked(lambda: None), []
    for _ in range(200):
        start, others = time.process_time(), seconds[0]
        nothing()
        taken.append(time.process_time() - start - (seconds[0] - others))
    seconds[0], own[0] = 0.0, median(taken)

    originals = [(owner, name, vars(owner).get(name), getattr(owner, name)) for owner, name in calls]
    for owner, name, _, function in originals:
        setattr(owner, name, clocked(function))
    try:
        yield seconds
    finally:
        for owner, name, held, _ in originals:
            if held is None:
                delattr(owner, name)
            else:
                setattr(owner, name, held)


def cases() -> list[Case]:
    """All of the `loops_*.py` beside this file, of which some have settings that are quicker than the config's."""
    return [case for module in _modules() for case in module.CASES]


def shipped() -> list[Case]:
    """Those without settings of their own, and in place of the others their `SHIPPED`: configs as they are."""
    as_is = [case for case in cases() if not case.settings]
    return as_is + [case for module in _modules() for case in getattr(module, "SHIPPED", ())]


def _modules() -> list[Any]:
    return [import_module(path.stem) for path in sorted(Path(__file__).parent.glob("loops_*.py"))]


def never(_: Configuration) -> bool:
    """For what takes no failures."""
    return False
