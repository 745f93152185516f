"""Functions as problems: their values and minima, their keys and hashes, whole runs of them, and a user's own."""

import itertools
import json
import math
import os
import re
import signal
from pathlib import Path

import numpy as np
import pandas as pd
import pictures
import pytest
from commands import ROOT, bench, table, without_times
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf
from scipy.optimize import rosen

from bench import problems, provenance, results
from bench.config import catalogue
from bench.errors import UserError
from bench.problems import Evaluation, Recipe, known_functions
from bench.running import sweep
from bench.running.child_process import evaluate_in_child
from bench.space import parsing
from bench.space.repeat import spread

NAMES = ("branin", "hartmann6", "rosenbrock", "ackley", "levy")
FREE = ("rosenbrock", "ackley", "levy")


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def spec_of(*overrides, config_dir=None):
    with initialize_config_dir(str(config_dir or catalogue.conf_dir()), version_base="1.3"):
        (spec,) = sweep.specify(compose("bench", ["dataset=function", *overrides]))
    return spec


def problem_of(*overrides):
    spec = spec_of(*overrides)
    groups = {name: spec.config[name] for name in problems.GROUPS}
    return problems.build(Recipe(groups, spec.run.seed, spec.datasets_dir, 1))


def own(function, **keys):
    """The problem of a function in this file, over x and n."""
    space = {"x": {"type": "float", "low": 0.0, "high": 1.0}, "n": {"type": "int", "low": 1, "high": 3}}
    model = {"name": "own", "function": f"{__name__}.{function}", "space": space} | keys
    dataset = {"name": "function", "load": None}
    return {"dataset": dataset, "model": model, "metric": {"name": "auto"}, "resampling": {}, "seeds": {}}


def built(function, seed=0, **keys):
    groups = own(function, **{key: value for key, value in keys.items() if key != "seeds"})
    return problems.build(Recipe(groups | {"seeds": keys.get("seeds", {})}, seed, "", 1))


# --- the formulas -----------------------------------------------------------------------------------------------------


def branin(x):
    """As Dixon and Szego print it, with a, b, c, r, s and t."""
    a, b, c, r, s, t = 1, 5.1 / (4 * math.pi**2), 5 / math.pi, 6, 10, 1 / (8 * math.pi)
    return a * (x[1] - b * x[0] ** 2 + c * x[0] - r) ** 2 + s * (1 - t) * math.cos(x[0]) + s


def hartmann6(x):
    """Element by element, its tables typed once more, row by row as published."""
    weights = "10 3 17 3.5 1.7 8; 0.05 10 17 0.1 8 14; 3 3.5 1.7 10 17 8; 17 8 0.05 10 0.1 14"
    centres = (
        "0.1312 0.1696 0.5569 0.0124 0.8283 0.5886; 0.2329 0.4135 0.8307 0.3736 0.1004 0.9991;"
        "0.2348 0.1451 0.3522 0.2883 0.3047 0.6650; 0.4047 0.8828 0.8732 0.5743 0.1091 0.0381"
    )
    rows = zip((1.0, 1.2, 3.0, 3.2), weights.split(";"), centres.split(";"), strict=True)
    total = 0.0
    for alpha, weight, centre in rows:
        terms = zip(map(float, weight.split()), map(float, centre.split()), x, strict=True)
        total -= alpha * math.exp(-sum(w * (v - c) ** 2 for w, c, v in terms))
    return total


def ackley(x):
    a, b, c, d = 20, 0.2, 2 * math.pi, len(x)
    root = math.sqrt(sum(v * v for v in x) / d)
    return -a * math.exp(-b * root) - math.exp(sum(math.cos(c * v) for v in x) / d) + a + math.e


def levy(x):
    w = [1 + (v - 1) / 4 for v in x]
    total = math.sin(math.pi * w[0]) ** 2
    for v in w[:-1]:
        total += (v - 1) ** 2 * (1 + 10 * math.sin(math.pi * v + 1) ** 2)
    return total + (w[-1] - 1) ** 2 * (1 + math.sin(2 * math.pi * w[-1]) ** 2)


FORMULAS = {"branin": branin, "hartmann6": hartmann6, "rosenbrock": rosen, "ackley": ackley, "levy": levy}
CASES = [("branin", 2), ("hartmann6", 6), ("rosenbrock", 2), ("rosenbrock", 5)]
CASES += [(name, dimension) for name in ("ackley", "levy") for dimension in (1, 2, 7)]


def problem_in(name, dimension):
    return problem_of(f"model={name}", *([f"model.dimension={dimension}"] if name in FREE else []))


@pytest.mark.parametrize(("name", "dimension"), CASES)
def test_values_are_those_of_the_published_formula_and_none_is_below_the_minimum(name, dimension):
    of = problem_in(name, dimension)
    assert len(of.space.parameters) == dimension
    rng = np.random.default_rng(dimension)
    least, where = of.metadata()["known_minimum"], of.metadata()["known_minimisers"]
    for _ in range(2000):
        point = of.space.sample(rng)
        value = of.evaluate(point).loss
        assert value == pytest.approx(FORMULAS[name](list(point.values())), rel=1e-12, abs=1e-12)
        assert value >= least - 1e-12
    for minimiser in where:  # nor is any near one of them
        for scale in (1e-1, 1e-3, 1e-6):
            for _ in range(200):
                moved = {key: value + scale * rng.normal() for key, value in minimiser.items()}
                assert getattr(known_functions, name)(moved) >= least - 1e-12


@pytest.mark.parametrize(
    ("name", "published", "where"),
    [
        ("branin", 0.397887, [(-math.pi, 12.275), (math.pi, 2.275), (9.42478, 2.475)]),
        ("hartmann6", -3.32237, [(0.20169, 0.150011, 0.476874, 0.275332, 0.311652, 0.6573)]),
        ("rosenbrock", 0.0, [(1, 1)]),
        ("ackley", 0.0, [(0, 0)]),
        ("levy", 0.0, [(1, 1)]),
    ],
)
def test_the_minima_are_the_published_ones(name, published, where):
    metadata = problem_of(f"model={name}").metadata()
    assert metadata["known_minimum"] == pytest.approx(published, abs=5e-6)
    points = [tuple(point.values()) for point in metadata["known_minimisers"]]
    assert np.allclose(points, where, atol=1e-5)
    for point in metadata["known_minimisers"]:
        assert getattr(known_functions, name)(point) == pytest.approx(metadata["known_minimum"], abs=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_the_domain_is_the_usual_one(name):
    usual = {"hartmann6": (0, 1), "rosenbrock": (-5, 10), "ackley": (-32.768, 32.768), "levy": (-10, 10)}
    bounds = [(parameter.low, parameter.high) for parameter in problem_of(f"model={name}").space.parameters]
    assert bounds == ([(-5, 10), (0, 15)] if name == "branin" else [usual[name]] * len(bounds))


# --- keys and hashes --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FREE)
def test_another_dimension_is_another_model_and_the_recorded_config_holds_its_space(name):
    two, five = spec_of(f"model={name}"), spec_of(f"model={name}", "model.dimension=5")
    assert (two.run.model, five.run.model) == (f"{name}_2d", f"{name}_5d")
    assert list(five.config["model"]["space"]) == ["x1", "x2", "x3", "x4", "x5"]
    assert list(five.config["model"]["minimum"]["at"][0]) == ["x1", "x2", "x3", "x4", "x5"]
    assert two.config_hash != five.config_hash
    assert problem_of(f"model={name}").hash != problem_of(f"model={name}", "model.dimension=5").hash


def test_a_repeat_stands_for_numbered_parameters_in_their_place():
    low, high = {"type": "float", "low": 0.0, "high": 1.0}, {"type": "int", "low": 1, "high": 3}
    model = {
        "space": {"a": high, "x": low | {"repeat": 2}, "b": high},
        "minimum": {"loss": 0, "at": [{"x": 1, "a": 2}]},
    }
    written = spread(model)
    assert list(written["space"].items()) == [("a", high), ("x1", low), ("x2", low), ("b", high)]
    assert written["minimum"]["at"] == [{"x1": 1, "x2": 1, "a": 2}]
    assert spread(written) == written
    with pytest.raises(UserError, match=r"space.x1: stands there twice, once as a repeat"):
        spread({"space": {"x1": low, "x": low | {"repeat": 2}}})
    for times in (0, -1, 2.0, True, "many", None):
        with pytest.raises(UserError, match=r"space.x.repeat=.*: expected a whole number from 1"):
            spread({"space": {"x": low | {"repeat": times}}})


@pytest.mark.parametrize(
    ("changes", "compares", "reuses"),
    [
        ({}, True, True),
        ({"name": "other", "baseline": 5, "traits": {"multimodal": True}}, True, True),
        ({"revision": 2}, False, False),
        ({"settings": {"shift": 1.0}}, False, False),
        ({"noise": 0.5}, False, False),
        ({"libraries": ["scipy"]}, True, False),
        ({"space": {"x": {"type": "float", "low": 0.0, "high": 2.0}, "n": {"type": "int", "low": 1, "high": 3}}},
         False, True),
    ],
)  # fmt: skip
def test_hashes_hold_what_they_should(changes, compares, reuses):
    base, other, point = built("simple"), built("simple", **changes), {"x": 0.5, "n": 2}
    assert (base.hash == other.hash) == compares
    assert (base.family == other.family) == compares
    assert (base.key(point) == other.key(point)) == reuses
    assert base.key(point) == base.key({"n": 2, "x": 0.5}) != base.key({"n": 2, "x": 0.25})


def test_the_versions_in_the_key_are_numpys_and_those_declared(monkeypatch):
    point, keys = {"x": 0.5, "n": 2}, []
    for versions in ({}, {"numpy": "9.9"}, {"scipy": "9.9"}):
        monkeypatch.setattr(provenance, "versions", lambda names, v=versions: {k: v.get(k, "1") for k in names})
        keys.append((built("simple").key(point), built("simple", libraries=["scipy"]).key(point)))
    (plain, declared), (other_numpy, _), (other_scipy, declared_scipy) = keys
    assert plain == other_scipy != other_numpy
    assert declared != declared_scipy


def test_seeds_splits_and_what_is_known_do_not_matter():
    base = spec_of("model=branin")
    for override in ("seeds=paired", "seeds.model=5", "resampling=kfold", "resampling.test=0", "model.minimum=null",
                     "+model.traits={multimodal: true}"):  # fmt: skip
        assert spec_of("model=branin", override).config_hash == base.config_hash, override
    assert base.config["resampling"] == base.config["seeds"] == {}
    for override in ("model.noise=0.1", "model.space.x1.low=0", "model.revision=2", "model.baseline=5"):
        assert spec_of("model=branin", override).config_hash != base.config_hash, override
    noisy = spec_of("model=branin", "model.noise=0.1")
    assert spec_of("model=branin", "model.noise=0.1", "seeds.model=5").config_hash != noisy.config_hash
    assert spec_of("model=branin", "model.noise=0.1", "seeds.split=5").config_hash == noisy.config_hash


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ("dataset=function", "dataset=function: holds no data, and model=lightgbm is trained on some; choose another"),
        ("model=branin", "dataset=digits: model=branin is a function, which has no data; set dataset=function"),
        ("FREE metric=error", "metric=error: the loss of a function is its value; leave metric=auto"),
        ("FREE model.dimension=0", "model.dimension=0: expected a whole number from 1"),
        ("FREE model.dimension=2.5", "model.dimension=2.5: expected a whole number from 1"),
        ("FREE model=rosenbrock model.dimension=1", "model.dimension=1: this function needs 2 or more"),
        ("FIXED +model.dimension=3", "model.dimension=3: the space has 2 parameters; write it so"),
        ("FIXED model.dimension=3", "model.dimension: no such key; allowed: name"),
        ("FIXED +model.settings.dim=3", "model.settings.dim: unknown; bench.functions.branin takes no settings"),
        ("FIXED +model.nois=3", "model.nois: unknown key of a function; allowed: .*did you mean noise"),
        ("FIXED model.noise=-1", "model.noise=-1: expected a standard deviation, a number from 0"),
        ("FIXED model.noise=true", "model.noise=True: expected a standard deviation"),
        ("FIXED model.baseline=-1", "model.baseline=-1: expected a whole number from 0"),
        ("FIXED +model.libraries=numpy", "model.libraries='numpy': expected a list"),
        ("FIXED +model.class=toy.Toy", "model.class: stands beside model.function"),
        ("FIXED model.function=functions.f", "model.function=functions.f: no module named 'functions'"),
        ("FIXED model.function=bench.functions.NAMES", "model.function=bench.functions.NAMES: bench.functions has no"),
        ("FIXED model.function=math.pi", "model.function=math.pi: neither a function nor a class"),
        ("FIXED model.minimum.loss=1", "model.minimum: loss is 1.0, but at .* the value is 0.39"),
        ("FIXED model.minimum=0", "model.minimum=0: expected"),
        ("FIXED +model.traits={hard:3}", "model.traits={'hard': 3}: expected names with true, false or text"),
        ("FIXED dataset.rows=5", "dataset.rows: no such key; allowed: name"),
    ],
)
def test_mistakes_are_one_line(overrides, message, capsys):
    choices = {"FREE": "dataset=function model=ackley", "FIXED": "dataset=function model=branin"}
    for short, choice in choices.items():
        overrides = overrides.replace(short, choice)
    assert bench("run", *overrides.split(), "budget.trials=2") == 2
    printed = capsys.readouterr().err
    assert printed.count("\n") == 1
    assert re.search(f"bench: {message}", printed), printed


# --- evaluations ------------------------------------------------------------------------------------------------------


def simple(configuration, shift=0.0):
    return configuration.pop("x") + configuration["n"] + shift  # what is popped is the function's own


def odd(configuration):
    value = {1: math.nan, 2: "five", 3: None}[configuration["n"]]
    return configuration["x"] if configuration["x"] > 0.5 else value


def failing(configuration):
    raise ValueError("no value here\nnor there")


def deadly(configuration):
    if configuration["n"] == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return np.float32(0.5)


class Simulator:
    loads = 0

    def __init__(self, scale=1.0):
        type(self).loads += 1
        self._scale = scale

    def __call__(self, configuration):
        return np.float64(self._scale * configuration["x"])


class Mute: ...


def test_a_function_of_ones_own_takes_settings():
    point = {"x": 0.25, "n": 2}
    evaluation = built("simple", settings={"shift": 1.0}).evaluate(point)
    assert (evaluation.loss, evaluation.test_loss, evaluation.status, evaluation.details) == (3.25, None, "ok", {})
    assert point == {"x": 0.25, "n": 2}
    with pytest.raises(UserError, match=r"model.settings.shfit: unknown; allowed: shift \(did you mean shift\?\)"):
        built("simple", settings={"shfit": 1.0})


def test_a_class_is_built_once_with_its_settings():
    before = Simulator.loads
    of = built("Simulator", settings={"scale": 3.0})
    assert [of.evaluate({"x": x, "n": 1}).loss for x in (0.0, 0.5, 1.0)] == [0.0, 1.5, 3.0]
    assert Simulator.loads == before + 1
    assert isinstance(of.evaluate({"x": 1.0, "n": 1}).loss, float)
    with pytest.raises(UserError, match=r"model.settings.skale: unknown; allowed: scale"):
        built("Simulator", settings={"skale": 3.0})
    with pytest.raises(UserError, match="its objects cannot be called"):
        built("Mute")


@pytest.mark.parametrize(
    ("n", "error"),
    [
        (1, "FloatingPointError: the value is nan"),
        (2, "TypeError: the value is 'five', which is not a number"),
        (3, "TypeError: the value is None, which is not a number"),
    ],
)
def test_what_is_no_finite_number_is_a_failure(n, error):
    evaluation = built("odd").evaluate({"x": 0.1, "n": n})
    assert (evaluation.loss, evaluation.status, evaluation.error) == (None, "failed", error)


def test_what_a_function_raises_is_an_outcome_and_what_is_none_is_raised(monkeypatch):
    assert built("failing").evaluate({"x": 0.1, "n": 1}).error == "ValueError: no value here"
    point = {"x": 0.1, "n": 1}

    def raising(error):
        of = built("failing")
        object.__setattr__(of, "function", lambda _: (_ for _ in ()).throw(error))
        return of

    for error in (ConnectionError("away"), PermissionError(13, "no"), MemoryError(), SystemExit(0)):
        assert raising(error).evaluate(point).error.startswith(type(error).__name__)
    for error in (UserError("mend it"), ModuleNotFoundError("no xyz", name="xyz"), KeyboardInterrupt()):
        with pytest.raises(type(error)):
            raising(error).evaluate(point)


def test_the_baseline_is_the_mean_over_points_of_the_reference_law_that_have_a_value():
    of = built("odd", baseline=400)
    assert of.baseline_loss == pytest.approx(0.75, abs=0.02)  # the mean of x above 0.5
    assert of.metadata()["baseline_loss"] == of.baseline_loss == built("odd", baseline=400).baseline_loss
    lazy = built("odd")
    assert lazy.metadata()["baseline_loss"] is None
    assert 0.5 < lazy.baseline_loss < 1
    assert built("failing", baseline=3).baseline_loss == 0
    assert math.isfinite(problem_of("model=hartmann6").metadata()["baseline_loss"])


def test_a_baseline_passes_over_what_dies_or_is_ended_and_gives_up_where_all_do():
    def made(of, outcomes):
        """The baseline, where the evaluations end so in turn, and how many there were."""
        left = iter(outcomes)
        points = []

        def evaluate(point):
            points.append(point)
            status = next(left)
            return of.evaluate(point) if status == "ok" else Evaluation(None, None, 1.0, status, "why")

        return of.baseline(evaluate), points

    lazy = built("simple")
    loss, points = made(lazy, ["crashed", "timeout", "failed", "ok"])
    assert loss == lazy.evaluate(points[3]).loss
    assert made(lazy, itertools.repeat("ok"))[1] == points[:1]  # the same points, whatever becomes of them
    loss, points = made(lazy, itertools.cycle(["crashed", "timeout"]))
    assert (loss, len(points)) == (0, 10)
    mean = built("simple", baseline=50)
    loss, points = made(mean, itertools.cycle(["timeout"]))
    assert (loss, len(points)) == (0, 10)
    loss, points = made(mean, itertools.cycle(["failed"]))
    assert (loss, len(points)) == (0, 500)
    assert made(mean, itertools.repeat("ok"))[0] == mean.baseline_loss
    noisy = built("simple", baseline=50, noise=3.0)
    assert made(noisy, itertools.repeat("ok"))[0] == mean.baseline_loss  # of values without noise


def test_a_stated_minimum_is_checked_by_the_evaluations_it_is_given():
    of = built("simple", minimum={"loss": 1.0, "at": [{"x": 0.0, "n": 1}]}, noise=0.5)
    of.check(of.evaluate)
    with pytest.raises(UserError, match=r"^model.minimum: loss is 1.0, but at .* it died; mend or remove it$"):
        of.check(lambda _: Evaluation(None, None, 1.0, "crashed", "it died"))


def test_noise_is_of_the_configuration_and_the_model_seed_and_the_test_loss_is_without_it():
    points = [{"x": float(x), "n": 2} for x in np.linspace(0, 1, 500)]
    noisy = built("simple", noise=0.5, seeds={"model": 3})
    evaluations = [noisy.evaluate(point) for point in points]
    deviates = np.array([(evaluation.loss - evaluation.test_loss) / 0.5 for evaluation in evaluations])
    assert [evaluation.test_loss for evaluation in evaluations] == [point["x"] + 2 for point in points]
    assert abs(deviates.mean()) < 0.15
    assert deviates.std() == pytest.approx(1, abs=0.1)
    again = built("simple", noise=0.5, seeds={"model": 3})
    assert [again.evaluate(dict(reversed(point.items()))).loss for point in points] == [e.loss for e in evaluations]
    other = built("simple", noise=0.5, seeds={"model": 4})
    assert other.evaluate(points[0]).loss != evaluations[0].loss
    assert other.hash != noisy.hash


def test_paired_seeds_give_each_repetition_its_noise_in_one_family():
    a, b = (built("simple", seed=seed, noise=0.5, seeds={"model": "seed"}) for seed in (1, 2))
    point = {"x": 0.5, "n": 2}
    assert a.family == b.family
    assert a.key(point) != b.key(point)
    assert a.evaluate(point).loss != b.evaluate(point).loss


def test_a_configuration_that_kills_its_process_is_an_outcome_of_a_child():
    recipe = Recipe(own("deadly"), 0, "", 1)
    assert evaluate_in_child(recipe, {"x": 0.1, "n": 1}).loss == 0.5
    crashed = evaluate_in_child(recipe, {"x": 0.1, "n": 3})
    assert (crashed.status, crashed.error) == ("crashed", "the process died with signal SIGKILL")


def test_the_minimum_is_known_where_it_is_in_the_space():
    inside = problem_of("model=branin", "model.space.x1.low=0").metadata()  # two of its three points are left
    assert len(inside["known_minimisers"]) == 2
    outside = problem_of("model=ackley", "model.space.x.low=10")
    assert outside.metadata()["known_minimum"] is outside.metadata()["known_minimisers"] is None
    ints = problem_of("model=levy", "model.space.x.type=int")
    assert ints.metadata()["known_minimisers"] == [{"x1": 1, "x2": 1}]
    log = problem_of("model=levy", "model.space.x.low=0.01", "model.space.x.default=2", "+model.space.x.log=true")
    assert log.metadata()["known_minimum"] == 0
    assert [parameter.log for parameter in log.space.parameters] == [True, True]


# --- whole runs -------------------------------------------------------------------------------------------------------


def test_a_sweep_of_functions_its_report_and_its_second_run(folder, capsys, monkeypatch):
    pictures.leave_unsaved(monkeypatch)
    choices = ["-m", "dataset=function", "model=branin,ackley", "optimizer=random,optuna_tpe", "seed=range(0,2)"]
    choices += ["budget.trials=15", "engine.workers=1", "model.stored=true"]
    assert bench("run", *choices, "name=functions") == 0
    metadata = results.file_metadata(folder / "results/functions/function/branin/random/0.parquet")
    assert metadata["known_minimum"] == pytest.approx(0.397887, abs=1e-6)
    assert (metadata["metric"], metadata["task"]) == ("value", "function")
    for run_of in itertools.product(("branin", "ackley_2d"), ("random", "optuna_tpe"), (0, 1)):
        trials = table(folder, "functions/function/{}/{}/{}".format(*run_of))
        assert len(trials) == 15
        assert (trials["status"] == "ok").all()
        assert trials["test_loss"].isna().all()
        name = run_of[0].removesuffix("_2d")
        values = [FORMULAS[name](list(json.loads(text).values())) for text in trials["configuration"]]
        assert np.allclose(trials["loss"], values)
    capsys.readouterr()
    for verb in ("status", "best", "report"):
        assert bench(verb, "functions") == 0
    assert "# function branin: value " in capsys.readouterr().out
    figures = {path.name for path in Path("reports/functions/figures").glob("*.svg")}
    assert figures > {f"function-{name}-validation.svg" for name in ("branin", "ackley_2d")} | {"all-rank.svg"}
    assert not [name for name in figures if "test" in name]
    assert bench("run", *choices, "name=again") == 0
    before, after = (pd.read_parquet(f"results/{name}") for name in ("functions", "again"))
    assert after["cached"].all()
    left_out = ["experiment", "cached"]
    pd.testing.assert_frame_equal(
        without_times(before).drop(columns=left_out), without_times(after).drop(columns=left_out)
    )


def test_a_seed_does_not_matter_to_the_store(folder):
    grid = ["dataset=function", "model=branin", "optimizer=grid", "budget.trials=9", "model.stored=true"]
    assert bench("run", *grid, "seed=1") == 0
    assert bench("run", *grid, "seed=2", "seeds=paired") == 0
    assert not table(folder, "scratch/function/branin/grid/1")["cached"].any()
    assert table(folder, "scratch/function/branin/grid/2")["cached"].all()


def test_a_noisy_function_is_judged_without_its_noise(folder, monkeypatch):
    pictures.leave_undrawn(monkeypatch)
    assert bench("run", "dataset=function", "model=levy", "model.noise=1.0", "budget.trials=20") == 0
    trials = table(folder, "scratch/function/levy_2d/random/0")
    values = [levy(list(json.loads(text).values())) for text in trials["configuration"]]
    assert np.allclose(trials["test_loss"], values)
    assert np.abs(trials["loss"] - values).max() > 0.5
    assert bench("report", "scratch") == 0
    assert Path("reports/scratch/figures/function-levy_2d-test.svg").exists()


@pytest.mark.parametrize("name", NAMES)
def test_each_yaml_parses_with_a_default_that_is_no_minimiser(name):
    config = OmegaConf.to_container(OmegaConf.load(catalogue.conf_dir() / f"model/{name}.yaml"), resolve=True)
    space = parsing.parse(spread(config)["space"])
    assert getattr(known_functions, name)(space.default()) > config["minimum"]["loss"] + 0.5


def test_the_examples_of_the_documentation(folder, monkeypatch):
    """Its files are written as they stand there, its commands are run."""
    pictures.leave_undrawn(monkeypatch)
    text = (ROOT / "docs/functions.md").read_text()
    files = re.findall(r"`(mine/[\w/]+\.(?:py|yaml))`:\n\n```\w+\n(.*?)```", text, flags=re.DOTALL)
    assert len(files) >= 3
    for name, content in files:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(content)
    commands = re.findall(r"^bench (.*)$", text, flags=re.MULTILINE)
    assert len(commands) >= 5
    for command in commands:
        arguments = [
            argument.strip("'") for argument in re.split(r" (?=(?:[^']*'[^']*')*[^']*$)", command.split("  #")[0])
        ]
        cut = ["engine.workers=1", "budget.trials=3"] if arguments[0] == "run" else []
        assert bench(*(argument for argument in arguments if argument), *cut) == 0, command
    trials = pd.read_parquet("results/mine")
    assert set(trials["model"]) == {"pendulum", "surrogate"}
    assert set(trials["error"].dropna()) <= {"ValueError: it creeps"}
    assert (trials["status"] == "ok").any()


def test_the_report_of_a_function_speaks_of_values(monkeypatch):
    pictures.leave_undrawn(monkeypatch)
    choices = ["dataset=function", "model=branin", "budget.trials=5", "name=values", "model.noise=0.1"]
    assert bench("run", *choices) == 0
    assert bench("report", "values") == 0
    page = Path("reports/values/report.md").read_text()
    assert "its known minimum is 0.397887" in page
    assert "normal noise of standard deviation 0.1" in page
    assert "optimistic" not in page


def test_the_libraries_of_different_optimisers_are_no_difference_of_environment(monkeypatch, capsys):
    pictures.leave_undrawn(monkeypatch)
    choices = ["dataset=function", "model=branin", "budget.trials=3", "name=both"]
    for optimizer in ("random", "sklearn_sampler", "nevergrad_de", "catcma"):
        if bench("run", *choices, f"optimizer={optimizer}") == 2:
            pytest.skip("nevergrad is not installed")
    capsys.readouterr()
    assert bench("report", "both") == 0
    assert "different environments" not in capsys.readouterr().err
    metadata = results.file_metadata(Path("results/both/function/branin/catcma/0.parquet"))
    assert set(metadata["provenance"]["optimizer_versions"]) >= {"cmaes"}
