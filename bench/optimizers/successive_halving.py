"""Random search with synchronous successive halving: brackets of random configurations, of which the best go on."""

from collections import deque
from collections.abc import Iterable, Sequence

import numpy as np

from bench.optimizers import Declaration, Proposal
from bench.optimizers.rungs import Open
from bench.space import Configuration, Space


class SuccessiveHalving:
    """Brackets of eta^K configurations, drawn as random search draws them and begun at the lowest of K + 1 resources.

    When all of a rung have been told, the best 1/eta of its full number go on to the next resource, best first; where
    fewer succeeded, those that did. Of equal losses the one that was asked earlier is the better. A bracket ends with
    one configuration at full fidelity, or where none has succeeded. The next begins once nothing of those before can be
    asked, be it that they wait for results.

    K. Jamieson and A. Talwalkar, Non-stochastic Best Arm Identification and Hyperparameter Optimization, AISTATS 2016.
    """

    revision = 1
    independent = False
    libraries = ("numpy",)
    declared = Declaration(takes_unasked=False)

    def __init__(self, space: Space, seed: int, budget: int | None, resources: Sequence[int]) -> None:
        self._space, self._resources = space, tuple(resources)
        self._rng = np.random.default_rng(seed)
        self._brackets: list[_Bracket] = []
        self._open = Open[tuple[_Bracket, int]]()

    def ask(self) -> Proposal:
        bracket = next((bracket for bracket in self._brackets if bracket.waiting), None)
        if bracket is None:
            width = self._resources[-1] // self._resources[0]
            bracket = _Bracket(self._resources, (self._space.sample(self._rng) for _ in range(width)))
            self._brackets.append(bracket)
        proposal, place = bracket.ask()
        return self._open.add(proposal, (bracket, place))

    def tell(self, proposal: Proposal, loss: float, failed: bool = False) -> None:
        bracket, place = self._open.close(proposal)
        bracket.tell(place, proposal.configuration, None if failed else loss)
        if bracket.ended:
            self._brackets.remove(bracket)


class _Bracket:
    """One bracket, at one of its rungs."""

    def __init__(self, resources: Sequence[int], configurations: Iterable[Configuration]) -> None:
        self._resources = resources
        self._rung = 0
        self._asked = self._told = 0
        """Of this rung."""
        self._succeeded: list[tuple[float, int, Configuration]] = []
        """Of this rung: loss, place in the order of asking, configuration."""
        self.waiting = deque(configurations)
        """To be asked at this rung."""

    @property
    def ended(self) -> bool:
        return not self.waiting and self._told == self._asked

    def ask(self) -> tuple[Proposal, int]:
        """The next proposal, and its place in the rung."""
        continues = self._resources[self._rung - 1] if self._rung else 0
        place, self._asked = self._asked, self._asked + 1
        return Proposal(self.waiting.popleft(), self._resources[self._rung], continues), place

    def tell(self, place: int, configuration: Configuration, loss: float | None) -> None:
        """`loss` is None of one that failed."""
        self._told += 1
        if loss is not None:
            self._succeeded.append((loss, place, configuration))
        if self.ended and self._rung + 1 < len(self._resources):
            self._rung += 1
            self._asked = self._told = 0
            best = sorted(self._succeeded, key=lambda result: result[:2])
            self._succeeded = []
            self.waiting.extend(result[2] for result in best[: self._resources[-1] // self._resources[self._rung]])
