"""BBOB: values are COCO's, each problem of a sweep has its own name and space, and what is out of range is refused.

`coco_values.jsonl` was computed by coco-experiment 2.8.2, which no other part of the suite needs, with this script:

    import json, math, os, cocoex  # in an empty folder
    def point(k, d, mixed):
        x = [5 * math.sin(37 * k + 11 * j) for j in range(d)]
        n = [values for values in (2, 4, 8, 16) for _ in range(d // 5)] if mixed else []
        return [int((v + 5) / 10 * values) for v, values in zip(x, n)] + x[len(n):]
    for suite, dimensions in (("bbob", (2, 5, 10)), ("bbob-mixint", (5, 10))):
        for d in dimensions:
            for i in (1, 3):
                for p in cocoex.Suite(suite, "", f"dimensions:{d} instance_indices:{i}"):
                    p._best_parameter("print")
                    at = [float(v) for v in open("._bbob_problem_best_parameter.txt").read().split()]
                    row = {"suite": suite, "function": p.id_function, "dimension": d, "instance": i}
                    row["values"] = [float(p(point(k, d, suite != "bbob"))) for k in (1, 2)]
                    print(json.dumps(row | {"minimum": float(p(at))} | ({"at": at} if suite != "bbob" else {})))
"""

import itertools
import json
import math
import sys
from pathlib import Path

import pytest
from commands import bench

from bench.problems.bbob import Bbob, BbobMixint
from bench.running import compose, sweep
from bench.running.run import problem_of

COCO = [json.loads(line) for line in (Path(__file__).parent / "coco_values.jsonl").read_text().splitlines()]


def test_values_and_minima_are_cocos() -> None:
    assert {row["function"] for row in COCO if row["suite"] == "bbob"} == set(range(1, 25))
    for row in COCO:
        mixed, dimension = row["suite"] == "bbob-mixint", row["dimension"]
        own = (BbobMixint if mixed else Bbob)(row["function"], dimension // 5 if mixed else dimension, row["instance"])
        (best,) = own.known_minimum["at"]
        assert own.known_minimum["loss"] == pytest.approx(row["minimum"], abs=1e-9)
        assert own(best) == pytest.approx(row["minimum"], abs=1e-7)
        cardinalities = [values for values in (2, 4, 8, 16) for _ in range(dimension // 5)] if mixed else []
        for number, value in enumerate(row["values"], 1):
            point = [5 * math.sin(37 * number + 11 * place) for place in range(dimension)]
            grid = [int((x + 5) / 10 * values) for x, values in zip(point, cardinalities, strict=False)]
            named = dict(zip(best, grid + point[len(grid) :], strict=True))
            assert own(named) == pytest.approx(value, rel=1e-9), row
            assert own(dict(reversed(named.items()))) == own(named)
        if mixed:
            assert list(best.values()) == pytest.approx(row["at"], abs=1e-8)


def test_traits_are_those_of_the_five_groups() -> None:
    traits = [Bbob(function, 2, 1).known_traits for function in range(1, 25)]
    groups = [each["group"] for each in traits]
    assert [groups.count(name) for name in dict.fromkeys(groups)] == [5, 4, 5, 5, 5]
    assert [place for place, each in enumerate(traits, 1) if each["separable"]] == [1, 2, 3, 4, 5]
    unimodal = {place for place, each in enumerate(traits, 1) if not each["multimodal"]}
    assert unimodal == {1, 2, 5, *range(6, 15)}
    assert Bbob(8, 4, 1).known_traits["multimodal"]  # Rosenbrock's second minimum
    assert not Bbob(8, 3, 1).known_traits["multimodal"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_each_of_a_sweep_has_its_own_name_space_minimum_and_traits(folder: Path) -> None:
    swept = ["model.settings.function=1,21", "model.settings.dimension=2,3", "model.settings.instance=range(1,3)"]
    overrides = ["dataset=function", "model=bbob", *swept, "seed=range(0,2)"]
    specs = list(sweep.enumerate_runs(compose.swept(overrides, None)[1], None, overrides))
    every = itertools.product((1, 21), (2, 3), (1, 2))
    assert {spec.run.model for spec in specs} == {"bbob_f{}_{}d_i{}".format(*each) for each in every}
    problems = {spec.run.model: problem_of(spec) for spec in specs}
    assert len(specs) == 16
    assert len({problem.hash for problem in problems.values()}) == len({spec.config_hash for spec in specs}) == 8
    for spec in specs:
        settings, problem = spec.config["model"]["settings"], problems[spec.run.model]
        metadata, own = problem.metadata(0.0), Bbob(**settings)
        assert spec.run.model == "bbob_f{function}_{dimension}d_i{instance}".format(**settings)
        names = [f"x{place}" for place in range(1, settings["dimension"] + 1)]
        assert list(spec.config["model"]["space"]) == list(metadata["known_minimisers"][0]) == names
        assert metadata["known_minimum"] == own.known_minimum["loss"]
        assert metadata["traits"] == own.known_traits
        assert list(metadata["computed_by"]) == ["ioh"]
        assert problem.evaluate(problem.space.default()).loss == own(problem.space.default())
        problem.check(problem.evaluate)


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("model.settings.function=25", "model.settings.function=25: expected a whole number from 1 to 24"),
        ("model.settings.function=sphere", "model.settings.function='sphere': expected a whole number from 1 to 24"),
        ("model.settings.dimension=1", "model.settings.dimension=1: expected a whole number from 2 to 100"),
        ("model.settings.dimension=0", "model.settings.dimension=0: expected a whole number from 2 to 100"),
        ("model.settings.instance=0", "model.settings.instance=0: expected a whole number from 1 to 100000"),
        ("+model.settings.rotation=1", "model.settings.rotation: unknown; allowed: function, dimension, instance"),
        ("model=bbob_mixint model.settings.of_each=9", "model.settings.of_each=9: expected a whole number from 1 to 8"),
    ],
)
def test_what_is_out_of_range_is_one_line_before_anything_runs(
    folder: Path, capsys: pytest.CaptureFixture[str], override: str, message: str
) -> None:
    assert bench("run", "dataset=function", "model=bbob", *override.split(), "dry_run=true") == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"bench: {message}")


def test_without_ioh_it_says_what_to_install(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "bench.problems.bbob")
    monkeypatch.setitem(sys.modules, "ioh", None)
    assert bench("run", "dataset=function", "model=bbob", "dry_run=true") == 2
    (line,) = capsys.readouterr().err.splitlines()
    missing = "needs the package 'ioh', which is not installed; pip install "
    assert line.startswith(f"bench: model.function=bench.problems.bbob.Bbob: {missing}")
