"""Which trial of a run its incumbent is: the lowest loss at the highest fidelity that the run has reached."""

from collections.abc import Mapping, Sequence
from typing import Any


def incumbent(rows: Sequence[Mapping[str, Any]]) -> int | None:
    """The place of the incumbent at the end of a run, the first of equals; None where no trial has a loss.

    `rows` have `loss`, and of schema 2 `fidelity` and `partial_loss`.

    Where it has no evaluation at full fidelity of its own, `best_loss` and `incumbent_test_loss` of the last row are
    its losses there.
    """
    best: tuple[float, float] | None = None
    place = None
    for number, row in enumerate(rows):
        loss = row.get("partial_loss") if row["loss"] is None else row["loss"]
        if loss is None:
            continue
        fidelity = float("inf") if row["loss"] is not None else row["fidelity"]
        if best is None or (fidelity, -loss) > best:
            best, place = (fidelity, -loss), number
    return place
