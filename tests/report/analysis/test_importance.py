"""Importance: known functions, whose shares of the variance follow from arithmetic."""

import math
from pathlib import Path
from typing import Any

import asked
import numpy as np
import pytest

from bench.report.analysis.importance import FEWEST, MOST, Importance, forest, importance, predicted

CUBE = {name: {"type": "float", "low": 0.0, "high": 1.0} for name in "abc"}


def of(folder: Path, loss: Any, trials: int = 300, space: Any = CUBE, seed: int = 0) -> Importance | None:
    """Of uniform draws by two optimisers, and their loss."""
    rng = np.random.default_rng(7)
    for label in ("one", "two"):
        points = [{name: float(rng.random()) for name in space} for _ in range(trials // 2)]
        asked.put(folder, label, 0, [(point, loss(point)) for point in points], space)
    visits = asked.read(folder)
    assert visits is not None
    return importance(visits, seed)


def bars(important: Importance | None) -> dict[str, float]:
    assert important is not None
    return dict(zip(important.bars["parameter"], important.bars["importance"], strict=True))


def test_it_is_the_share_of_the_variance_that_a_parameter_has(tmp_path: Path) -> None:
    """Of ranks of a + b/2: simulated by exact permutation of a large sample, in place of a forest."""
    important = of(tmp_path, lambda point: point["a"] + point["b"] / 2, 1200)
    rng = np.random.default_rng(1)
    a, b, other = rng.random((3, 200_000))
    rank = np.argsort(np.argsort(a + b / 2)) / len(a)
    levels = np.sort(a + b / 2)

    def share(changed: np.ndarray) -> float:
        moved = np.searchsorted(levels, changed) / len(a)
        return float(((moved - rank) ** 2).mean() / 2 / rank.var())

    assert important is not None
    assert important.bars["parameter"].tolist()[:2] == ["a", "b"]
    assert bars(important)["a"] == pytest.approx(share(other + b / 2), abs=0.08)
    assert bars(important)["b"] == pytest.approx(share(a + other / 2), abs=0.08)
    assert abs(bars(important)["c"]) < 0.01
    assert important.explained > 0.9


@pytest.mark.parametrize("rows", [FEWEST, 400])
def test_the_forest_is_scikit_learns_to_the_bit(rows: int) -> None:
    ensemble = pytest.importorskip("sklearn.ensemble")
    rng = np.random.default_rng(rows)
    places, ranks, others = rng.random((rows, 4)), rng.random(rows).round(2), rng.random((100, 4))
    places[rng.random(places.shape) < 0.2] = -1.0
    theirs = ensemble.RandomForestRegressor(15, min_samples_leaf=2, random_state=rows).fit(places, ranks)
    np.testing.assert_array_equal(predicted(forest(places, ranks, rows), others), theirs.predict(others))


def test_what_the_loss_does_not_depend_on_has_an_interval_with_zero(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    important = of(tmp_path, lambda _: float(rng.random()))
    assert important is not None
    assert ((important.bars["lower"] < 0) & (important.bars["upper"] > 0)).all()
    assert important.explained < 0.1


def test_a_diverged_loss_hides_nothing(tmp_path: Path) -> None:
    plain = bars(of(tmp_path / "plain", lambda point: point["a"]))
    wild = bars(of(tmp_path / "wild", lambda point: math.exp(50 * point["a"])))
    assert wild == plain


def test_failures_are_the_worst_and_show_what_they_depend_on(tmp_path: Path) -> None:
    important = of(tmp_path, lambda point: None if point["b"] > 0.5 else 0.1)
    assert important is not None
    assert important.bars["parameter"].iloc[0] == "b"
    assert bars(important)["b"] > 0.3


def test_a_parameter_matters_as_its_value_and_not_as_its_being_there(tmp_path: Path) -> None:
    """`y` is active where `loss` is hinge, which alone decides; then where its value does."""
    rng = np.random.default_rng(5)

    def draws(folder: Path, loss: Any) -> dict[str, float]:
        points = []
        for _ in range(300):
            point = {"x": float(rng.uniform(-1, 3)), "rate": 0.1, "k": 8, "loss": rng.choice(["hinge", 3])}
            point["loss"] = "hinge" if point["loss"] == "hinge" else 3
            points.append(point | ({"y": int(rng.integers(5)) / 4} if point["loss"] == "hinge" else {}))
        asked.put(folder, "one", 0, [(point, loss(point)) for point in points])
        visits = asked.read(folder)
        assert visits is not None
        return bars(importance(visits))

    parent = draws(tmp_path / "parent", lambda point: 0.1 if point["loss"] == "hinge" else 0.9)
    assert abs(parent["y"]) < 0.01
    value = draws(tmp_path / "value", lambda point: point.get("y", 0.5) + 1e-6 * point["x"])
    assert value["y"] > 0.3


def test_equal_configurations_are_one(tmp_path: Path) -> None:
    points = [{"a": i / FEWEST, "b": 0.5, "c": 0.5} for i in range(FEWEST)]
    for seed in range(3):
        asked.put(tmp_path, "grid", seed, [(point, (point["a"] * 37) % 1) for point in points], CUBE)
    visits = asked.read(tmp_path)
    assert visits is not None
    important = importance(visits)
    assert important is not None
    assert important.configurations == FEWEST
    assert not important.sampled


def test_it_is_seeded_and_says_when_it_is_of_a_sample(tmp_path: Path) -> None:
    first = of(tmp_path, lambda point: point["a"], MOST + 200)
    again = of(tmp_path, lambda point: point["a"], MOST + 200)
    other = of(tmp_path, lambda point: point["a"], MOST + 200, seed=1)
    assert first is not None
    assert first.sampled
    assert first.configurations == MOST
    assert bars(first) == bars(again)
    assert bars(first) != bars(other)


@pytest.mark.parametrize(
    ("trials", "loss", "space"),
    [
        (FEWEST - 2, lambda point: point["a"], CUBE),
        (100, lambda _: 1.0, CUBE),
        (100, lambda _: None, CUBE),
        (100, lambda _: 1.0, {"a": {"type": "int", "low": 1, "high": 1}}),
    ],
)
def test_little_says_nothing(tmp_path: Path, trials: int, loss: Any, space: Any) -> None:
    assert of(tmp_path, loss, trials, space) is None
