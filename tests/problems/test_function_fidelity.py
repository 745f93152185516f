"""Functions with rungs: each is a call of its own, with the key of that call; and the Hartmann functions with rungs."""

import math
import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from commands import ROOT
from hydra import compose, initialize_config_dir
from numpy.typing import NDArray
from scipy.stats import kendalltau, kstest

from bench import problems
from bench.config import catalogue
from bench.errors import UserError
from bench.problems import Evaluation, Recipe, fidelity, known_functions
from bench.problems.function import FunctionProblem
from bench.running import sweep
from bench.running.child_process import evaluate_in_child

LADDER = {"low": 3, "high": 27, "eta": 3}
POINT = {"x": 0.5, "n": 2}


def recipe(function: str, ladder: Any = LADDER, seed: int = 0, **keys: Any) -> Recipe:
    space = {"x": {"type": "float", "low": 0.0, "high": 1.0}, "n": {"type": "int", "low": 1, "high": 3}}
    seeds = keys.pop("seeds", {})
    model = {"name": "own", "function": f"{__name__}.{function}", "space": space} | keys
    model |= {} if ladder is None else {"fidelity": ladder}
    dataset = {"name": "function", "load": None}
    groups = {"dataset": dataset, "model": model, "metric": {"name": "auto"}, "resampling": {}, "seeds": seeds}
    return Recipe(groups, seed, "", 1)


def build(function: str, ladder: Any = LADDER, **keys: Any) -> FunctionProblem:
    built = problems.build(recipe(function, ladder, **keys))
    assert isinstance(built, FunctionProblem)
    return built


def composed(*overrides: str) -> FunctionProblem:
    """The problem of a config of the suite."""
    with initialize_config_dir(str(catalogue.conf_dir()), version_base="1.3"):
        (spec,) = sweep.specify(compose("bench", ["dataset=function", *overrides]))
    built = problems.build(Recipe({name: spec.config[name] for name in problems.GROUPS}, 0, spec.datasets_dir, 1))
    assert isinstance(built, FunctionProblem)
    return built


def at_rungs(
    problem: FunctionProblem, rungs: Sequence[int], point: Any = POINT, ends_at: int | None = None
) -> dict[int, Evaluation]:
    evaluations: dict[int, Evaluation] = {}

    def at(rung: int, evaluation: Evaluation) -> bool:
        evaluations[rung] = evaluation
        return rung == ends_at

    problem.evaluate_rungs(point, rungs, at)
    return evaluations


def learning(configuration: Any, fidelity: int, shift: float = 0.0) -> float:
    assert type(fidelity) is int
    return float(configuration.pop("x") + configuration["n"] / fidelity + shift)  # what is popped is its own


class Learner:
    def __init__(self, shift: float = 0.0) -> None:
        self._shift = shift

    def __call__(self, configuration: Any, fidelity: int) -> float:
        return learning(configuration, fidelity, self._shift)


class Still:
    def __call__(self, configuration: Any) -> float:
        return plain(configuration)


def plain(configuration: Any) -> float:
    return float(configuration["x"])


def failing_at_nine(configuration: Any, fidelity: int) -> float:
    if fidelity == 9:
        raise ValueError("no value here")
    return 1.0


def by_default(configuration: Any, fidelity: int = 27) -> float:
    return learning(configuration, fidelity)


def any_keyword(configuration: Any, **settings: Any) -> float:
    return learning(configuration, **settings)


def by_position(configuration: Any, fidelity: int, /) -> float:
    return 0.0


def named_so(fidelity: Any) -> float:
    return 0.0


# --- evaluations ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("function", ["learning", "Learner", "any_keyword"])
def test_a_rung_is_a_call_with_it_and_a_full_evaluation_one_with_the_highest(function: str) -> None:
    problem = build(function, settings={"shift": 0.25})
    assert problem.fidelity is not None
    assert (problem.fidelity.rungs, problem.fidelity.unit) == ((3, 9, 27), "fidelity")
    evaluations = at_rungs(problem, (3, 9, 27))
    assert {rung: each.loss for rung, each in evaluations.items()} == {
        rung: 0.5 + 2 / rung + 0.25 for rung in (3, 9, 27)
    }
    assert evaluations[27].loss == problem.evaluate(POINT).loss
    assert {each.status for each in evaluations.values()} == {"ok"}
    assert list(POINT) == ["x", "n"]
    assert list(at_rungs(problem, (9,))) == [9]
    assert list(at_rungs(problem, (3, 9, 27), ends_at=9)) == [3, 9]


def test_after_a_failure_no_rung_follows() -> None:
    evaluations = at_rungs(build("failing_at_nine"), (3, 9, 27))
    assert [(rung, each.status, each.error) for rung, each in evaluations.items()] == [
        (3, "ok", None),
        (9, "failed", "ValueError: no value here"),
    ]


def test_an_error_of_who_is_told_is_no_outcome() -> None:
    told = []

    def full(rung: int, evaluation: Evaluation) -> bool:
        told.append((rung, evaluation.status))
        raise OSError("the disk is full")

    with pytest.raises(OSError, match="disk is full"):
        build("learning").evaluate_rungs(POINT, (3, 9, 27), full)
    assert told == [(3, "ok")]


def test_baseline_minimum_and_a_child_process_are_at_full_fidelity() -> None:
    minimum = {"loss": 1 / 27, "at": [{"x": 0.0, "n": 1}]}
    problem = build("learning", baseline=50, minimum=minimum)
    problem.check(problem.evaluate)
    rng = np.random.default_rng(0)
    points = [problem.space.sample(rng) for _ in range(50)]
    assert problem.baseline_loss == pytest.approx(np.mean([point["x"] + point["n"] / 27 for point in points]))  # type: ignore[operator]
    assert evaluate_in_child(recipe("learning"), POINT).loss == 0.5 + 2 / 27


def test_noise_is_of_the_configuration_the_rung_and_the_model_seed() -> None:
    points = [{"x": float(x), "n": 2} for x in np.linspace(0, 1, 400)]
    noisy, seeds = build("learning", noise=0.5, seeds={"model": 3}), (4, 3)
    deviates = []
    for point in points:
        evaluations = at_rungs(noisy, (3, 9, 27), point)
        assert {rung: each.test_loss for rung, each in evaluations.items()} == {
            rung: point["x"] + 2 / rung for rung in (3, 9, 27)
        }
        assert evaluations[27].loss == noisy.evaluate(point).loss
        deviates.append([(each.loss - each.test_loss) / 0.5 for each in evaluations.values()])  # type: ignore[operator]
    assert kstest(np.ravel(deviates), "norm").pvalue > 0.01
    assert np.abs(np.corrcoef(np.array(deviates).T)[np.triu_indices(3, 1)]).max() < 0.15  # 3 standard errors
    other, same = (build("learning", noise=0.5, seeds={"model": seed}) for seed in seeds)
    assert at_rungs(same, (9,))[9].loss == at_rungs(noisy, (9,))[9].loss != at_rungs(other, (9,))[9].loss


# --- keys and hashes --------------------------------------------------------------------------------------------------


def test_no_rung_has_the_key_of_another_and_the_highest_has_that_of_a_full_evaluation() -> None:
    problem = build("learning")
    keys = [problem.rung_key(POINT, rung) for rung in (3, 9, 27)]
    assert len(set(keys)) == 3
    assert keys[-1] == problem.key(POINT)
    assert problem.rung_key({"n": 2, "x": 0.5}, 9) == keys[1] != problem.rung_key({"x": 0.25, "n": 2}, 9)
    assert keys[0] not in {build("plain", None).key(POINT), build("by_default", None).key(POINT)}


def test_a_key_is_that_of_the_call_whatever_the_other_rungs() -> None:
    problem = build("learning")
    for ladder in ({**LADDER, "low": 9}, {**LADDER, "eta": 2}, {**LADDER, "unit": "steps"}):
        other = build("learning", ladder)
        assert (other.hash, other.family, other.key(POINT)) == (problem.hash, problem.family, problem.key(POINT))
        assert other.rung_key(POINT, 9) == problem.rung_key(POINT, 9)
    shorter = build("learning", {**LADDER, "high": 9})
    assert shorter.hash != problem.hash
    assert shorter.family != problem.family
    assert shorter.key(POINT) == problem.rung_key(POINT, 9)  # f(POINT, fidelity=9), both


def test_a_function_without_rungs_is_the_problem_that_it_was() -> None:
    """Stored results hold these."""
    branin = composed("model=branin")
    assert branin.fidelity is None
    assert branin.hash == "859a2ac571a01ebde5ca2630a4efcc2bd5a140258764c163532271a2a5e67e17"
    assert branin.rung_key(branin.space.default(), 9) == branin.key(branin.space.default())
    noisy = composed("model=levy", "model.noise=0.5")
    assert noisy.hash == "6d9d2f91ee6ade9a12c247ba319aa95bb7f7b7a02e676b36c90551986ea97808"
    evaluation = noisy.evaluate(noisy.space.default())
    assert (evaluation.loss, evaluation.test_loss) == pytest.approx((12.364191636136782, 12.068348088844646), rel=1e-12)
    assert build("by_default", None).evaluate(POINT).loss == 0.5 + 2 / 27
    assert build("learning", None, settings={"fidelity": 9}).evaluate(POINT).loss == 0.5 + 2 / 9


def test_a_rung_goes_on_from_another_unless_it_counts_rows() -> None:
    costs = [(9, 0), (9, 3), (27, 9)]
    for unit, expected in (("steps", [9, 6, 18]), ("rows", [9, 9, 27])):
        ladder = build("learning", {**LADDER, "unit": unit}).fidelity
        assert ladder is not None
        assert [ladder.cost(*each) for each in costs] == [units / 27 for units in expected]


# --- mistakes ---------------------------------------------------------------------------------------------------------

MEND = "model.fidelity: missing; .* has an argument fidelity; add fidelity: {low: 3, high: 100, eta: 3}$"


@pytest.mark.parametrize(
    ("function", "ladder", "keys", "message"),
    [
        ("plain", LADDER, {}, r"model.fidelity: .*plain has no argument fidelity; write def f\(configuration, fidel"),
        ("by_position", LADDER, {}, "model.fidelity: .*by_position has no argument fidelity; write def f"),
        ("named_so", LADDER, {}, "model.fidelity: .*named_so has no argument fidelity; write def f"),
        ("Still", LADDER, {}, r"model.fidelity: .* has no argument fidelity; write def __call__\("),
        ("learning", None, {}, MEND),
        ("Learner", None, {}, MEND),
        ("learning", LADDER, {"settings": {"fidelity": 3}}, "model.settings.fidelity: stands beside model.fidelity; "),
        ("learning", LADDER, {"settings": {"shfit": 3}}, r"model.settings.shfit: unknown; allowed: shift \(did you"),
        ("learning", 3, {}, "model.fidelity=3: expected {low: 4, high: 300, eta: 3}, or null$"),
        ("learning", {**LADDER, "hihg": 3}, {}, "model.fidelity.hihg: unknown; allowed: unit, low, high, eta"),
        ("learning", {"low": 3}, {}, "model.fidelity.high: missing; a ladder has the keys low, high, eta$"),
        ("learning", {**LADDER, "unit": 3}, {}, "model.fidelity.unit=3: expected a word for what a rung counts"),
        ("learning", {**LADDER, "unit": "a b"}, {}, "model.fidelity.unit='a b': expected a word"),
        ("learning", {**LADDER, "unit": "folds"}, {}, "model.fidelity.unit=folds: a function has no folds"),
        ("learning", {**LADDER, "low": 28}, {}, "model.fidelity.low=28: expected a number from 1 to model.fidelity.hi"),
        (
            "learning",
            {**LADDER, "low": 10},
            {},
            "model.fidelity: has the rung 27 alone; set a lower model.fidelity.low",
        ),
        ("learning", {**LADDER, "high": 2.5}, {}, "model.fidelity.high=2.5: expected a whole number from 2"),
        ("learning", {**LADDER, "eta": 1}, {}, "model.fidelity.eta=1: expected a whole number from 2"),
    ],
)
def test_a_mistake_is_one_line_that_says_what_to_do(function: str, ladder: Any, keys: Any, message: str) -> None:
    with pytest.raises(UserError, match="^" + message.replace("{low", r"\{low")) as caught:
        build(function, ladder, **keys)
    assert "\n" not in str(caught.value)


# --- the multi-fidelity Hartmann functions ----------------------------------------------------------------------------

WEIGHTS = {
    3: "3 10 30; .1 10 35; 3 10 30; .1 10 35",
    6: "10 3 17 3.5 1.7 8; 0.05 10 17 0.1 8 14; 3 3.5 1.7 10 17 8; 17 8 0.05 10 0.1 14",
}
CENTRES = {
    3: ".3689 .1170 .2673; .4699 .4387 .7470; .1091 .8732 .5547; .0381 .5743 .8828",
    6: (
        ".1312 .1696 .5569 .0124 .8283 .5886; .2329 .4135 .8307 .3736 .1004 .9991;"
        ".2348 .1451 .3522 .2883 .3047 .6650; .4047 .8828 .8732 .5743 .1091 .0381"
    ),
}
PAGE = (ROOT / "docs/functions.md").read_text()
HARTMANN = {3: known_functions.mfhartmann3, 6: known_functions.mfhartmann6}


def by_hand(x: Sequence[float], z: int, bias: float) -> float:
    """Without noise, element by element, its tables typed once more, as Surjanovic and Bingham print them."""
    scaled = math.log(z) / math.log(100)
    tables = WEIGHTS[len(x)].split(";"), CENTRES[len(x)].split(";")
    total = 0.0
    for alpha, weight, centre in zip((1.0, 1.2, 3.0, 3.2), *tables, strict=True):
        terms = zip(map(float, weight.split()), map(float, centre.split()), x, strict=True)
        total -= (alpha - bias * (1 - scaled)) * math.exp(-sum(w * (v - c) ** 2 for w, c, v in terms))
    return total


def points(dimension: int, count: int) -> list[dict[str, float]]:
    rows = np.random.default_rng(dimension).random((count, dimension)).tolist()
    return [{f"x{place}": value for place, value in enumerate(row, 1)} for row in rows]


def values(dimension: int, z: int, sample: list[dict[str, float]], **settings: float) -> NDArray[np.float64]:
    return np.array([HARTMANN[dimension](point, z, **settings) for point in sample])


def tau(full: NDArray[np.float64], at_rung: NDArray[np.float64]) -> float:
    return float(kendalltau(full, at_rung).statistic)


@pytest.mark.parametrize("dimension", [3, 6])
def test_at_the_highest_rung_it_is_hartmanns_function_to_the_bit(dimension: int) -> None:
    sample = points(dimension, 200)
    full = values(dimension, 100, sample)
    assert full == pytest.approx([by_hand(list(point.values()), 100, 0) for point in sample], rel=1e-12)
    assert full.tolist() == values(dimension, 100, sample, bias=4.0, noise_scale=5.0).tolist()
    assert full.tolist() == values(dimension, 50, sample, bias=4.0, noise_scale=5.0, z_max=50).tolist()
    if dimension == 6:
        assert full.tolist() == [known_functions.hartmann6(point) for point in sample]


@pytest.mark.parametrize("dimension", [3, 6])
def test_below_it_is_flatter_by_the_bias_and_the_noise_is_half_normal(dimension: int) -> None:
    sample = points(dimension, 600)
    for z in (3, 33):
        clean = values(dimension, z, sample, bias=2.5, noise_scale=0.0)
        assert clean == pytest.approx([by_hand(list(point.values()), z, 2.5) for point in sample], rel=1e-12)
        noise = values(dimension, z, sample, bias=2.5, noise_scale=2.0) - clean
        assert kstest(noise / (2.0 * (1 - math.log(z) / math.log(100))), "halfnorm").pvalue > 0.01
        assert (noise == values(dimension, z, sample, bias=2.5, noise_scale=2.0) - clean).all()
        other = values(dimension, z, sample, bias=2.5, noise_scale=2.0, seed=1) - clean
        assert abs(np.corrcoef(noise, other)[0, 1]) < 0.13  # 3 standard errors


@pytest.mark.parametrize("dimension", [3, 6])
def test_the_lowest_rung_ranks_worse_the_larger_the_bias(dimension: int) -> None:
    """Kendall's tau of its values and the full ones at 500 random points, whose standard error is about 0.03."""
    sample = points(dimension, 500)
    full = values(dimension, 100, sample)
    taus = [tau(full, values(dimension, 4, sample, bias=bias, noise_scale=0.0)) for bias in (0.5, 2.5, 3.0, 3.5, 4.0)]
    assert all(worse < better - 0.1 for better, worse in pairwise(taus)), taus


def test_the_rank_correlations_of_the_page_are_measured() -> None:
    lines = re.findall(r"^\| ([\d.]+), ([\d.]+) \| [\w ]+ \| (.+) \|$", PAGE, flags=re.MULTILINE)
    assert len(lines) == 5
    taken = {}
    for dimension in (3, 6):
        sample = points(dimension, 1000)
        full = values(dimension, 100, sample)
        for bias, noise_scale, _ in lines:
            settings = {"bias": float(bias), "noise_scale": float(noise_scale)}
            taken[dimension, bias] = [tau(full, values(dimension, z, sample, **settings)) for z in (4, 11, 33)]
    for bias, _, written in lines:
        assert [float(cell) for cell in written.split(" | ")] == pytest.approx(
            taken[3, bias] + taken[6, bias], abs=0.006
        )
    for rung in range(3):  # and each preset ranks worse than the one above it
        for dimension in (3, 6):
            assert all(taken[dimension, a][rung] > taken[dimension, b][rung] for (a, *_), (b, *_) in pairwise(lines))


@pytest.mark.parametrize(("dimension", "published"), [(3, -3.86278), (6, -3.32237)])
def test_their_configs_have_the_published_minimum_and_rungs(dimension: int, published: float) -> None:
    problem = composed(f"model=mfhartmann{dimension}")
    problem.check(problem.evaluate)
    least, where = problem.minimum or (0.0, ())
    assert least == pytest.approx(published, abs=5e-6)
    assert problem.fidelity == fidelity.Fidelity("fidelity", (4, 11, 33, 100), 3)
    assert problem.evaluate(where[0]).loss == pytest.approx(least, abs=1e-14)
    rng = np.random.default_rng(0)
    for scale in (1e-2, 1e-4, 1e-6):  # nor is anything near it lower
        for _ in range(100):
            moved = {name: min(1.0, max(0.0, float(value) + scale * rng.normal())) for name, value in where[0].items()}  # type: ignore[arg-type]
            assert HARTMANN[dimension](moved, 100) >= least - 1e-12
    assert HARTMANN[dimension](problem.space.default(), 100) > least + 0.5


def test_a_shorter_ladder_ends_at_hartmanns_function_too() -> None:
    problem = composed("model=mfhartmann3", "model.fidelity.high=50")
    problem.check(problem.evaluate)
    assert problem.fidelity is not None
    assert problem.fidelity.rungs == (6, 17, 50)
    assert problem.hash != composed("model=mfhartmann3").hash
    beyond = composed("model=mfhartmann3", "model.settings.z_max=50")
    with pytest.raises(UserError, match=r"^model.settings.z_max=50: the fidelity is 100; set it to model.fidelity.hi"):
        beyond.evaluate(beyond.space.default())
