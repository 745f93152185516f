"""`bench fit --register`: MLflow's own client loads the winner, which predicts as saved; confusion matrices."""

import json
import os
import shutil
from pathlib import Path
from unittest import mock

import mixed
import numpy as np
import pandas as pd
import pytest
from commands import bench
from numpy.typing import NDArray
from pictures import leave_undrawn

from bench import __version__
from bench.models.saved import load
from bench.running import confusion
from bench.running import fit as fitting
from bench.tracking.registering import EXAMPLE_ROWS

mlflow = pytest.importorskip("mlflow")
from mlflow.tracking import MlflowClient  # noqa: E402

from bench.stream.registry import Registry as StreamRegistry  # noqa: E402
from bench.stream.registry import model_of  # noqa: E402

CODES = ["7", "8", "10"]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, mlflow_database: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    shutil.copy(mlflow_database, "mlflow.db")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/mlflow.db")
    mlflow.set_tracking_uri(f"sqlite:///{tmp_path}/mlflow.db")
    leave_undrawn(monkeypatch)
    return tmp_path


def own_table() -> pd.DataFrame:
    """A user's file: numbers, text, whole numbers, labels that look like numbers; missing values in some."""
    frame = mixed.table("binary").drop(columns=["w", "rare"])
    rng = np.random.default_rng(1)
    frame.insert(0, "age", rng.integers(18, 80, len(frame)))
    frame.insert(1, "code", rng.choice(list(map(int, CODES)), len(frame)))
    frame.to_csv("own.csv", index=False)
    return pd.read_csv("own.csv")


def compared(*more: str) -> None:
    own = [
        "dataset=file",
        "dataset.path=own.csv",
        "dataset.target=y",
        "dataset.name=own",
        "dataset.types={code: category}",
    ]
    quick = [
        "budget.trials=2",
        "threads=1",
        "name=e",
        "model=random_forest",
        "model.settings.parameters.n_estimators=5",
    ]
    assert bench("run", *own, *quick, *more) == 0


def test_mlflow_loads_the_champion_which_predicts_raw_rows_as_the_saved_model_does(capsys) -> None:
    frame = own_table()
    compared()
    assert bench("export", "mlflow", "e") == 0
    fit = ["fit", "e", "--data", "own.csv", "--out", "out", "--register", "churn model", "--alias", "champion"]
    tested, files = list[NDArray[np.int64]](), confusion.files
    seen = mock.patch.object(confusion, "files", lambda *pair: (tested.append(pair[1].split.test), files(*pair))[1])
    with seen:
        assert bench(*fit) == 0, capsys.readouterr()
    by_hand = counted_by_hand(frame, tested[0])
    said = capsys.readouterr().out.splitlines()[-1]
    assert said.startswith("registered as models:/churn model/1, and models:/churn model@champion")
    predicts_as_saved(frame.drop(columns="y"))
    holds_no_pickle_and_no_code(Path(mlflow.artifacts.download_artifacts("models:/churn model@champion")))
    of_fit = comes_from_the_run()
    answers_a_stream(frame.drop(columns="y"))

    assert bench(*fit, "--overwrite") == 0
    assert "models:/churn model/1, and models:/churn model@champion, there before" in capsys.readouterr().out
    assert bench(*fit, "--overwrite", "--rows", "all") == 0
    assert str(MlflowClient().get_model_version_by_alias("churn model", "champion").version) == "2"
    assert bench("export", "mlflow", "e") == 0
    assert capsys.readouterr().out.endswith("e: 0 runs sent; 1 run there before and the same\n")
    assert matrix_of(of_fit, "") == exported_matrix(capsys)
    assert matrix_of(of_fit, "")["counts"] == by_hand


def predicts_as_saved(raw: pd.DataFrame) -> None:
    model, saved = mlflow.pyfunc.load_model("models:/churn model@champion"), load("out")
    assert raw["age"].dtype == raw["code"].dtype == np.int64
    expected = saved.predict(raw)
    pd.testing.assert_frame_equal(model.predict(raw), expected)
    pd.testing.assert_frame_equal(model.predict(raw.astype({"code": str, "age": float})), expected)
    few = expected.iloc[:EXAMPLE_ROWS].reset_index(drop=True)
    pd.testing.assert_frame_equal(model.predict(model.input_example), few)
    strange = raw.assign(colour="mauve")
    with pytest.raises(Exception, match="'mauve' in row 1, a category that the model does not know"):
        model.predict(strange)
    missing = model.predict(strange, params={"unknown": "missing"})
    pd.testing.assert_frame_equal(missing, saved.predict(strange, unknown="missing"))
    whole = raw.iloc[:2].assign(**{"size, in {cm}": [3, 4]}).astype({"colour": "category"})  # as two rows may be read
    for rows in (whole, raw.iloc[:1].assign(colour=None), *(raw.iloc[[number]] for number in range(5))):
        pd.testing.assert_frame_equal(model.predict(rows), saved.predict(rows))
    signature = model.metadata.signature
    assert signature.inputs.input_names() == [column["name"] for column in saved.description["columns"]]
    assert signature.outputs.input_names() == ["no", "yes"]


def holds_no_pickle_and_no_code(folder: Path) -> None:
    assert not [path for path in folder.rglob("*") if path.suffix in (".pkl", ".pickle", ".joblib")]
    assert not (folder / "code").exists()
    required = (folder / "requirements.txt").read_text().split()
    assert f"hpo-compare=={__version__}" in required
    assert all("==" in line for line in required)
    assert (folder / "data/out/card.md").read_text() == Path("out/card.md").read_text()


def answers_a_stream(raw: pd.DataFrame) -> None:
    """The predictor of `bench stream` finds the saved model in a version from here."""
    registry = StreamRegistry(mlflow.get_tracking_uri(), "churn model", Path("artifacts"))
    found = registry.fetch(registry.champion() or 0, Path("versions"))
    pd.testing.assert_frame_equal(model_of(found).predict(raw), load("out").predict(raw))


def comes_from_the_run() -> str:
    """The id of the run that the version was made by."""
    client = MlflowClient()
    version = client.get_model_version_by_alias("churn model", "champion")
    source = client.get_run(version.tags["bench.run_id"])
    assert source.data.tags["bench.key"] == version.tags["bench.run"] == "e/own/random_forest/random/0"
    assert version.description == Path("out/card.md").read_text()
    of_fit = client.get_run(version.run_id)
    assert of_fit.outputs.model_outputs[0].model_id in version.source
    configuration = load("out").card["model"]["configuration"]
    assert of_fit.data.params.keys() == configuration.keys()
    return str(version.run_id)


def matrix_of(run: str, folder: str) -> dict[str, object]:
    path = MlflowClient().download_artifacts(run, f"{folder}confusion_matrix.json")
    return json.loads(Path(path).read_text())


def exported_matrix(capsys) -> dict[str, object]:
    """That of `bench export`; a training that cannot be done is tried again by the next export, and no other."""
    kept, matrix = shutil.move("own.csv", "elsewhere.csv"), ["export", "mlflow", "e", "--confusion-matrix"]
    assert bench(*matrix) == 0
    assert "own/random_forest: no confusion matrix: " in capsys.readouterr().out
    for line in ("own/random_forest: confusion matrix: sent\n", "there before, of the same runs\n"):
        assert bench(*matrix, "--data", kept) == 0
        assert line in capsys.readouterr().out
    client = MlflowClient()
    (whole,) = client.search_runs([client.get_experiment_by_name("e").experiment_id], "tags.bench.key = 'e'")
    folder = "confusion/own-random_forest/"
    picture = client.download_artifacts(whole.info.run_id, f"{folder}confusion_matrix.png")
    assert Path(picture).read_bytes().startswith(b"\x89PNG")
    return matrix_of(whole.info.run_id, folder)


def counted_by_hand(frame: pd.DataFrame, rows: NDArray[np.int64]) -> list[list[int]]:
    guessed = load("out").predict(frame.iloc[rows]).idxmax(axis=1)
    pairs = list(zip(frame["y"].iloc[rows], guessed, strict=True))
    return [[pairs.count((true, other)) for other in ("no", "yes")] for true in ("no", "yes")]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--register", "a/b"], "--register='a/b': names no model in MLflow"),
        (["--register", " "], "--register=' ': names no model in MLflow"),
        (["--register", "m", "--alias", "v3"], "--alias=v3: MLflow keeps this word for itself"),
        (["--register", "m", "--alias", "Latest"], "--alias=Latest: MLflow keeps this word"),
        (["--register", "m", "--alias", "the best"], "--alias='the best': expected letters, digits"),
        (["--alias", "champion"], "--alias=champion: is of a registered model; name it with --register"),
        (["--register", "m", "--tracking-uri", "http://127.0.0.1:9"], "MLflow cannot be used ("),
        (["--register", "m", "--tracking-uri", "nowhere://x"], "MLflow cannot be used ("),
    ],
)
def test_what_cannot_be_registered_is_one_line_before_anything_is_trained(
    options: list[str], message: str, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    monkeypatch.setattr(fitting, "choose", None)
    assert bench("fit", "e", "--out", "out", *options) == 2
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 1
    assert message in said[0]
    assert not Path("out").exists()


def test_a_server_that_fails_once_the_model_is_saved_leaves_it_saved(monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    own_table()
    compared()

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    fit = ["fit", "e", "--data", "own.csv", "--out", "out", "--register", "m"]
    with monkeypatch.context() as broken:
        broken.setattr(MlflowClient, "log_model_artifacts", full)
        assert bench(*fit) == 2
    said = capsys.readouterr().err.splitlines()[-1]
    assert "not registered ([Errno 28] No space left on device); the model is saved" in said
    assert load("out").card["problem"] == "own/random_forest"
    assert not MlflowClient(tracking_uri="sqlite:///mlflow.db").search_model_versions("name='m'")
    assert bench(*fit, "--overwrite") == 0
    assert MlflowClient(tracking_uri="sqlite:///mlflow.db").search_model_versions("name='m'")


def test_a_model_goes_where_the_option_says_and_nowhere_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """MLflow itself looks models up at the process's tracking URI."""
    own_table()
    compared()
    for name in ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI"):
        monkeypatch.setenv(name, "sqlite:///other/mlflow.db")
    mlflow.set_tracking_uri("sqlite:///other/mlflow.db")
    where = f"sqlite:///{Path.cwd()}/mlflow.db"
    fit = ["fit", "e", "--data", "own.csv", "--out", "out", "--register", "m", "--tracking-uri", where]
    assert bench(*fit, "--alias", "champion") == 0
    assert not Path("other").exists()
    assert (mlflow.get_tracking_uri(), os.environ["MLFLOW_TRACKING_URI"]) == ("sqlite:///other/mlflow.db",) * 2
    mlflow.set_tracking_uri(where)
    monkeypatch.setenv("MLFLOW_REGISTRY_URI", where)
    assert mlflow.pyfunc.load_model("models:/m@champion").predict(pd.read_csv("own.csv").head(2)).shape[0] == 2
    monkeypatch.delenv("MLFLOW_TRACKING_URI")  # the process's URI is that of the option, and no variable says so
    assert bench(*fit[:-3], "other", "--overwrite", "--tracking-uri", where) == 0
    assert "MLFLOW_TRACKING_URI" not in os.environ
