"""What BoTorch's loops have in common: points of the unit cube, first Sobol's and then a model's, and random states."""

import random
import warnings
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch

from bench.checks import whole
from bench.optimizers import Declaration, inactive, unit_cube
from bench.space import Categorical, Configuration, Parameter, Space, Value, to_json

sobol: Any = torch.quasirandom.SobolEngine


class Loop(ABC):
    """A scrambled Sobol sequence until `initial` results are told, and then what `_candidate` makes of the results.

    Each parameter has as many columns as `widths` says: a number one, by the reference law; a choice what `_choice` and
    `_corner` say. The library knows no conditions: it is shown every parameter as active. It knows no failures: it is
    told the loss it is given.
    """

    revision = 1
    independent = False
    libraries = ("botorch", "gpytorch", "linear-operator", "torch", "numpy", "scipy")
    precision: Any = torch.double
    """Of the Sobol sequence."""
    again: str = ""
    """When the sequence is gone on with later, as the declaration ends."""

    def __init__(
        self, space: Space, seed: int, widths: Sequence[int], initial: int | None = None, **counts: int
    ) -> None:
        """`initial`: twice the number of columns where it is None. It and `counts` are settings, whole numbers from 1.

        Raises `UserError` for one that is none.
        """
        initial = 2 * max(sum(widths), 1) if initial is None else initial
        for name, value in {"initial": initial, **counts}.items():
            whole(f"optimizer.settings.{name}", value, 1)
        self._space, self._shown, self._initial = space, space.searched, initial
        self.declared = Declaration(
            inactive=inactive.SHOWN if space.conditional else "absent",
            fallback=f"a scrambled Sobol sequence until {initial} results are told{self.again}",
        )
        ends = [sum(widths[: place + 1]) for place in range(len(widths))]
        self._columns = {
            p.name: slice(end - width, end) for p, width, end in zip(self._shown, widths, ends, strict=True)
        }
        self._dimension = sum(widths)
        self._sobol = sobol(self._dimension, scramble=True, seed=seed) if self._shown else None
        self._asked: dict[str, list[list[float]]] = {}
        self._points: list[list[float]] = []
        self._gains: list[Any] = []
        """Of each result the loss with the sign reversed, or a list of them."""
        with _kept_random_states():
            torch.default_generator.manual_seed(seed)
            random.seed(seed)  # which draws among more than 20 choices
            self._states = _random_states()

    def ask(self) -> Configuration:
        if self._sobol is None:
            return self._space.canonical({})
        if self._modelled():
            point = self._proposed()
        else:
            point = self._drawn(self._sobol.draw(1, dtype=self.precision)[0].tolist())
        values = {p.name: self._value(p, point[self._columns[p.name]]) for p in self._shown}
        configuration = self._space.assemble(lambda parameter: values[parameter.name])
        # A rounded number is told where its value stands; a choice and an inactive value as they were proposed.
        for p in self._shown:
            if rounded(p):
                point[self._columns[p.name]] = self._place(p, values[p.name])
        self._asked.setdefault(to_json(configuration), []).append(point)
        return configuration

    def tell(self, configuration: Configuration, loss: float | Sequence[float], failed: bool = False) -> None:
        configuration = self._space.canonical(configuration)
        points = self._asked.get(to_json(configuration))
        unasked = [x for p in self._shown for x in self._place(p, inactive.value(p, configuration))]
        self._points.append(points.pop(0) if points else unasked)
        self._gains.append([-each for each in loss] if isinstance(loss, Sequence) else -loss)

    def _modelled(self) -> bool:
        return len(self._gains) >= self._initial

    def _proposed(self) -> list[float]:
        threads = torch.get_num_threads()
        with _kept_random_states(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            torch.set_num_threads(1)
            _set_random_states(self._states)
            try:
                points = torch.tensor(self._points, dtype=torch.double)
                gains = torch.tensor(self._gains, dtype=torch.double).reshape(len(points), -1)
                candidate = self._candidate(points, gains)
            finally:
                self._states = _random_states()
                torch.set_num_threads(threads)
        point: list[float] = candidate[0].tolist()
        return point

    def _value(self, parameter: Parameter, columns: list[float]) -> Value:
        if isinstance(parameter, Categorical):
            return parameter.choices[self._choice(columns)]
        return unit_cube.value(parameter, columns[0])

    def _place(self, parameter: Parameter, value: Any) -> list[float]:
        if isinstance(parameter, Categorical):
            return self._corner(parameter, parameter.choices.index(value))
        return [unit_cube.place(parameter, value)]

    def _drawn(self, point: list[float]) -> list[float]:
        """What the library is shown for a draw from the unit cube."""
        return point

    @abstractmethod
    def _candidate(self, points: Any, gains: Any) -> Any:
        """A tensor of one point, of those told (n, columns) and of their losses, the sign reversed (n, objectives)."""

    @abstractmethod
    def _choice(self, columns: list[float]) -> int:
        """The index of the choice that the columns stand for."""

    @abstractmethod
    def _corner(self, parameter: Categorical, index: int) -> list[float]:
        """The columns of a choice that was not asked."""


def rounded(parameter: Parameter) -> bool:
    """Whether it is a number that has no continuum of values."""
    return not isinstance(parameter, Categorical) and parameter.values() is not None


def _random_states() -> tuple[Any, Any]:
    return torch.get_rng_state(), random.getstate()


def _set_random_states(states: tuple[Any, Any]) -> None:
    torch.set_rng_state(states[0])
    random.setstate(states[1])


@contextmanager
def _kept_random_states() -> Iterator[None]:
    """Leaves the global random states of PyTorch and Python as they were."""
    states = _random_states()
    try:
        yield
    finally:
        _set_random_states(states)
