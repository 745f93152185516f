"""A larger budget on an experiment that ran with a smaller one: what can go on does, what cannot starts anew."""

import importlib.util
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from commands import bench

COMMON = ["run", "dataset=function", "model=branin", "model.stored=true", "name=e"]
SWEEP = ["run", "-m", *COMMON[1:], "engine.workers=1"]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def table(optimizer: str, seed: int = 0) -> pd.DataFrame:
    return pd.read_parquet(f"results/e/function/branin/{optimizer}/{seed}.parquet")


def test_runs_go_on_with_all_that_they_have(capsys) -> None:
    chosen = ["optimizer=random,optuna_tpe,hyperopt_tpe,skopt_et,optuna_cmaes"]
    assert bench(*SWEEP, *chosen, "budget.trials=11") == 0
    before = {name: table(name) for name in ("random", "optuna_tpe", "hyperopt_tpe", "skopt_et", "optuna_cmaes")}
    capsys.readouterr()
    assert bench(*SWEEP, *chosen, "budget.trials=14") == 0
    message = capsys.readouterr().err
    assert "note: 5 finished runs of random, optuna_tpe" in message
    assert "had budget.trials=11: go on, and reuse what they have" in message
    for name, old in before.items():
        new = table(name)
        assert len(new) == 14
        pd.testing.assert_frame_equal(new.iloc[:11], old)  # seconds of ask and tell, and when, too
        assert new["started_at"].iloc[11] > old["started_at"].iloc[10]
    assert bench(*SWEEP, *chosen, "budget.trials=14") == 0
    assert "5 of 5 runs are done; nothing to do" in capsys.readouterr().err


def test_what_runs_alone_for_the_larger_budget_is_the_same() -> None:
    assert bench(*COMMON, "optimizer=optuna_tpe", "budget.trials=12") == 0
    assert bench(*COMMON, "optimizer=optuna_tpe", "budget.trials=20") == 0
    raised = table("optuna_tpe")
    assert bench(*COMMON, "optimizer=optuna_tpe", "budget.trials=20", "overwrite=true") == 0
    alone = table("optuna_tpe")
    assert raised["configuration"].tolist() == alone["configuration"].tolist()
    assert np.array_equal(raised["loss"], alone["loss"])


@pytest.mark.skipif(importlib.util.find_spec("nevergrad") is None, reason="nevergrad is not installed")
def test_what_plans_with_its_budget_starts_anew_and_says_so(capsys) -> None:
    assert bench(*COMMON, "optimizer=nevergrad", "budget.trials=5") == 0
    capsys.readouterr()
    assert bench(*COMMON, "optimizer=nevergrad", "budget.trials=9") == 0
    message = capsys.readouterr().err
    assert "note: 1 finished run of nevergrad had budget.trials=5: start anew: they plan with their budget" in message
    raised = table("nevergrad")
    assert bench(*COMMON, "optimizer=nevergrad", "budget.trials=9", "overwrite=true") == 0
    assert raised["configuration"].tolist() == table("nevergrad")["configuration"].tolist()


def test_a_smaller_budget_or_another_difference_is_still_refused(capsys) -> None:
    assert bench(*COMMON, "optimizer=random", "budget.trials=5") == 0
    capsys.readouterr()
    assert bench(*COMMON, "optimizer=random", "budget.trials=4") == 2
    assert "differs in budget.trials" in capsys.readouterr().err
    assert bench(*COMMON, "optimizer=random", "budget.trials=9", "model.noise=0.1") == 2
    message = capsys.readouterr().err
    assert "budget.trials" in message
    assert "noise" in message
    assert len(table("random")) == 5


def test_a_dry_run_says_what_would_be_reused(capsys) -> None:
    assert bench(*SWEEP, "optimizer=random", "seed=0,1", "budget.trials=5") == 0
    capsys.readouterr()
    assert bench(*SWEEP, "optimizer=random", "seed=0,1", "budget.trials=8", "dry_run=true") == 0
    captured = capsys.readouterr()
    assert "2 runs with seeds 0-1, 16 trials, 10 in the store; 6 x" in captured.out
    assert "go on" in captured.err
    assert len(table("random")) == 5
