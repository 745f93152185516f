"""Grid search: every combination of a few levels of each parameter, once."""

from functools import cache

import numpy as np

from bench.checks import whole
from bench.errors import UserError, allowed
from bench.optimizers import Declaration, Exhausted
from bench.space import Configuration, Space, Value

_ORDERS = ("shuffled", "lexicographic")


class GridSearch:
    """Asks for each point of the grid once, then is exhausted.

    A parameter has its own `levels`, or those of the setting; ends included, evenly spaced on its scale; a categorical
    one has all its choices. Points are numbered as leaves of the tree in which every active parameter, in space
    order, branches into its levels, so that a conditional space holds no point twice. They are found from their
    number alone: 3**20 of them cost nothing until they are asked for.

    Settings:
        order: `shuffled` (by the seed, every order equally likely) or `lexicographic` (last parameter fastest).
        levels: levels of the parameters that name none, 1 or more.
    """

    revision = 1
    independent = True
    libraries = ("numpy",)

    def __init__(self, space: Space, seed: int, budget: int | None, order: str = "shuffled", levels: int = 3) -> None:
        if order not in _ORDERS:
            raise UserError(f"optimizer.settings.order={order!r}: unknown order; {allowed(order, _ORDERS)}")
        whole("optimizer.settings.levels", levels, 1, 10_000)
        self.declared = Declaration(deterministic=order == "lexicographic")
        self._space = space
        self._levels = [tuple(dict.fromkeys(p.grid(p.levels or levels))) for p in space.parameters]
        # What later parameters still depend on: with it, the number of completions is counted once for all prefixes.
        self._remembered = [
            tuple(p.name for p in space.parameters[:i] if any(p.name in later.when for later in space.parameters[i:]))
            for i in range(len(space.parameters) + 1)
        ]
        self._completions = cache(self._count)
        self._rng = np.random.default_rng(seed) if order == "shuffled" else None
        self._moved: dict[int, int] = {}
        self._asked = 0
        self.size: int = self._completions(0, ())

    def __len__(self) -> int:
        """The number of points; `size` where it may pass 2**63."""
        return self.size

    def ask(self) -> Configuration:
        if self._asked == self.size:
            raise Exhausted(f"all {self.size} points of the grid were asked")
        index = self._asked if self._rng is None else self._shuffled(self._rng)
        self._asked += 1
        return self._point(index)

    def tell(self, configuration: Configuration, loss: float, failed: bool = False) -> None:
        """Learns nothing."""

    def _shuffled(self, rng: np.random.Generator) -> int:
        """The next place of a Fisher-Yates shuffle that stores only the places it moved."""
        chosen = self._asked + _below(rng, self.size - self._asked)
        index = self._moved.get(chosen, chosen)
        self._moved[chosen] = self._moved.pop(self._asked, self._asked)
        return index

    def _point(self, index: int) -> Configuration:
        """The leaf that has `index` leaves before it."""
        configuration: Configuration = {}
        for i, parameter in enumerate(self._space.parameters):
            if not self._space.is_active(parameter, configuration):
                continue
            for level in self._levels[i]:
                configuration[parameter.name] = level
                below = self._completions(i + 1, self._state(i + 1, configuration))
                if index < below:
                    break
                index -= below
        return configuration

    def _count(self, i: int, state: tuple[tuple[str, Value], ...]) -> int:
        """Leaves below a node before parameter `i`, of which `state` is what still matters."""
        if i == len(self._space.parameters):
            return 1
        parameter, known = self._space.parameters[i], dict(state)
        if not self._space.is_active(parameter, known):
            return self._completions(i + 1, self._state(i + 1, known))
        if parameter.name not in self._remembered[i + 1]:
            return len(self._levels[i]) * self._completions(i + 1, self._state(i + 1, known))
        return sum(
            self._completions(i + 1, self._state(i + 1, known | {parameter.name: level})) for level in self._levels[i]
        )

    def _state(self, i: int, configuration: Configuration) -> tuple[tuple[str, Value], ...]:
        return tuple((name, configuration[name]) for name in self._remembered[i] if name in configuration)


def _below(rng: np.random.Generator, n: int) -> int:
    """A uniform integer of 0..n-1 for `n` of any size, which `rng.integers` has only up to 2**63."""
    size = (n.bit_length() + 7) // 8
    while True:  # reject what does not fit: less than half of the draws
        number = int.from_bytes(rng.bytes(size), "little") >> (8 * size - n.bit_length())
        if number < n:
            return number
