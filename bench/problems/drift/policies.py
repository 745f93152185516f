"""When hyperparameters are tuned anew, and what a study begins with."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from river.drift import ADWIN

Carry = Literal["cold", "warm", "kept"]
"""What a study takes over from the one before: nothing; the best configurations, as its first points; all of it."""


@dataclass(frozen=True)
class Policy:
    """Of a stream whose first block is always tuned for."""

    when: Literal["never", "periodic", "adwin"]
    """Tuned anew: never; every so many blocks; after a block in which ADWIN detected a change of the errors."""
    carry: Carry = "cold"
    tunes: bool = True
    """Whether there is any study; else the model's default configuration serves."""
    refits: bool = True
    """Whether a model is trained on the newest window before each block, with the hyperparameters that there are."""

    def due(self, since: int, period: int, detected: bool) -> bool:
        """Whether to tune before this block, `since` blocks after the last time; `detected` in the block before."""
        return (self.when == "periodic" and since >= period) or (self.when == "adwin" and detected)


POLICIES = {
    "default": Policy("never", tunes=False),
    "frozen": Policy("never", refits=False),
    "never": Policy("never"),
    **{f"{when}_{carry}": Policy(when, carry) for when in ("periodic", "adwin") for carry in ("cold", "warm", "kept")},
}
"""By the names that a configuration chooses from; `frozen` keeps its first model, all others train for each block."""


class Detector:
    """ADWIN (Bifet and Gavalda 2007) of river, over the errors of one row after another.

    It detects any change of their mean, also one for the better, as when a new model serves.
    """

    def __init__(self, delta: float) -> None:
        self._adwin: Any = ADWIN(delta=delta)  # type: ignore[no-untyped-call]

    def detections(self, errors: Iterable[float]) -> list[int]:
        """The places in `errors` at which a change is detected."""
        places = []
        for place, error in enumerate(errors):
            self._adwin.update(error)
            if self._adwin.drift_detected:
                places.append(place)
        return places
