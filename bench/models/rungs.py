"""The rungs of `Model.fit_rungs` that a training has still to reach."""

from collections.abc import Callable, Sequence

from bench.models import At, Fitted


class Rungs:
    """Ascending numbers of rounds or epochs, at each of which `at` is called, until it returns True."""

    def __init__(self, rungs: Sequence[int], at: At) -> None:
        self._left, self._at = list(rungs), at

    def reached(self, number: int, fitted: Callable[[], Fitted]) -> bool:
        """After round or epoch `number`; whether training ends. `fitted` is what it would give that ended here."""
        if number == self._left[0] and self._at(self._left.pop(0), fitted()):
            self._left.clear()
        return not self._left

    def ended(self, fitted: Callable[[], Fitted]) -> None:
        """After training: where early stopping has ended it, each rung that is left has its result."""
        while self._left:
            if self._at(self._left.pop(0), fitted()):
                return
