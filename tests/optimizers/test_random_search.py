"""Random search without replacement: random search's own draws without those that came before, to the last."""

import pytest
from loops import build, only
from spaces import FLAT

from bench.errors import UserError
from bench.optimizers import Exhausted
from bench.optimizers.random_search import RandomSearch
from bench.space import to_json


def test_without_replacement_each_configuration_comes_once_in_the_order_of_the_draws() -> None:
    small = only(FLAT, "leaves", "act")
    size = len(small["leaves"].values() or ()) * len(small["act"].values() or ())
    distinct, plain = build("random_distinct", small, 3), build("random", small, 3)
    asked = [to_json(distinct.ask()) for _ in range(size)]
    drawn = dict.fromkeys(to_json(plain.ask()) for _ in range(100 * size))
    assert asked == list(drawn)
    with pytest.raises(Exhausted, match="among the"):
        distinct.ask()
    with pytest.raises(UserError, match=r"settings.replace='no': expected true or false"):
        RandomSearch(small, 0, None, replace="no")
