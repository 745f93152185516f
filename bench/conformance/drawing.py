"""Spaces and seeds as Hypothesis draws them, so that what breaks a rule is shrunk to a small example."""

from typing import Any

from hypothesis import strategies as st

from bench.conformance.spaces import LARGEST_SEED, Case, Entries, case
from bench.space import Parameter
from bench.space.parsing import parse

_CHOICES = ("a", None, True, 2, "b", 3.5, "", "2")
_SEEDS = (0, 1, 2, 12345, LARGEST_SEED)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """1 to 20 parameters of every kind, some with one value, some that rest on others, also on conditional ones."""
    entries: Entries = {}
    restable: list[Parameter] = []
    for i in range(draw(st.sampled_from([1, 2, 3, 4, 5, 6, 8, 20]))):
        name = f"p{i}"
        entry = draw(st.one_of(_floats(), _logits(), _ints(), _steps(), _categoricals(), _ordinals()))
        if restable and draw(st.integers(0, 2)) == 2:
            parent = draw(st.sampled_from(restable))
            values = parent.values()
            assert values is not None
            entry["when"] = {parent.name: draw(st.lists(st.sampled_from(values), min_size=1, max_size=2))}
        entries[name] = entry
        parameter = parse(entries).parameters[-1]
        if (values := parameter.values()) is not None and len(values) <= 100:
            restable.append(parameter)
    return case(entries, draw(st.sampled_from(_SEEDS)))


@st.composite
def _floats(draw: st.DrawFn) -> dict[str, Any]:
    low, high = draw(st.sampled_from([(0.0, 1.0), (0.5, 0.5), (-2.5, 0.25), (1e-8, 10.0), (0.01, 1e4), (-1e6, 1e6)]))
    entry: dict[str, Any] = {"type": "float", "low": low, "high": high}
    if low > 0 and draw(st.booleans()):
        entry["log"] = True
    return _with_default(draw, entry, [low, high])


@st.composite
def _logits(draw: st.DrawFn) -> dict[str, Any]:
    low, high = draw(st.sampled_from([(0.01, 0.99), (0.9, 1 - 1e-6), (1e-9, 0.5)]))
    return _with_default(draw, {"type": "float", "low": low, "high": high, "scale": "logit"}, [low, high])


@st.composite
def _ints(draw: st.DrawFn) -> dict[str, Any]:
    low, high = draw(st.sampled_from([(0, 1), (1, 4), (3, 3), (-5, 5), (8, 256), (1, 1_000_000), (10, 11)]))
    entry: dict[str, Any] = {"type": "int", "low": low, "high": high}
    if low > 0 and draw(st.booleans()):
        entry["log"] = True
    return _with_default(draw, entry, [low, high])


@st.composite
def _steps(draw: st.DrawFn) -> dict[str, Any]:
    kind, low, step = draw(
        st.sampled_from([("int", 0, 2), ("int", 32, 32), ("float", 0.0, 0.1), ("float", -0.5, 0.25)])
    )
    count = draw(st.sampled_from([1, 2, 5, 0]))
    high = low + count * step if kind == "int" else round(low + count * step, 6)
    return _with_default(draw, {"type": kind, "low": low, "high": high, "step": step}, [low, high])


@st.composite
def _categoricals(draw: st.DrawFn) -> dict[str, Any]:
    choices = draw(st.lists(st.sampled_from(_CHOICES), min_size=1, max_size=4, unique=True))
    return _with_default(draw, {"type": "categorical", "choices": choices}, choices)


@st.composite
def _ordinals(draw: st.DrawFn) -> dict[str, Any]:
    several: list[list[Any]] = [[1, 2.5, 40], ["small", "large"], [1e-5, 0.1], [16, 32, 64, 128, None], [7]]
    choices = draw(st.sampled_from(several))
    return _with_default(draw, {"type": "ordinal", "choices": choices}, choices)


def _with_default(draw: st.DrawFn, entry: dict[str, Any], values: list[Any]) -> dict[str, Any]:
    return entry | {"default": draw(st.sampled_from(values))} if draw(st.booleans()) else entry
