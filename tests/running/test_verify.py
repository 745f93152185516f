"""`bench verify`: what was stored comes out the same, what was changed is found, what cannot be tried is one line."""

import re
from pathlib import Path

import pandas as pd
import pytest
from commands import bench
from trials import rewrite

RUN = ["run", "dataset=wine", "model=lightgbm", "model.settings.rounds=5", "budget.trials=4", "name=e"]
SWEEP = ["run", "-m", *RUN[1:], "engine.workers=1"]
PATH = Path("results/e/wine/lightgbm/random/0.parquet")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_stored_trials_come_out_the_same_and_nothing_is_written(folder: Path, capsys) -> None:
    assert bench(*SWEEP, "optimizer=random,optuna_tpe", "seed=0,1") == 0
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}
    capsys.readouterr()
    assert bench("verify", "e", "--trials", "100") == 0
    *lines, last = capsys.readouterr().out.splitlines()
    assert last == "16 of 16 trials come out the same, bit for bit"
    trials = pd.read_parquet("results/e")
    assert sorted(line.rpartition(" ")[2] for line in lines) == sorted(map(repr, trials["loss"]))
    after = {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}
    assert {path: when for path, when in after.items() if "sqlite" not in path.name} == {
        path: when for path, when in before.items() if "sqlite" not in path.name
    }


def test_the_seed_draws_them(capsys) -> None:
    assert bench(*SWEEP, "optimizer=random", "seed=0,1,2") == 0
    drawn = []
    for seed in ("1", "1", "2"):
        capsys.readouterr()
        assert bench("verify", "e", "--trials", "3", "--seed", seed) == 0
        drawn.append(re.findall(r"same: (\S+ trial \d)", capsys.readouterr().out))
    assert len(set(drawn[0])) == 3
    assert drawn[0] == drawn[1] != drawn[2]


@pytest.mark.parametrize("column", ["loss", "test_loss"])
def test_one_changed_bit_is_found(capsys, column: str) -> None:
    assert bench(*RUN, "optimizer=random") == 0
    values = pd.read_parquet(PATH)[column].tolist()
    values[2] *= 1 + 2**-52
    rewrite(PATH, **{column: values})
    capsys.readouterr()
    assert bench("verify", "e") == 1
    out = capsys.readouterr().out
    assert re.search(r"^DIFFERENT: e/wine/lightgbm/random/0 trial 2: .* then, .* now$", out, re.MULTILINE)
    assert "3 of 4 trials come out the same; the others do not, though versions and processor do" in out


def test_other_versions_are_named(capsys) -> None:
    assert bench(*RUN, "optimizer=random") == 0
    rewrite(PATH, {"computed_by": {"lightgbm": "3.0.0"}})
    capsys.readouterr()
    assert bench("verify", "e") == 0
    out = capsys.readouterr().out
    assert re.search(r"4 of 4 trials .* although these differ: lightgbm \(3\.0\.0 then, [\d.]+ now\)", out)
    values = pd.read_parquet(PATH)["loss"].tolist()
    rewrite(PATH, loss=[value + 1 for value in values])
    assert bench("verify", "e") == 1
    out = capsys.readouterr().out
    assert "not what made it: lightgbm (3.0.0 then" in out
    assert "0 of 4 trials come out the same; the others were made with other versions or hardware" in out


def test_failures_are_compared_too_and_an_ok_one_that_fails_now_is_found(capsys) -> None:
    own = Path("mine/model")
    own.mkdir(parents=True)
    Path("mine/sometimes.py").write_text(
        "class It:\n    revision, libraries, threads_matter = 1, (), False\n"
        "    def __init__(self, task, classes): ...\n"
        "    def fit(self, configuration, *rest, step=None):\n        raise ValueError('never')\n"
    )
    (own / "sometimes.yaml").write_text(
        "name: sometimes\ndescription: fails\nclass: sometimes.It\nspace: {x: {type: float, low: 0.0, high: 1.0}}\n"
    )
    assert bench("run", "--config-dir", "mine", "dataset=wine", "model=sometimes", "budget.trials=2", "name=f") == 0
    capsys.readouterr()
    assert bench("verify", "f", "--config-dir", "mine") == 0
    assert "2 of 2 trials come out the same" in capsys.readouterr().out
    rewrite(Path("results/f/wine/sometimes/random/0.parquet"), status=["ok", "failed"], loss=[0.5, None])
    assert bench("verify", "f", "--config-dir", "mine") == 1
    assert "trial 0: 0.5 then, failed now" in capsys.readouterr().out


def test_a_users_file_is_asked_for(capsys) -> None:
    pd.DataFrame({"x": range(60), "y": [i % 2 for i in range(60)]}).to_csv("a.csv", index=False)
    own = ["dataset=file", "dataset.path=a.csv", "dataset.target=y", "dataset.name=a", "model.settings.rounds=3"]
    assert bench("run", *own, "budget.trials=2", "name=own") == 0
    capsys.readouterr()
    missing = "bench: dataset a: the place of its file is not recorded; give it with --data"
    Path("copy.csv").write_bytes(Path("a.csv").read_bytes() + b"60,0\n")
    assert bench("verify", "own", "--trials", "1") == 2
    assert capsys.readouterr().err == f"{missing}: bench verify own --trials 1 --data a.csv\n"
    assert bench("verify", "own", "--data", "copy.csv") == 2
    message = capsys.readouterr().err
    assert message.startswith("bench: --data=copy.csv: is not the file of dataset a (SHA-256 "), message
    assert message.endswith("; that is a.csv\n"), message
    Path("elsewhere").mkdir()
    Path("a.csv").rename("elsewhere/a.csv")
    assert bench("verify", "own") == 2
    assert capsys.readouterr().err == f"{missing} FILE\n"
    assert bench("verify", "own", "--data", "elsewhere/a.csv") == 0


def test_imported_runs_cannot_be_verified(capsys) -> None:
    Path("log.csv").write_text("optimizer,seed,trial,loss\ntpe,0,0,0.5\n")
    assert bench("import", "log.csv", "--name", "theirs", "--dataset", "d", "--model", "m") == 0
    assert bench("verify", "theirs") == 2
    assert "its 1 runs were imported, and what evaluates them is not known" in capsys.readouterr().err


def test_a_file_is_refused_where_no_run_is_on_one_instead_of_being_ignored(capsys) -> None:
    Path("a.csv").write_text("x,y\n1,2\n")
    assert bench(*RUN, "optimizer=random") == 0
    capsys.readouterr()
    assert bench("verify", "e", "--config-dir", "nowhere") == 2
    assert capsys.readouterr().err == "bench: --config-dir=nowhere: no such folder\n"
    for file, reason in (
        ("a.csv", "no dataset of experiment 'e' is a file of yours; leave it out"),
        ("b.csv", "no such file"),
    ):
        assert bench("verify", "e", "--data", file) == 2
        assert capsys.readouterr().err == f"bench: --data={file}: {reason}\n"


def test_a_users_file_is_found_where_a_config_of_theirs_says_it_is(capsys) -> None:
    """And a source of their own is used with the file that they give."""
    pd.DataFrame({"x": range(60), "y": [i % 2 for i in range(60)]}).to_csv("a.csv", index=False)
    Path("mine/dataset").mkdir(parents=True)
    Path("mine/mine_source.py").write_text("from bench.datasets.file import load\n")
    for name, load in (("own", "bench.datasets.file.load"), ("sourced", "mine_source.load")):
        Path(f"mine/dataset/{name}.yaml").write_text(
            f"name: {name}\nload: {load}\ntask: null\npath: a.csv\ntarget: y\nsha256: null\n"
        )
        own = ["--config-dir", "mine", f"dataset={name}", "model.settings.rounds=3", "budget.trials=2", f"name={name}"]
        assert bench("run", *own) == 0
        for more in ([], ["--data", "a.csv"]):
            assert bench("verify", name, "--config-dir", "mine", *more) == 0, capsys.readouterr()
        assert bench("verify", name) == 2


def test_a_configuration_that_is_none_is_one_line(capsys) -> None:
    assert bench(*RUN, "optimizer=random") == 0
    for text in ("{", "5", '"x"', '{"x": 1}', "[" * 5000):
        rewrite(PATH, configuration=[text] * 4)
        capsys.readouterr()
        assert bench("verify", "e", "--trials", "1") == 2
        message = r"bench: results/e/wine/lightgbm/random/0.parquet: .+; delete it.*\n"
        assert re.fullmatch(message, capsys.readouterr().err)
