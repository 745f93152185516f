"""What `compare` makes of its arguments, and the one line that it has for each that it cannot use."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from sklearn.base import BaseEstimator
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import SVC

import bench
from bench.api import comparing, components, data
from bench.api.handing import Hands
from bench.datasets.file import read
from bench.models.scikit_learn import Estimator

SPACE = {"C": {"type": "float", "low": 0.1, "high": 10.0}}
TABLE = pd.DataFrame({"a": [1.0, 2.0], "b": ["x", "y"]})


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


class Local(BaseEstimator):
    def __init__(self, C: float = 1.0, inner: Any = None) -> None:  # noqa: N803
        self.C, self.inner = C, inner


class Trainable:
    def fit(self): ...


def loss(configuration):
    return configuration["C"]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"data": None}, "data: missing; give a table, the name of a dataset or a file, or an objective instead"),
        ({"target": None}, r"dataset.target: missing; name the column to predict, .*; columns: a, b$"),
        ({"target": "c"}, r"dataset.target: no column 'c' in .*; allowed: a, b"),
        ({"target": pd.Series([1, 0], index=[1, 0])}, "target: has another index than data; give target.reindex"),
        ({"target": [1, 2, 3]}, "target: has 3 values, data 2 rows; give one for each row"),
        (
            {"data": "digit", "target": None},
            r"data='digit': neither the name of a dataset nor a file; allowed: .* mean dig",
        ),
        ({"data": "none.csv"}, "dataset.path: .*none.csv does not exist; give the path of a file, from .* or absolute"),
        ({"data": "digits"}, "target='b': dataset=digits has a target of its own; leave it out"),
        (
            {"data": 3},
            r"data: is a int; expected a pandas DataFrame, an array of rows, \(X, y\), the name of a dataset",
        ),
        ({"data": [1, 2], "target": [0, 1]}, r"data: has the shape \(2,\); expected rows and columns"),
        ({"data": pd.DataFrame({"a": [1j], "b": [1]})}, "data: column 'a' cannot be kept in a file .*; make numbers, "),
        ({"model": "lightgmb"}, r"model=lightgmb: unknown model; allowed: .*did you mean lightgbm\?\)"),
        ({"model": SVC}, "space: missing; SVC has no search space of its own: space="),
        ({"model": SVC(), "space": {"C": {"type": "floot"}}}, r"space.C.type='floot': unknown type; allowed: "),
        (
            {"model": Trainable()},
            r"model: is an object of Trainable, and each run makes its own; give the class, or \{",
        ),
        ({"model": loss}, r"model=<function loss.*expected a name.*; a function is given as objective="),
        ({"model": {"clas": SVC}}, r"model.clas: unknown; allowed: config, class, .*did you mean class\?\)"),
        ({"optimizers": []}, "optimizers: expected a list of names or classes, at least one; "),
        ({"optimizers": ["random", "tpe"]}, r"optimizer=tpe: unknown optimizer; allowed: "),
        ({"optimizers": [Trainable]}, r"optimizers\[0\]: Trainable has no method 'ask', which it needs"),
        (
            {"optimizers": ["random", {"name": "random", "settings": {"a": 1}}]},
            "two runs are named .* but differ in optim",
        ),
        ({"seeds": 0}, "seeds=0: expected a whole number from 1 to 1000000, or a list of seeds"),
        ({"seeds": [1, -1]}, "seed=-1: expected a whole number from 0"),
        ({"trials": 2.5}, "budget.trials=2.5: expected a whole number from 1"),
        ({"metric": "acc"}, r"metric=acc: unknown metric; allowed: "),
        ({"engine": "slurmy"}, r"engine=slurmy: unknown engine; allowed: .*slurm"),
        ({"settings": {"engine.worker": 1}}, r"engine.worker: no such key; allowed: .*did you mean workers\?\)"),
        ({"settings": {"dataset.taget": "b"}}, r"dataset.taget: no such key; allowed: .*did you mean target\?\)"),
        ({"settings": {"budget.trials": 3}}, "settings: budget.trials is an argument of compare; give it as trials="),
        (
            {"settings": {"experiment": "otto"}},
            "settings: 'experiment' has no meaning here; 'bench run' alone takes it",
        ),
        (
            {"settings": {"trial.memory": object()}},
            "settings: trial.memory: is a object; expected a number, text, True",
        ),
        ({"objective": loss, "space": SPACE}, "data: stands beside objective, which has none; leave one of them out"),
        ({"name": "a/b"}, "name='a/b': expected letters, digits"),
    ],
)
def test_what_cannot_be_used_is_one_line_that_names_it(changed: dict[str, Any], message: str, folder: Path) -> None:
    usual = {"data": TABLE, "target": "b", "model": "knn", "optimizers": ["random"], "progress": False}
    with pytest.raises(bench.UserError, match=f"^{message}") as error:
        bench.compare(**{**usual, **changed})
    assert "\n" not in str(error.value)
    assert not list(Path().rglob("results/**/*.parquet"))


@pytest.mark.parametrize(
    ("objective", "message"),
    [
        (lambda x, y: x + y, r"objective lambda: is called with a configuration, one dict \(missing a required"),
        (3, "objective=3: expected a function that takes a configuration, a dict"),
        (loss, "space: missing; it says what the objective is searched over: "),
    ],
)
def test_an_objective_takes_a_configuration_and_has_a_space(objective: Any, message: str) -> None:
    space = None if objective is loss else SPACE
    with pytest.raises(bench.UserError, match=f"^{message}"):
        bench.compare(objective=objective, space=space, optimizers=["random"])


def test_an_estimator_is_its_class_and_the_arguments_that_were_set() -> None:
    hands = Hands()
    steps = [("scale", StandardScaler(with_mean=np.False_)), ("svc", SVC(C=np.float64(2.5), class_weight={0: 2.0}))]
    node = components.model(Pipeline(steps), SPACE, hands).node
    assert node == {
        "name": "Pipeline",
        "class": "bench.models.scikit_learn.Estimator",
        "settings": {
            "estimator": {
                "class": "sklearn.pipeline.Pipeline",
                "parameters": {
                    "steps": [
                        [
                            "scale",
                            {"class": "sklearn.preprocessing.StandardScaler", "parameters": {"with_mean": False}},
                        ],
                        [
                            "svc",
                            {"class": "sklearn.svm.SVC", "parameters": {"C": 2.5, "class_weight": {0: 2.0}}},
                        ],
                    ]
                },
            }
        },
        "space": SPACE,
    }
    made = Estimator("binary", 2, **node["settings"]).template
    assert (made.named_steps["svc"].C, made.named_steps["svc"].class_weight) == (2.5, {0: 2.0})
    assert made.named_steps["scale"].with_mean is False
    assert not hands.objects

    own = components.model({"class": Local(inner=Local(C=3.0)), "settings": {"scale": None}}, SPACE, hands).node
    path = own["settings"]["estimator"]["class"]
    assert path.startswith("bench.config.handed.Local_")
    assert own["settings"] == {
        "estimator": {"class": path, "parameters": {"inner": {"class": path, "parameters": {"C": 3.0}}}},
        "scale": None,
    }
    with pytest.raises(
        bench.UserError, match=r"^model: Pipeline.*: FunctionTransformer.func: is a function; expected a numb"
    ):
        components.model(Pipeline([("f", FunctionTransformer(loss)), ("svc", SVC())]), SPACE, hands)


def test_tables_of_every_kind_in_memory_are_one_file_by_their_content(folder: Path) -> None:
    x, y = np.array([[1.0, np.nan], [3.0, 4.0]]), np.array(["p", "q"])
    table = pd.DataFrame({"x0": x[:, 0], "x1": x[:, 1]})
    given = [((x, y), None), (x.tolist(), y), (table, y[:, None]), (pa.table({**table, "target": y}), "target")]
    kept = [data.chosen(each, target, "mine", folder, None) for each, target in given]
    assert all(each == kept[0] for each in kept)
    choice, keys = kept[0]
    assert (choice, keys["dataset.name"], keys["dataset.target"]) == ("file", "mine", "target")
    (file,) = (folder / "memory").iterdir()
    assert keys["dataset.path"] == str(file)
    written = read(file).frame
    pd.testing.assert_frame_equal(written, table.assign(target=y))

    labels = pd.Categorical([4, None], categories=[5, 4])  # numbers that are meant as categories stay such
    more = table.assign(k=labels, whole=pd.array([1, None], dtype="Int64"), b=[True, False], target=y)
    of_more = Path(data.chosen(more, "target", "mine", folder, None)[1]["dataset.path"])
    assert read(of_more).frame["k"].astype("str").fillna("-").tolist() == ["4", "-"]
    before = file.stat().st_mtime_ns, of_more.stat().st_mtime_ns
    data.chosen((x, y), None, "mine", folder, None)
    data.chosen(more, "target", "mine", folder, None)
    assert (file.stat().st_mtime_ns, of_more.stat().st_mtime_ns) == before
    of_more.unlink()
    file.write_bytes(b"damaged")
    data.chosen((x, y), None, "mine", folder, None)
    pd.testing.assert_frame_equal(read(file).frame, written)
    data.chosen((x, y[::-1]), None, "mine", folder, None)
    assert len(list((folder / "memory").iterdir())) == 2


def test_texts_stand_for_themselves_whatever_is_in_them(monkeypatch: pytest.MonkeyPatch) -> None:
    specs: list[Any] = []

    def carry_out(master, every, *_):
        specs.extend(every)
        raise KeyboardInterrupt

    monkeypatch.setattr(comparing.launch, "carry_out", carry_out)
    odd = {"${seed}": [1.0, 2.0], "it's, \\ [odd]": [1.0, 3.0], "b": ["x", "y"]}
    settings = {"dataset.types": {"it's, \\ [odd]": "category"}, "initial_design": "shared", "threads": np.int64(2)}
    with pytest.raises(KeyboardInterrupt):
        bench.compare(pd.DataFrame(odd), "${seed}", "knn", optimizers=["random"], seeds=2, settings=settings)
    assert [spec.run.seed for spec in specs] == [0, 1]
    assert specs[0].config["dataset"]["target"] == "${seed}"
    assert specs[0].config["dataset"]["types"] == settings["dataset.types"]
    assert specs[0].config["initial_design"]["name"] == "shared"
    assert specs[0].config["seeds"]["split"] == "seed"
    assert specs[0].threads == 2
