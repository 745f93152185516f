"""`bench store`: what it holds, out to parquet, in from another, pruned."""

import random

import pandas as pd
import pytest
from commands import TOY, bench, table

from bench.problems import Evaluation
from bench.results import RunId
from bench.store import Claimed, Store, Stored, contents

pytest_plugins = ["postgres"]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, tmp_path):
    return f"sqlite:///{tmp_path}/s.sqlite" if request.param == "sqlite" else request.getfixturevalue("postgres")


def filled(url: str, keys, run="r") -> Store:
    store = Store(url)
    for i in keys:
        status = "ok" if i % 3 else "failed"
        evaluation = Evaluation(i / 10 if i % 3 else None, None, 1.5, status, None if i % 3 else "no", {"curve": [i]})
        store.put(f"{i:064d}", f"problem{i % 2}", f'{{"x":{i}}}', evaluation, run)
    return store


def test_what_is_held_is_counted_by_problem(url):
    store = filled(url, range(10), run=str(RunId("e", "d", "m", "o", 0)))
    store.begin(RunId("e", "d", "m", "o", 0), "h")
    expected = [("problem0", "d", "m", 5, 2, 7.5), ("problem1", "d", "m", 5, 2, 7.5)]
    assert [tuple(vars(row).values()) for row in contents.held(store)] == expected
    assert contents.size(store) > 1000
    store.close()


def test_another_store_is_taken_in_and_nothing_of_ones_own_replaced(url, tmp_path, monkeypatch):
    monkeypatch.setattr(contents, "_BATCH", 7)
    other = filled(f"sqlite:///{tmp_path}/other.sqlite", range(30), run="theirs")
    mine = filled(url, range(0, 30, 2), run="mine")
    assert contents.take(mine, other) == (15, 15)
    assert contents.take(mine, other) == (0, 30)
    for i in random.Random(0).sample(range(30), 8):
        stored = mine.claim(f"{i:064d}")
        assert isinstance(stored, Stored)
        assert stored.run == ("theirs" if i % 2 else "mine")
        assert stored.evaluation.details == {"curve": [i]}
    assert contents.export(mine, tmp_path / "all.parquet") == 30
    frame = pd.read_parquet(tmp_path / "all.parquet")
    assert list(frame["key"]) == [f"{i:064d}" for i in range(30)]
    assert frame["loss"].isna().tolist() == [i % 3 == 0 for i in range(30)]
    mine.close()


def test_what_meets_all_conditions_is_pruned_and_made_again_when_it_is_wanted(url):
    store = filled(url, range(12))
    assert contents.prune(store, ("failed",), "problem1", dry=True) == 2
    assert contents.prune(store, ("failed",), "problem1") == 2
    assert contents.prune(store, ("failed",), days=1) == 0
    assert store.claim(f"{3:064d}") == Claimed(0)
    assert isinstance(store.claim(f"{6:064d}"), Stored)
    assert contents.prune(store, days=0) == 10
    store.close()


def test_the_verbs(folder, capsys):
    assert bench("run", *TOY, "budget.trials=6", "+model.settings.fail_above=0.5") == 0
    capsys.readouterr()
    assert bench("store", "show") == 0
    out = capsys.readouterr().out
    failed = int((table(folder, "scratch/wine/toy/random/0")["status"] == "failed").sum())
    assert out.splitlines()[1].split()[1:5] == ["wine", "toy", "6", str(failed)]
    assert "6 evaluations of 1 problems" in out
    assert bench("store", "export", "all.parquet") == 0
    assert "6 evaluations in all.parquet" in capsys.readouterr().out
    assert bench("store", "import", "results/store.sqlite", "--store", "sqlite:///new.sqlite") == 0
    assert "6 evaluations added, 0 were there" in capsys.readouterr().out
    assert bench("store", "prune", "--status", "failed", "--dry-run") == 0
    assert f"{failed} evaluations would be removed" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["show"], "no store there; name one with --store or --results-dir"),
        (["import", "nowhere.sqlite"], "nowhere.sqlite: no store there"),
        (["prune", "--store", "sqlite:///s.sqlite"], "prune: say which evaluations"),
        (["prune", "--status", "faild", "--store", "sqlite:///s.sqlite"], "--status=faild: unknown; allowed: ok, fail"),
    ],
)
def test_a_mistake_is_told_in_one_line_and_no_store_is_made(arguments, said, folder, capsys):
    Store("sqlite:///s.sqlite").close()
    assert bench("store", *arguments) == 2
    err = capsys.readouterr().err
    assert said in err
    assert err.count("\n") == 1
    assert not (folder / "results").exists()
    assert not (folder / "nowhere.sqlite").exists()
