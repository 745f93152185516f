"""A configuration of the user's own is proposed once; what is not named has its default, what is wrong is refused."""

import pytest

from bench.errors import UserError
from bench.optimizers import Exhausted
from bench.optimizers.fixed import Fixed
from bench.space import parsing

SPACE = parsing.parse(
    {
        "kind": {"type": "categorical", "choices": ["a", "b"], "default": "a"},
        "of_b": {"type": "int", "low": 1, "high": 9, "default": 2, "when": {"kind": "b"}},
        "rate": {"type": "float", "low": 0.1, "high": 1.0},
    }
)


def test_it_proposes_what_is_given_and_defaults_once() -> None:
    optimizer = Fixed(SPACE, 0, 10, {"rate": 0.5, "kind": "b"})
    assert optimizer.ask() == {"kind": "b", "of_b": 2, "rate": 0.5}
    with pytest.raises(Exhausted):
        optimizer.ask()
    assert Fixed(SPACE, 0, 10, {"rate": 1}).ask() == {"kind": "a", "rate": 1.0}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "configuration.rate: missing, and the space has no default"),
        ({"rate": 7}, "configuration: rate=7"),
        ({"rate": 0.5, "of_b": 3}, "configuration: of_b=3: inactive here"),
        ({"rate": 0.5, "depth": 3}, "configuration: depth: not a parameter"),
        ("rate", "configuration='rate': expected a mapping"),
    ],
)
def test_what_it_cannot_propose_is_one_line(given: object, message: str) -> None:
    with pytest.raises(UserError, match=f"^optimizer.settings.{message}"):
        Fixed(SPACE, 0, 10, given)
