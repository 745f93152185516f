"""Runs whose evaluations are not stored: the same tables, an empty store, and a run that is ended begins anew."""

import sqlite3
from pathlib import Path

import pandas as pd
import pytest
from commands import bench, table, without_times
from ending import CALLS, Ending

from bench.store import Store, unstored

COMMON = ["run", "dataset=function", "model=branin", "budget.trials=12"]
RUN = "{}/function/branin/{}/0"
ENDING = ["optimizer.class=ending.Ending", "optimizer.name=ending"]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def kept(folder: Path) -> dict[str, int]:
    """How many rows the tables of the store have."""
    with sqlite3.connect(folder / "results/store.sqlite") as store:
        names = ("evaluations", "claims", "trials")
        return {name: store.execute(f"select count(*) from {name}").fetchone()[0] for name in names}


def test_the_table_is_that_of_a_run_whose_evaluations_are_stored(folder: Path) -> None:
    for optimizer in ("optuna_tpe", "random_2x"):
        rest = ["initial_design=shared", f"optimizer={optimizer}"]
        assert bench(*COMMON, *rest, "name=unstored") == 0
        assert set(kept(folder).values()) == {0}
        assert bench(*COMMON, *rest, "name=stored", "model.stored=true", "store=sqlite:///kept.sqlite") == 0
        tables = [without_times(table(folder, RUN.format(name, optimizer))) for name in ("unstored", "stored")]
        pd.testing.assert_frame_equal(*(rows.drop(columns=["experiment", "cached"]) for rows in tables))
    for stored in ("true", "false"):  # it is no part of what a run is
        assert bench(*COMMON, *rest, "name=unstored", f"model.stored={stored}", "dry_run=true") == 0
        assert bench(*COMMON, *rest, "name=stored", f"model.stored={stored}", "dry_run=true") == 0


def test_a_run_that_is_ended_begins_anew_and_its_progress_is_seen_meanwhile(folder, capsys, monkeypatch) -> None:
    assert bench(*COMMON, *ENDING, "name=whole") == 0
    seen = []

    def look() -> None:
        store = Store(f"sqlite:///{folder}/results/store.sqlite")
        seen.extend((run["state"], run["trials"]) for run in store.runs("ended"))
        store.close()
        raise KeyboardInterrupt

    monkeypatch.setattr(Ending, "at_ninth", staticmethod(look))
    monkeypatch.setattr(unstored, "SECONDS", 0.0)
    assert bench(*COMMON, *ENDING, "name=ended") == 130
    assert seen == [("running", 7)]
    assert kept(folder) == {"evaluations": 0, "claims": 0, "trials": 0}
    monkeypatch.setattr(Ending, "at_ninth", staticmethod(lambda: None))
    own = ["model.function=ending.noted", "~model.minimum", "model.baseline=0"]
    CALLS.clear()
    assert bench(*COMMON, *ENDING, "name=ended", *own, "overwrite=true") == 0
    assert len(CALLS) == 12
    assert bench(*COMMON, *ENDING, "name=ended", "overwrite=true") == 0
    tables = [without_times(table(folder, RUN.format(name, "ending"))) for name in ("ended", "whole")]
    pd.testing.assert_frame_equal(*(rows.drop(columns=["experiment", "cached"]) for rows in tables))
    capsys.readouterr()
    assert bench("status", "ended") == 0
    assert "1 done, 0 running, 0 failed, 0 interrupted\n12 trials" in capsys.readouterr().out


def test_a_larger_budget_starts_anew_and_says_so(folder, capsys) -> None:
    assert bench(*COMMON, "optimizer=optuna_tpe") == 0
    before = table(folder, RUN.format("scratch", "optuna_tpe"))
    capsys.readouterr()
    assert bench(*COMMON, "optimizer=optuna_tpe", "budget.trials=15") == 0
    assert "had budget.trials=12: start anew: what they evaluate is not stored" in capsys.readouterr().err
    after = table(folder, RUN.format("scratch", "optuna_tpe"))
    assert after["loss"].tolist()[:12] == before["loss"].tolist()
    assert len(after) == 15


def test_a_run_in_which_all_failed_is_told_of(capsys) -> None:
    own = ["model.function=ending.failing", "~model.minimum", "model.baseline=0"]
    assert bench(*COMMON, *own) == 0
    assert "warning: scratch/function/branin/random/0: all 12 trials failed; its table has" in capsys.readouterr().err


def test_a_value_that_is_no_flag_is_refused(capsys) -> None:
    assert bench(*COMMON, "model.stored=perhaps") == 2
    assert capsys.readouterr().err.strip() == "bench: model.stored='perhaps': expected true or false"
