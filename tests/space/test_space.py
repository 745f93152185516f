"""The space: canonical form, reference law, grids, and a YAML form whose every mistake is named by its key."""

import itertools
import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special, stats
from spaces import CONDITIONAL, CONSTANT, FLAT, spaces

from bench.errors import UserError
from bench.space import Categorical, Float, Int, InvalidConfiguration, Space, to_json
from bench.space.initial_design import quantile
from bench.space.parsing import parse


def one(**entry: Any) -> Any:
    return parse({"x": entry})["x"]


def seeded(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


@given(spaces(), st.integers(0, 2**32))
def test_a_sample_is_canonical_and_canonical_form_is_idempotent(space: Space, seed: int) -> None:
    sample = space.sample(seeded(seed))
    canonical = space.canonical(sample)
    assert list(canonical.items()) == list(sample.items())
    assert [type(value) for value in canonical.values()] == [type(value) for value in sample.values()]
    assert space.canonical(dict(reversed(sample.items()))) == canonical
    assert list(space.canonical(dict(reversed(sample.items())))) == list(canonical)


@given(spaces(), st.integers(0, 2**32))
def test_canonical_json_is_read_back_as_it_was(space: Space, seed: int) -> None:
    sample = space.sample(seeded(seed))
    text = to_json(sample)
    back = json.loads(text)
    assert list(back.items()) == list(sample.items())
    assert to_json(space.canonical(back)) == text


@given(spaces(), st.integers(0, 2**32))
def test_values_of_other_types_are_cast_to_the_declared_one(space: Space, seed: int) -> None:
    sample = space.sample(seeded(seed))
    of_numpy = {
        name: np.float64(value)
        if isinstance(value, (int, float)) and not isinstance(space[name], Categorical)
        else value
        for name, value in sample.items()
    }
    assert to_json(space.canonical(of_numpy)) == to_json(sample)


@given(spaces(continuous=False))
def test_active_parameters_are_those_whose_conditions_hold(space: Space) -> None:
    for values in itertools.product(*(p.values() or [] for p in space.parameters)):
        full = dict(zip((p.name for p in space.parameters), values, strict=True))
        active: set[str] = set()
        for p in space.parameters:
            if all(parent in active and full[parent] in allowed for parent, allowed in p.when.items()):
                active.add(p.name)
        configuration = {name: full[name] for name in full if name in active}
        assert space.canonical(configuration) == configuration
        if len(active) < len(full):
            with pytest.raises(InvalidConfiguration, match="inactive here"):
                space.canonical(full)


def test_the_law_of_a_log_integer_in_numbers() -> None:
    expected = [math.log(3), math.log(5 / 3), math.log(7 / 5), math.log(9 / 7)]
    assert one(type="int", low=1, high=4, log=True).probabilities() == pytest.approx(np.array(expected) / math.log(9))


@pytest.mark.parametrize("name", ["depth", "leaves", "units", "dropout", "act"])
def test_samples_follow_the_reference_law(name: str) -> None:
    parameter, rng = FLAT[name], seeded(5)
    values, probabilities = parameter.values(), parameter.probabilities()
    assert values is not None
    assert probabilities is not None
    assert probabilities.sum() == pytest.approx(1)
    drawn = [parameter.sample(rng) for _ in range(20_000)]
    counts = [sum(value == other for other in drawn) for value in values]
    assert sum(counts) == len(drawn)
    assert stats.chisquare(counts, 20_000 * probabilities).pvalue > 1e-3


@pytest.mark.parametrize("log", [False, True])
def test_continuous_samples_are_uniform_on_their_scale(log: bool) -> None:
    parameter, rng = one(type="float", low=0.01, high=0.3, log=log), seeded(5)
    scale = math.log if log else float
    drawn = [(scale(parameter.sample(rng)) - scale(0.01)) / (scale(0.3) - scale(0.01)) for _ in range(5_000)]
    assert stats.kstest(drawn, "uniform").pvalue > 1e-3


@given(spaces(), st.integers(1, 7))
def test_a_grid_has_no_value_twice_holds_the_ends_and_is_canonical(space: Space, levels: int) -> None:
    for parameter in space.parameters:
        grid = parameter.grid(levels)
        assert [parameter.cast(value) for value in grid] == grid
        if not isinstance(parameter, Categorical):
            assert len(grid) <= levels
            assert grid == sorted(grid)
            if levels > 1:
                assert [grid[0], grid[-1]] == [parameter.low, parameter.high]
        if parameter.values() is not None:
            assert len(set(map(repr, grid))) == len(grid)


def test_the_grid_of_a_wide_integer_lists_nothing() -> None:
    assert one(type="int", low=0, high=2**50).grid(3) == [0, 2**49, 2**50]
    assert one(type="float", low=0, high=1, step=1e-12).grid(2) == [0.0, 1.0]
    assert one(type="float", low=1e-200, high=1e-150, log=True).grid(1) == pytest.approx([1e-175])


@pytest.mark.parametrize(
    ("entry", "value"),
    [
        ({"type": "int", "low": 1, "high": 4}, 1.5),
        ({"type": "int", "low": 1, "high": 4}, 5),
        ({"type": "int", "low": 1, "high": 4}, True),
        ({"type": "int", "low": 1, "high": 4}, np.True_),
        ({"type": "int", "low": 1, "high": 4}, "2"),
        ({"type": "int", "low": 1, "high": 4}, 10**400),
        ({"type": "int", "low": 1, "high": 9, "step": 4}, 4),
        ({"type": "float", "low": 0, "high": 1}, 1.001),
        ({"type": "float", "low": 0, "high": 1}, math.nan),
        ({"type": "float", "low": 0, "high": 1, "step": 0.25}, 0.3),
        ({"type": "float", "low": 1000, "high": 1000.000001, "step": 1e-7}, 999.9999995),
        ({"type": "categorical", "choices": [1, "a"]}, True),
        ({"type": "categorical", "choices": [None, True]}, 1),
    ],
)
def test_a_value_outside_its_parameter_is_refused_by_name(entry: dict[str, Any], value: Any) -> None:
    with pytest.raises(InvalidConfiguration, match=r"^x="):
        parse({"x": entry}).canonical({"x": value})


def test_missing_and_unknown_values_are_refused_by_name() -> None:
    with pytest.raises(InvalidConfiguration, match="x: no value"):
        parse({"x": {"type": "int", "low": 1, "high": 4}}).canonical({})
    with pytest.raises(InvalidConfiguration, match="y: not a parameter"):
        parse({"x": {"type": "int", "low": 1, "high": 4}}).canonical({"x": 1, "y": 2})


def test_a_float_passed_by_bits_is_held_within_its_ends() -> None:
    assert one(type="float", low=0.01, high=0.3).cast(np.nextafter(0.3, 1)) == 0.3
    assert one(type="float", low=0.1, high=0.3, step=0.1).cast(0.1 + 0.2) == 0.3


def test_constants_are_filled_in_and_not_searched() -> None:
    assert CONSTANT.searched == ()
    assert CONSTANT.canonical({}) == {"rounds": 7, "kind": None, "rate": 0.1} == CONSTANT.default()
    assert "rounds" not in [p.name for p in FLAT.searched]


def test_defaults_are_of_active_parameters_and_a_missing_one_is_named() -> None:
    entry = {"type": "categorical", "choices": [None, "sgd"], "default": None}
    momentum = {"type": "float", "low": 0.0, "high": 0.99, "when": {"kind": "sgd"}}
    assert parse({"kind": entry, "momentum": momentum}).default() == {"kind": None}
    with pytest.raises(UserError, match=r"space\.momentum: has no default"):
        parse({"kind": entry | {"default": "sgd"}, "momentum": momentum}).default()


def test_the_description_tells_spaces_apart() -> None:
    assert len({json.dumps(space.describe()) for space in (FLAT, CONDITIONAL, CONSTANT)}) == 3
    assert FLAT.describe()[4] == {"name": "units", "type": "int", "low": 32, "high": 128, "log": False, "step": 32}


# A logit scale, and values in an order.


def test_a_logit_scale_is_uniform_in_the_log_odds_to_the_ends() -> None:
    share = one(type="float", low=0.01, high=0.999, scale="logit")
    rng = seeded(3)
    unit = [share.sample(rng) for _ in range(500)]
    low, high = special.logit(0.01), special.logit(0.999)
    assert stats.kstest((special.logit(unit) - low) / (high - low), "uniform").pvalue > 1e-3
    assert share.grid(3) == pytest.approx([0.01, special.expit((low + high) / 2), 0.999], rel=1e-12)
    assert [share.grid(3)[0], share.grid(3)[-1]] == [0.01, 0.999]
    assert quantile(share, 0.25) == pytest.approx(special.expit(low + 0.25 * (high - low)), rel=1e-12)


def test_an_ordinal_keeps_the_values_and_their_order() -> None:
    size = one(type="ordinal", choices=[16, 32.5, 128, "all", None], levels=3, default=None)
    assert [size.at(place) for place in range(5)] == size.values() == [16, 32.5, 128, "all", None]
    assert [size.place(value) for value in size.values()] == [0, 1, 2, 3, 4]
    assert size.grid(3) == [16, 128, None]
    assert (size.default, size.has_default, size.cast(16.0)) == (None, True, 16)
    assert [quantile(size, u) for u in (0, 0.39, 0.41, 0.99)] == [16, 32.5, 128, None]
    rng = seeded(0)
    counts = [[size.sample(rng) for _ in range(500)].count(value) for value in size.values()]
    assert stats.chisquare(counts).pvalue > 1e-3


def test_the_new_scale_and_type_are_told_and_leave_other_spaces_as_they_were() -> None:
    log = parse({"x": FLOAT | {"low": 1, "high": 2, "log": True}})
    assert log == parse({"x": FLOAT | {"low": 1, "high": 2, "scale": "log"}})
    assert log.describe() == [{"name": "x", "type": "float", "low": 1.0, "high": 2.0, "log": True}]
    linear, logit = (
        parse({"x": FLOAT | {"low": 0.1, "high": 0.9, "scale": scale}}).describe() for scale in ("linear", "logit")
    )
    assert logit == [linear[0] | {"scale": "logit"}]
    kinds = [parse({"x": kind | {"choices": [1, 2]}}).describe() for kind in (KIND, ORDINAL)]
    assert kinds[1] == [kinds[0][0] | {"type": "ordinal"}]


INT, FLOAT, KIND, ORDINAL = {"type": "int"}, {"type": "float"}, {"type": "categorical"}, {"type": "ordinal"}


@pytest.mark.parametrize(
    ("config", "key"),
    [
        ({}, "space: "),
        ([1], "space: "),
        ({"x": 3}, "space.x: "),
        ({"x\n\x1b[2J\u202e": 3}, r"space.x \\x1b\[2J\\u202e: "),
        ({"x": {}}, "space.x.type=None: "),
        ({"prepare": {"scale": {"type": "categorical"}}}, "space.prepare: has no 'type'; .* as prepare.scale: {type: "),
        ({"x": {"type": "integer"}}, "space.x.type='integer': .*did you mean int"),
        ({"x": {"type": ["int"]}}, "space.x.type="),
        ({"x": INT | {"low": 1, "hihg": 2}}, "space.x.hihg: .*did you mean high"),
        ({"x": KIND | {"choices": [1], "levels": 2}}, "space.x.levels: "),
        ({"x": INT | {"high": 2}}, "space.x.low: missing"),
        ({"x": INT | {"low": 1}}, "space.x.high: missing"),
        ({"x": INT | {"low": 1.5, "high": 2}}, "space.x.low=1.5: "),
        ({"x": INT | {"low": 1, "high": math.inf}}, "space.x.high=inf: "),
        ({"x": INT | {"low": 1, "high": 10**20}}, "space.x: .*2\\*\\*53"),
        ({"x": FLOAT | {"low": "a", "high": 2}}, "space.x.low='a': "),
        ({"x": FLOAT | {"low": True, "high": 2}}, "space.x.low=True: "),
        ({"x": FLOAT | {"low": 0, "high": 10**400}}, "space.x.high="),
        ({"x": FLOAT | {"low": 3, "high": 2}}, "space.x: low=3.0 is greater"),
        ({"x": FLOAT | {"low": -1e308, "high": 1e308}}, "space.x: low=-1e\\+308, .*within -1e30..1e30"),
        ({"x": FLOAT | {"low": 0, "high": 4e35}}, "space.x: low=0.0, .*within -1e30..1e30"),
        ({"x": FLOAT | {"low": 1e-200, "high": 1e200, "log": True}}, "space.x: low=1e-200, .*a factor of 1e308"),
        ({"x": FLOAT | {"low": 5e-324, "high": 1, "log": True}}, "space.x: low=5e-324, .*a factor of 1e308"),
        ({"x": FLOAT | {"low": 1, "high": 1 + 2**-52}}, "space.x: low=1.0, .*too near each other"),
        ({"x": FLOAT | {"low": 0, "high": 1e-310}}, "space.x: low=0.0, .*too near each other"),
        ({"x": INT | {"low": -(2**60), "high": 0}}, "space.x: .*2\\*\\*53"),
        ({"x": FLOAT | {"low": 0, "high": 1, "levels": 10**9}}, "space.x.levels=1000000000: .*1 to 10000"),
        ({"x": FLOAT | {"low": 1, "high": 2, "log": "yes"}}, "space.x.log='yes': "),
        ({"x": FLOAT | {"low": 0, "high": 2, "log": True}}, "space.x.low=0.0: "),
        ({"x": FLOAT | {"low": 1, "high": 2, "log": True, "step": 1}}, "space.x.step=1.0: "),
        ({"x": FLOAT | {"low": 1, "high": 2, "step": 0}}, "space.x.step=0.0: "),
        ({"x": FLOAT | {"low": 1, "high": 2, "step": 0.3}}, "space.x.high=2.0: "),
        ({"x": FLOAT | {"low": 0, "high": 1e30, "step": 1}}, "space.x.step=1.0: "),
        ({"x": INT | {"low": 1, "high": 2, "step": 0.5}}, "space.x.step=0.5: "),
        ({"x": INT | {"low": 1, "high": 2, "levels": 0}}, "space.x.levels=0: "),
        ({"x": INT | {"low": 1, "high": 2, "levels": True}}, "space.x.levels=True: "),
        ({"x": INT | {"low": 1, "high": 2, "default": 3}}, "space.x.default: "),
        ({"x": KIND}, "space.x.choices=None: "),
        ({"x": KIND | {"choices": "ab"}}, "space.x.choices='ab': "),
        ({"x": KIND | {"choices": []}}, "space.x.choices="),
        ({"x": KIND | {"choices": [[1]]}}, "space.x.choices: "),
        ({"x": KIND | {"choices": [math.nan]}}, "space.x.choices: nan"),
        ({"x": KIND | {"choices": [True, 1]}}, "space.x.choices: 1 stands there twice"),
        ({"x": KIND | {"choices": [1, 2], "default": None}}, "space.x.default: "),
        ({"x": FLOAT | {"low": 0, "high": 0.5, "scale": "logit"}}, "space.x: low=0.0, high=0.5: a logit .* high < 1"),
        ({"x": FLOAT | {"low": 0.5, "high": 1, "scale": "logit"}}, "space.x: low=0.5, high=1.0: a logit .* high < 1"),
        ({"x": FLOAT | {"low": 0.1, "high": 0.5, "scale": "logti"}}, "space.x.scale='logti': .*did you mean logit"),
        ({"x": FLOAT | {"low": 0.1, "high": 0.5, "scale": "logit", "step": 0.1}}, "space.x.step=0.1: a logit scale"),
        ({"x": FLOAT | {"low": 1, "high": 2, "scale": "linear", "log": True}}, "space.x.scale='linear': contradicts"),
        ({"x": INT | {"low": 1, "high": 2, "scale": "logit"}}, "space.x.scale='logit': .*linear, log"),
        ({"x": ORDINAL | {"choices": [1, 4, 2]}}, "space.x.choices=.*ascending"),
        ({"x": ORDINAL | {"choices": [1, 2], "default": 3}}, "space.x.default: "),
        ({"x": ORDINAL | {"choices": [1, 2], "log": True}}, "space.x.log: unknown key for type ordinal"),
        ({"x": INT | {"low": 1, "high": 2, "when": "y"}}, "space.x.when='y': "),
        ({"x": INT | {"low": 1, "high": 2, "when": {"x": 1}}}, "space.x.when.x: "),
        ({"y": INT | {"low": 1, "high": 2}, "x": KIND | {"choices": [1], "when": {"y": 3}}}, "space.x.when: y=3"),
        ({"y": INT | {"low": 1, "high": 2}, "x": KIND | {"choices": [1], "when": {"y": []}}}, "space.x.when.y: "),
        ({"y": FLOAT | {"low": 1, "high": 2}, "x": KIND | {"choices": [1], "when": {"y": 1}}}, "space.x.when.y: "),
    ],
)
def test_every_mistake_is_named_by_its_key_in_one_line(config: Any, key: str) -> None:
    with pytest.raises(UserError, match=f"^{key}") as caught:
        parse(config)
    assert "\n" not in str(caught.value)


def test_numbers_that_yaml_reads_as_text_are_numbers() -> None:
    assert one(type="float", low="1e-3", high=1) == Float("x", 0.001, 1.0)
    assert one(type="int", low=1, high=4.0) == Int("x", 1, 4)
