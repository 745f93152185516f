"""`--same-problem-as`: a person's word draws imported runs beside own ones, marked; what contradicts it is refused."""

import json
import re
from pathlib import Path
from typing import Any

import optuna
import pytest
import trials
from commands import bench
from optuna.distributions import FloatDistribution, IntDistribution
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import create_trial

from bench import results
from bench.report.runs import curves, selection, visits
from bench.results import RunId

optuna.logging.set_verbosity(optuna.logging.ERROR)
SPACE = {
    "x": {"type": "int", "low": 0, "high": 20},
    "y": {"type": "float", "low": 0.0, "high": 1.0},
    "c": {"type": "int", "low": 3, "high": 3},
}
WIDER = IntDistribution(0, 30)
GIVEN = ("--name", "theirs", "--same-problem-as", "mine", "--pattern", "{optimizer}_{seed}")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def own(label: str = "log_loss", paired: bool = False, **more: Any) -> None:
    """An experiment that was run here: eight trials of x = 0, 1, ... with each of six seeds."""
    for seed in range(6):
        run = RunId("mine", "adult", "mlp", "random", seed)
        config = trials.metadata(run, 8)["config"]
        config["model"]["space"] = SPACE | more
        problem = {"problem": f"p{seed}"} if paired else {}
        losses: list[float | None] = [0.5 + ((5 * trial + 3 * seed) % 8) / 10 for trial in range(8)]
        trials.put(Path("results"), run, losses, losses, config=config, metric=label, **problem)


def studies(distribution: Any = None, value: int = 4, direction: str = "minimize", seeds: int = 6) -> None:
    """Studies tpe_0, tpe_1, ... of eight trials in a journal."""
    Path("a").unlink(missing_ok=True)
    storage = JournalStorage(JournalFileBackend("a"))
    for seed in range(seeds):
        study = optuna.create_study(storage=storage, study_name=f"tpe_{seed}", direction=direction)
        for trial in range(8):
            x = value if distribution else trial + value
            distributions = {"x": distribution or IntDistribution(0, 20), "y": FloatDistribution(0, 1)}
            loss = 0.25 + ((7 * trial + 5 * seed) % 8) / 10
            study.add_trial(
                create_trial(value=loss, params={"x": x, "y": (trial + 8 * seed) / 64}, distributions=distributions)
            )


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    capsys.readouterr()
    assert bench("import", *arguments) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert not Path("results/theirs").exists()
    return err


def test_vouched_runs_are_drawn_with_own_ones_and_marked(capsys: pytest.CaptureFixture[str]) -> None:
    own()
    studies()
    assert bench("import", "a", *GIVEN) == 0
    out = capsys.readouterr().out
    assert "on the problem of mine, as you vouch; the report says so" in out
    assert "'bench report mine theirs' shows them" in out
    mine = results.file_metadata(RunId("mine", "adult", "mlp", "random", 0).path(Path("results")))
    path = RunId("theirs", "adult", "mlp", "tpe", 3).path(Path("results"))
    theirs = results.file_metadata(path)
    for key in ("problem", "problem_family", "metric", "folds"):
        assert theirs[key] == mine[key]
    assert theirs["config"]["model"] == mine["config"]["model"]
    assert theirs["imported"]["same_problem_as"] == "mine"
    table, _ = results.read_file(path)
    assert json.loads(table["configuration"][1].as_py()) == {"x": 5, "y": 0.390625, "c": 3}  # the constant filled in
    assert bench("report", "mine", "theirs", "--figures", "all") == 0
    page = next(Path("reports").rglob("report.md")).read_text()
    assert re.search(r"\| tpe \|", page)
    assert re.search(r"\| random \|", page)
    assert "That they are on the problem of mine is vouched for by the person who imported them." in page
    assert re.search(r"- warning: same problem: .* as vouched for by the person who imported it: tpe \(as mine\)", page)
    assert {"coordinates", "slices", "importance"} <= {
        each.stem.rpartition("-")[2] for each in Path("reports").rglob("*.svg")
    }
    assert "all runs searched the same space of 3 parameters" in page


@pytest.mark.parametrize(
    ("studied", "options", "message"),
    [
        ({"distribution": WIDER}, (), r"another search space: 'x' is type int, low 0, high 30 in the log"),
        ({"distribution": WIDER}, (), r"and type int, low 0, high 20 there \(a: 'tpe_0'\)"),
        ({"distribution": FloatDistribution(0, 20)}, (), r"'x' is type float, low 0.0, high 20.0 in the log"),
        ({}, ("--metric", "auc"), r"--metric=auc: the losses of mine are log_loss"),
        ({}, ("--model", "cnn"), r"--same-problem-as=mine: has no such problem: adult/mlp"),
    ],
)  # fmt: skip
def test_what_contradicts_is_refused(
    studied: dict[str, Any], options: tuple[str, ...], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    own()
    studies(**studied)
    assert re.search(message, refused(capsys, "a", *GIVEN, *options))


def test_other_hyperparameters_and_values_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    own()
    given = ("log.csv", "--name", "theirs", "--same-problem-as", "mine")
    for columns, values, message in (
        ("params_x,params_y", "21,0.5", r"another search space: log.csv, row 2: x=21: not a whole number in 0..20"),
        ("params_x,params_y,params_z", "2,1,1", r"row 2: z: not a parameter of this space"),
        ("params_y", "1", r"row 2: x: no value"),
    ):
        Path("log.csv").write_text(f"optimizer,seed,trial,loss,{columns}\ntpe,0,0,0.5,{values}\n")
        assert re.search(message, refused(capsys, *given))
    Path("log.csv").write_text("optimizer,seed,trial,loss\ntpe,0,0,0.5\n")
    assert bench("import", *given) == 0  # without configurations nothing contradicts
    assert "space" not in results.file_metadata(Path("results/theirs/adult/mlp/tpe/0.parquet"))["config"]["model"]


def test_a_maximised_score_becomes_the_loss_of_the_suite(capsys: pytest.CaptureFixture[str]) -> None:
    own(label="1 - auc")
    studies(direction="maximize")
    assert bench("import", "a", *GIVEN) == 0
    table, metadata = results.read_file(Path("results/theirs/adult/mlp/tpe/0.parquet"))
    assert table["loss"][0].as_py() == 0.75
    assert metadata["metric"] == "1 - auc"


def test_where_each_seed_has_a_split_of_its_own_seeds_must_be_said(capsys: pytest.CaptureFixture[str]) -> None:
    own(paired=True)
    studies()
    options = ("--name", "theirs", "--same-problem-as", "mine")
    assert "there each seed has a split of its own; say by --seed" in refused(capsys, "a", *options, "--optimizer", "t")
    studies(seeds=8)
    assert "none has seed 6-7" in refused(capsys, "a", *GIVEN)
    studies()
    assert bench("import", "a", *GIVEN) == 0
    assert results.file_metadata(Path("results/theirs/adult/mlp/tpe/4.parquet"))["problem"] == "p4"


def test_an_index_is_not_taken_for_a_choice(capsys: pytest.CaptureFixture[str]) -> None:
    own(act={"type": "categorical", "choices": [0, 1, 2]})
    values = {"x": ["4"], "y": [0.5], "act": ["1"]}
    trial = {"state": 2, "tid": 0, "result": {"loss": 0.5, "status": "ok"}, "misc": {"vals": values}}
    Path("t.json").write_text(json.dumps([trial]))
    given = ("t.json", "--name", "theirs", "--same-problem-as", "mine", "--optimizer", "tpe")
    assert "of 'act' t.json may have a choice's index instead of its value" in refused(capsys, *given)


def test_runs_without_configurations_are_not_taken_for_the_same_run(capsys: pytest.CaptureFixture[str]) -> None:
    own()
    rows = [f"tpe,{seed},{trial},{(3 * trial + seed) % 5}" for seed in range(2) for trial in range(4)]
    Path("log.csv").write_text("\n".join(["optimizer,seed,trial,loss", *rows, ""]))
    assert bench("import", "log.csv", "--name", "theirs", "--same-problem-as", "mine") == 0
    reading = selection.read(Path("results"), selection.selection(["mine", "theirs"]))
    (comparison,) = curves.comparisons(reading.results)
    looked = visits.read(Path("results"), comparison, reading)
    assert looked is not None
    of_theirs = looked.runs[looked.runs["label"] == "tpe"]
    assert of_theirs["repeated"].tolist() == [0, 0]
    assert of_theirs["sequence"].nunique() == 2
    assert looked.places[looked.trials["label"].to_numpy() == "tpe"].isna().all(axis=None)


def test_imported_runs_vouch_for_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    Path("log.csv").write_text("optimizer,seed,trial,loss\ntpe,0,0,0.5\n")
    assert bench("import", "log.csv", "--name", "mine", "--dataset", "adult", "--model", "mlp") == 0
    assert "its runs were imported too" in refused(capsys, "log.csv", "--name", "theirs", "--same-problem-as", "mine")
