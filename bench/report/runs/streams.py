"""What runs record of a stream: how many blocks it has, and where it is known to drift."""

import math
from collections.abc import Mapping
from typing import Any

from bench.checks import is_whole


def blocks_of(facts: Mapping[str, Any]) -> int:
    """How many blocks a stream has, by what its runs record of it; 0 where that is not known."""
    numbers = [facts.get(name) for name in ("rows", "window", "block")]
    if not all(is_whole(number, 1) for number in numbers):
        return 0
    rows, window, block = (int(number) for number in numbers if number is not None)
    return max(math.floor((rows - window) / block), 0)


def positions_of(facts: Mapping[str, Any]) -> list[int]:
    """The rows at which a stream is known to drift; none where that is not recorded."""
    positions = facts.get("positions")
    return [row for row in positions if is_whole(row, 0)] if isinstance(positions, list) else []
