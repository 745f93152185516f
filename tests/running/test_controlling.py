"""`bench control`: an experiment's optimisers where no method can win, and that one which cheats is found out."""

import json
from pathlib import Path

import pytest
from commands import bench

from bench import results
from bench.report import build
from bench.report.runs import selection
from bench.running import controlling
from bench.space import parsing


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An experiment of four optimisers on a function, eight seeds of six trials."""
    folder = tmp_path_factory.mktemp("controlled")
    own = folder / "mine/optimizer"
    own.mkdir(parents=True)
    (own / "cheat.yaml").write_text("name: cheat\ndescription: of the tests\nclass: cheat.Cheat\nsettings: {}\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        common = ["-m", "dataset=function", "model=branin", "model.baseline=0", "budget.trials=6", "seed=range(0,8)"]
        chosen = "optimizer=random,hyperopt_tpe,cheat,random_2x"
        assert bench("run", "--config-dir", "mine", *common, "name=e", chosen) == 0
    return folder


def audited(folder: Path) -> list[tuple[str, str]]:
    report, _ = build.collect(folder / "results", selection.selection(["e"]), {})
    return [(each.level, each.text) for each in report.problems[0].findings if each.subject == "control"]


def test_who_cheats_is_found_out_and_who_does_not_is_not(folder, monkeypatch, capsys) -> None:
    monkeypatch.chdir(folder)
    assert audited(folder) == []
    assert bench("control", "e") == 2
    assert "optimizer.class='cheat.Cheat'" in capsys.readouterr().err  # results may be anybody's
    assert bench("control", "e", "--config-dir", "mine") == 1
    captured = capsys.readouterr()
    line = captured.out.splitlines()[-1]
    assert line.startswith("function/branin-permuted: cheat beats random search where no method can (8 seeds, p = 0.0")
    assert "note: random_2x: takes no part in the control, as it has another budget" in captured.err
    made = results.find(folder / "results", "e-control")
    assert {run.optimizer for run in made} == {"random", "hyperopt_tpe", "cheat"}
    assert {run.seed for run in made} == set(range(8))
    kept = json.loads((folder / "results/e/_control.json").read_text())["function/branin"]
    assert (kept["better"], sorted(kept["tested"]), kept["untested"]) == (["cheat"], ["cheat", "hyperopt_tpe"], [])
    ((level, text),) = audited(folder)
    assert level == "warning"
    assert text.startswith("on permuted losses (e-control/function/branin-permuted) cheat beats random search")
    fewer, _ = build.collect(folder / "results", selection.selection(["e"], optimizers="random,hyperopt_tpe"), {})
    assert any(each.subject == "control" for each in fewer.problems[0].findings)
    (folder / "results/e/_control.json").write_text('{"function/branin": {"tested": 3}}')
    assert audited(folder) == []
    assert bench("control", "e-control") == 2
    assert "has no run that was made here and is no control itself" in capsys.readouterr().err
    assert bench("control", "f") == 2
    assert "experiment 'f': no finished run" in capsys.readouterr().err


def test_in_a_small_space_random_search_draws_nothing_twice() -> None:
    def is_small(trials: float, **space: dict) -> bool:
        return controlling._is_small(parsing.parse(space), trials)

    ten = {"type": "int", "low": 1, "high": 10}
    assert is_small(11, a=ten, b=ten, c=ten)
    assert not is_small(10, a=ten, b=ten, c=ten)
    assert is_small(10, a={"type": "categorical", "choices": [True, False]}, b=ten | {"when": {"a": [True]}})
    assert not is_small(10**9, a={"type": "float", "low": 0.0, "high": 1.0})
