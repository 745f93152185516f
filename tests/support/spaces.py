"""Spaces for tests: a flat one with every kind of parameter, a conditional one, and any small one."""

from typing import Any

from hypothesis import strategies as st

from bench.space import Space
from bench.space.parsing import parse

FLAT = parse(
    {
        "shrink": {"type": "float", "low": 0.0, "high": 0.9},
        "rate": {"type": "float", "low": 0.01, "high": 0.3, "log": True},
        "depth": {"type": "int", "low": 1, "high": 8},
        "leaves": {"type": "int", "low": 1, "high": 4, "log": True},
        "units": {"type": "int", "low": 32, "high": 128, "step": 32},
        "dropout": {"type": "float", "low": 0.0, "high": 0.3, "step": 0.1},
        "act": {"type": "categorical", "choices": [None, "relu", 7]},
        "rounds": {"type": "int", "low": 100, "high": 100},
    }
)

CONDITIONAL = parse(
    {
        "rate": {"type": "float", "low": 0.01, "high": 0.3, "log": True},
        "kind": {"type": "categorical", "choices": ["adam", "sgd", True]},
        "momentum": {"type": "float", "low": 0.0, "high": 0.99, "when": {"kind": "sgd"}},
        "layers": {"type": "int", "low": 1, "high": 4, "levels": 4},
        "units_2": {"type": "int", "low": 1, "high": 3, "log": True, "levels": 3, "when": {"layers": [2, 3, 4]}},
        "units_3": {
            "type": "int",
            "low": 16,
            "high": 64,
            "step": 16,
            "when": {"layers": [3, 4], "kind": [True, "sgd"]},
        },
        "skip": {"type": "categorical", "choices": [False, True], "when": {"units_2": [2, 3]}},
        "gain": {"type": "float", "low": 1.0, "high": 1.0, "when": {"skip": True}},
        "scale": {"type": "float", "low": 0.5, "high": 1.0, "step": 0.25, "when": {"gain": 1.0, "kind": "adam"}},
    }
)

CONSTANT = parse(
    {
        "rounds": {"type": "int", "low": 7, "high": 7, "log": True},
        "kind": {"type": "categorical", "choices": [None]},
        "rate": {"type": "float", "low": 0.1, "high": 0.1, "when": {"kind": None}},
    }
)

_VALUES = st.none() | st.booleans() | st.integers(-3, 3) | st.text(max_size=2)


@st.composite
def spaces(draw: st.DrawFn, continuous: bool = True) -> Space:
    """A space of one to five parameters, conditional ones (also on conditional ones) among them."""
    config: dict[str, dict[str, Any]] = {}
    for i in range(draw(st.integers(1, 5))):
        kind = draw(st.sampled_from(["categorical", "int", "float", "step"] if continuous else ["categorical", "int"]))
        if kind == "categorical":
            entry: dict[str, Any] = {"choices": draw(st.lists(_VALUES, min_size=1, max_size=3, unique=True))}
        elif kind == "int":
            low, width = draw(st.integers(1, 9)), draw(st.integers(0, 3))
            entry = {"low": low, "high": low + width, "log": draw(st.booleans())}
            if not entry["log"] and draw(st.booleans()):
                step = draw(st.integers(1, 3))
                entry |= {"high": low + width * step, "step": step}
        elif kind == "step":
            low, steps = draw(st.integers(-9, 9)), draw(st.integers(0, 4))
            entry = {"low": low / 10, "high": (low + steps) / 10, "step": 0.1}
        else:
            low = draw(st.floats(1e-6, 10.0))
            width = draw(st.just(0.0) | st.floats(1e-6, 10.0))  # between these a range is refused: too near each other
            entry = {"low": low, "high": low + width, "log": draw(st.booleans())}
        before = parse(config).parameters if config else ()
        for parent in draw(st.lists(st.sampled_from(before), max_size=2, unique_by=lambda p: p.name)) if before else []:
            values = parent.values()
            if values is not None:
                chosen = draw(st.lists(st.sampled_from(values), min_size=1, max_size=2))
                entry.setdefault("when", {})[parent.name] = chosen
        config[f"p{i}"] = {"type": "float" if kind == "step" else kind} | entry
    return parse(config)
