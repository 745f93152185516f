"""Which trial of a run its incumbent is: the lowest loss at the highest fidelity that the run has reached."""

import math
from collections.abc import Iterable, Iterator


def incumbents(fidelities: Iterable[float], losses: Iterable[float]) -> Iterator[int]:
    """The places of the trials of a run by which its incumbent changed, in order; the last is that of its end.

    `fidelities` are the rungs reached, inf where there is no ladder; `losses` those at these rungs, NaN where there is
    none. Of equals the first counts.
    """
    highest, lowest = 0.0, math.inf
    for place, (fidelity, loss) in enumerate(zip(fidelities, losses, strict=True)):
        if not math.isnan(loss) and (fidelity > highest or (fidelity == highest and loss < lowest)):
            highest, lowest = fidelity, loss
            yield place
