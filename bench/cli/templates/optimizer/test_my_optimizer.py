"""Whether my_optimizer keeps the contract, and what it promises beyond it."""

import math
from pathlib import Path

from bench import conformance
from bench.config import catalogue
from bench.space.parsing import parse

HERE = Path(__file__).parent
catalogue.find_own_classes(HERE)


def test_it_keeps_the_contract() -> None:
    """What `bench check my_optimizer` tries, on fewer spaces."""
    checks = conformance.check(conformance.subject("my_optimizer", HERE), examples=5)
    assert not [str(check) for check in checks if check.status == "FAIL"]


def test_it_comes_near_the_bottom_of_a_bowl() -> None:
    """For you to sharpen: a problem that your method should be good at, and a bound that random search misses."""
    space = parse({name: {"type": "float", "low": -1.0, "high": 1.0} for name in ("x", "y")})
    optimizer = conformance.subject("my_optimizer", HERE).build(space, seed=0, budget=100)
    best = math.inf
    for _ in range(100):
        configuration = optimizer.ask()
        loss = float(configuration["x"] or 0) ** 2 + float(configuration["y"] or 0) ** 2
        optimizer.tell(configuration, loss)
        best = min(best, loss)
    assert best < 0.1
