"""The last lines of a command: what its runs ended with, in the metric's own direction, beside what knows nothing."""

import itertools
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from commands import TOY, bench
from sklearn.datasets import load_wine
from sklearn.metrics import log_loss

from bench import datasets, results
from bench.running import outcome


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def said(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return capsys.readouterr().err.splitlines()


def test_one_run_in_the_direction_of_its_metric_and_again_when_there_is_nothing_to_do(capsys) -> None:
    arguments = ["run", *TOY, "metric=auc", "budget.trials=2", "name=one"]
    assert bench(*arguments) == 0
    first = said(capsys)[-3:]
    assert first == [
        "wine toy random: validation AUC 0.5, test AUC 0.5; a model that knows nothing has 0.5 and 0.5",
        "this is no better than a model that knows nothing (AUC 0.5): check the data",
        f"tables in {Path('results').resolve()}/one; 'bench report one' draws them",
    ]
    assert bench(*arguments) == 0
    assert said(capsys) == ["1 of 1 runs are done; nothing to do", *first]
    assert bench("status", "one") == 0
    assert "best AUC" in capsys.readouterr().out
    assert bench("best", "one") == 0
    assert capsys.readouterr().out.startswith("# wine toy: validation AUC 0.5, test AUC 0.5\n")
    other = ["dataset=wine", "model=knn", "optimizer=random", "budget.trials=1", "name=knn"]
    assert bench("run", *other, "metric=auc") == 0
    loss, test = pd.read_parquet("results/knn")[["best_loss", "incumbent_test_loss"]].iloc[-1]
    assert loss < 0.4
    line = f"wine knn random: validation AUC {1 - loss:.5g}, test AUC {1 - test:.5g}; a model that knows nothing has "
    assert line in capsys.readouterr().err


def test_a_sweep_is_shown_by_medians_beside_the_shares_of_classes(capsys, monkeypatch) -> None:
    common = [*TOY, "seeds=paired", "budget.trials=3", "name=some"]
    for optimizer, seed in itertools.product(("random", "grid"), (1, 2, 4)):  # no worker is started for that
        assert bench("run", *common, f"optimizer={optimizer}", f"seed={seed}") == 0
    sweep = ["run", "-m", *common, "optimizer=random,grid", "seed=1,2,4"]
    assert bench(*sweep) == 0
    lines = said(capsys)
    at = lines.index("wine toy: log loss, lower is better, medians of 3 seeds")
    rows = {line.strip().rpartition("  ")[0].rsplit("  ", 1)[0].strip(): line.split()[-2:] for line in lines[at + 2 :]}
    ends = pd.read_parquet("results/some").groupby(["optimizer", "seed"], observed=True).last()
    for optimizer in ("random", "grid"):
        medians = [f"{np.median(ends.loc[optimizer, name]):.5g}" for name in ("best_loss", "incumbent_test_loss")]
        assert rows[optimizer] == medians
    metadata = [results.file_metadata(path) for path in results.find(Path("results"), "some").values()][:3]
    wine, target = datasets.load(metadata[0]["config"]["dataset"], Path()), load_wine().target
    losses = []
    for seed in (1, 2, 4):
        parts = datasets.split(wine, metadata[0]["config"]["resampling"], seed)
        shares = np.bincount(target[parts.folds[0].train]) / len(parts.folds[0].train)
        tested = (parts.folds[0].valid, parts.test)
        losses.append([log_loss(target[part], np.tile(shares, (len(part), 1))) for part in tested])
    assert rows["a model that knows nothing"] == [f"{loss:.5g}" for loss in np.median(losses, axis=0)]
    assert [entry["baseline_test_loss"] for entry in metadata] == pytest.approx([test for _, test in losses])
    monkeypatch.setattr(outcome, "TABLES", 5)
    assert bench(*sweep) == 0
    assert [line[:9] for line in said(capsys)] == ["6 of 6 ru", "tables in"]  # of many runs no table is read for this


def test_what_failed_and_what_has_a_known_minimum(capsys) -> None:
    assert bench("run", *TOY, "+model.settings.fail_above=-1", "budget.trials=2", "name=bad") == 0
    assert "wine toy random: no trial succeeded" in said(capsys)
    function = ["dataset=function", "model=branin", "budget.trials=4", "name=f"]
    for optimizer in ("random", "grid"):
        assert bench("run", *function, f"optimizer={optimizer}") == 0
    assert bench("run", "-m", *function, "optimizer=random,grid") == 0
    lines = said(capsys)
    at = lines.index("branin: value, lower is better")
    best = pd.read_parquet("results/f").groupby("optimizer", observed=True)["loss"].min()
    assert [line.split() for line in lines[at + 1 : at + 5]] == [
        ["optimiser", "value"],
        *([name, f"{best[name]:.5g}"] for name in ("random", "grid")),
        ["known", "minimum", "0.39789"],
    ]
    assert bench("run", *function, "optimizer=random") == 0
    assert f"{best['random'] - 0.397887:.2g} above the known minimum 0.39789" in said(capsys)[-2]
