"""CatCMA with margin, of the library cmaes: CMA-ES for floats, integers and categories at once."""

import itertools
import math
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from cmaes import CatCMAwM

from bench.checks import whole
from bench.errors import UserError
from bench.optimizers import Declaration, Law, Told
from bench.space import Categorical, Configuration, Float, Ordered, Parameter, Space, steps, to_json
from bench.space.scales import BACK, FORWARD

_LISTED = 1_000
"""The most values of a whole number that are listed, in one matrix; one of more is a continuous variable, rounded."""


class CatCMA:
    """Asks for what a loop of `cmaes.CatCMAwM(x_space, z_space, c_space, seed=seed)` does, a generation at a time.

    The loop is that of the class's documentation, `population_size` asks and one tell, without a restart. Floats are
    its continuous variables (their logarithms where `log`), whole numbers and steps its integer variables (logarithms
    likewise); categorical ones and, as its documentation advises, whatever has two values its categories. It knows no
    conditions: it is shown every parameter as active. It knows no failures: it is told the loss it is given.

    Settings: `population_size` and `sigma` of CatCMAwM.

    After a shared initial design its mean starts at the best of it, with the covariance of its own start.

    R. Hamano et al., CatCMA with Margin: Stochastic Optimization for Continuous, Integer, and Categorical Variables,
    arXiv:2504.07884, 2025.
    """

    revision = 1
    independent = False
    libraries = ("cmaes",)

    def __init__(
        self,
        space: Space,
        seed: int,
        budget: int | None,
        population_size: int | None = None,
        sigma: float | None = None,
    ) -> None:
        if population_size is not None:
            whole("optimizer.settings.population_size", population_size, 4)
        if sigma is not None and not sigma > 0:
            raise UserError(f"optimizer.settings.sigma={sigma!r}: expected a number above 0")
        self._space = space
        self._floats = [p for p in space.searched if _kind(p) == "float"]
        self._whole = [p for p in space.searched if _kind(p) == "whole"]
        self._chosen = [p for p in space.searched if _kind(p) == "chosen"]
        self._settings: dict[str, Any] = {"population_size": population_size, "sigma": sigma, "seed": seed}
        self._optimizer: Any = self._make() if space.searched else None  # a space of constants leaves nothing to show
        self._asked: dict[str, list[Any]] = {}
        self._generation: list[tuple[Any, float]] = []
        self.declared = Declaration(
            laws={p.name: law for p in space.searched if (law := _law(p, sigma or 1.0)) is not None},
            inactive="shown as active, at the value proposed" if space.conditional else "absent",
            fallback="none; the first generation is drawn around the middle",
            takes_unasked=False,
        )

    def start(self, results: Sequence[Told]) -> None:
        """Begin at the best of the results of a shared initial design."""
        successes = [result for result in results if not result.failed]
        shown = [*self._floats, *self._whole]
        if successes and shown:
            best = min(successes, key=lambda result: result.loss).configuration
            low, high = np.array([_bounds(p) for p in shown]).T
            middle = (low + high) / 2
            mean = [_encode(p, best[p.name]) if p.name in best else m for p, m in zip(shown, middle, strict=True)]
            widths = (high - low) / 2 / np.where(np.arange(len(shown)) < len(self._floats), 6, 5)  # as without a mean
            self._optimizer = self._make(mean=np.array(mean), cov=np.diag(widths**2))

    def ask(self) -> Configuration:
        if self._optimizer is None:
            return self._space.canonical({})
        with _quiet():
            solution = self._optimizer.ask()
        proposed: dict[str, Any] = {}
        for parameters, values in ((self._floats, solution.x), (self._whole, solution.z), (self._chosen, solution.c)):
            proposed |= {p.name: value for p, value in zip(parameters, () if values is None else values, strict=True)}
        configuration = self._space.assemble(lambda parameter: _decode(parameter, proposed[parameter.name]))
        self._asked.setdefault(to_json(configuration), []).append(solution)
        return configuration

    def tell(self, configuration: Configuration, loss: float, failed: bool = False) -> None:
        solutions = self._asked.get(to_json(self._space.canonical(configuration)))
        if not solutions:
            return  # of no generation
        self._generation.append((solutions.pop(0), loss))
        if len(self._generation) == self._optimizer.population_size:
            with _quiet():
                self._optimizer.tell(self._generation)
            self._generation = []

    def _make(self, **start: Any) -> Any:
        spaces: dict[str, Any] = {
            "x_space": [_bounds(p) for p in self._floats],
            "z_space": [_values(p) for p in self._whole],
            "c_space": [len(p.values() or ()) for p in self._chosen],
        }
        given = {key: value for key, value in (spaces | self._settings | start).items() if value is not None}
        return CatCMAwM(**{key: value for key, value in given.items() if not isinstance(value, list) or value})


def _kind(parameter: Parameter) -> str:
    if isinstance(parameter, Categorical):
        return "chosen"
    if isinstance(parameter, Float) and not parameter.stepped:
        return "float"
    low, high = _places(parameter)
    if high - low == 1:
        return "chosen"
    return "whole" if high - low < _LISTED else "float"


def _places(parameter: Ordered) -> tuple[int, int]:
    """The ends of a whole number, or of the places of a stepped one."""
    return (0, steps(parameter)) if parameter.stepped else (int(parameter.low), int(parameter.high))


def _values(parameter: Parameter) -> list[float]:
    assert not isinstance(parameter, Categorical)
    low, high = _places(parameter)
    return [math.log(k) if parameter.log else k for k in range(low, high + 1)]


def _bounds(parameter: Parameter) -> tuple[float, float]:
    """The ends as the library has them; of a whole number too large to be listed half a step further."""
    assert not isinstance(parameter, Categorical)
    if isinstance(parameter, Float) and not parameter.stepped:
        return parameter.ends
    whole = _places(parameter)
    margin = 0.5 if _kind(parameter) == "float" else 0
    low, high = whole[0] - margin, whole[1] + margin
    return (math.log(low), math.log(high)) if parameter.log else (low, high)


def _decode(parameter: Parameter, value: Any) -> Any:
    if isinstance(parameter, Categorical):
        return parameter.choices[int(np.argmax(value))]
    if _kind(parameter) == "chosen":
        values = parameter.values() or []
        return values[int(np.argmax(value))]
    number = BACK[parameter.scale](value)
    if isinstance(parameter, Float) and not parameter.stepped:
        return number
    low, high = _places(parameter)
    place = min(max(round(number), low), high)
    return parameter.at(place) if parameter.stepped else place


def _encode(parameter: Parameter, value: Any) -> float:
    assert not isinstance(parameter, Categorical)
    return FORWARD[parameter.scale](parameter.place(value) if parameter.stepped else value)


def _law(parameter: Parameter, sigma: float) -> Law | None:
    """How the first generation is drawn: normal around the middle, of `sigma` times a part of half the range."""
    if isinstance(parameter, Categorical):
        return None
    if _kind(parameter) == "chosen":
        return _distance("c_space: one of two", [0.5, 0.5], parameter)
    if _kind(parameter) == "whole":
        values = _values(parameter)
        middle, deviation = (values[0] + values[-1]) / 2, sigma * (values[-1] - values[0]) / 2 / 5
        cuts = [(a + b) / 2 for a, b in itertools.pairwise(values)]
        below = [0.0, *(_below((cut - middle) / deviation) for cut in cuts), 1.0]
        words = (
            "z_space of places" if parameter.stepped else f"z_space of {'logarithms' if parameter.log else 'values'}"
        )
        return _distance(f"{words}, normal around the middle", [b - a for a, b in itertools.pairwise(below)], parameter)
    # Of half the range: more than uniform where the density is above 1/2, and at the ends, to which it is clipped.
    deviation = sigma / 6
    peak = 1 / (deviation * math.sqrt(2 * math.pi))
    above = min(deviation * math.sqrt(2 * math.log(2 * peak)), 1.0) if peak > 1 / 2 else 0.0
    inside = 2 * _below(above / deviation) - 1 - above
    of = {"linear": "", "log": " of logarithms", "logit": " of logits"}[parameter.scale]
    expression = f"x_space{of}, normal around the middle"
    return Law(expression, inside + 2 * _below(-1 / deviation))


def _distance(expression: str, shares: Sequence[float], parameter: Ordered) -> Law:
    reference = parameter.probabilities()
    assert reference is not None, f"{parameter.name}: a whole number has probabilities"
    return Law(expression, float(np.abs(np.array(shares) - reference).sum()) / 2)


def _below(deviations: float) -> float:
    """The share of a normal distribution below so many standard deviations."""
    return (1 + math.erf(deviations / math.sqrt(2))) / 2


@contextmanager
def _quiet() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        yield
