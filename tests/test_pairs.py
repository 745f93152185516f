"""Every pair of model and dataset, of model and optimiser, of dataset and optimiser: two trials each."""

import itertools
import os
from pathlib import Path

import numpy as np
import openml
import pandas as pd
import pytest
from commands import bench
from openml_server import serving

from bench.config.catalogue import conf_dir

ALL_MODELS, ALL_DATASETS, OPTIMIZERS = (
    sorted(path.stem for path in (conf_dir() / group).glob("*.yaml")) for group in ("model", "dataset", "optimizer")
)
FUNCTIONS = [name for name in ALL_MODELS if "function:" in (conf_dir() / f"model/{name}.yaml").read_text()]
MODELS = [name for name in ALL_MODELS if name not in FUNCTIONS]
DATASETS = [name for name in ALL_DATASETS if name != "function"]
"""Those with data; models that are functions have none, and go with the dataset `function` alone."""
SMALL = {
    "lightgbm": ["model.settings.rounds=5"],
    "xgboost": ["model.settings.rounds=5"],
    "keras_mlp": ["model.settings.epochs=2"],
    "lecture_mlp": ["model.settings.epochs=2"],
}
REAL = {"otto": "otto/train.csv.zip", "mnist": "mnist/mnist.npz", "lightgbm_regression": "lightgbm-regression"}
ROWS = 400
"""Of a large dataset, as many rows are enough here."""


def refused(model: str, dataset: str) -> bool:
    """What a model is not for."""
    quantities = dataset in ("diabetes", "lightgbm_regression")
    return (model == "ridge" and not quantities) or (model == "logistic_regression" and quantities)


@pytest.fixture
def overrides(tmp_path):
    """What makes each dataset available here, by its name."""
    rng = np.random.default_rng(0)
    colours = rng.choice(["red", "green", None], ROWS)
    sizes = np.where(rng.random(ROWS) < 0.1, np.nan, rng.normal(size=ROWS))
    kind = np.where((colours == "red") ^ (rng.random(ROWS) < 0.1), "a", "b")
    pd.DataFrame({"colour": colours, "size": sizes, "kind": kind}).to_csv(tmp_path / "mine.csv", index=False)
    rows = "".join(f"{i % 7},{rng.normal()},{'yes' if i % 7 > 3 else 'no'}\n" for i in range(ROWS))
    arff = f"@RELATION r\n@ATTRIBUTE a REAL\n@ATTRIBUTE b REAL\n@ATTRIBUTE target {{no,yes}}\n@DATA\n{rows}"
    found = {"file": [f"dataset.path={tmp_path / 'mine.csv'}", "dataset.target=kind"], "openml": ["dataset.id=7"]}
    for name, file in REAL.items():
        source = Path(os.environ.get("BENCH_TEST_DATA", ""), file)
        if "BENCH_TEST_DATA" in os.environ and source.exists():
            folder = tmp_path / "datasets" / name
            folder.mkdir(parents=True)
            for path in source.iterdir() if source.is_dir() else [source]:
                (folder / path.name).symlink_to(path)
            found[name] = [f"dataset.rows={ROWS}"]
    with serving() as server:
        server.add(7, arff)
        before, openml.config.server = openml.config.server, server.url
        yield found
        openml.config.server = before


def planned() -> dict[str, list[tuple[str, str]]]:
    """For each dataset, the models and optimisers that are run on it."""
    runs = []
    for (m, model), (o, optimizer) in itertools.product(enumerate(MODELS), enumerate(OPTIMIZERS)):
        fitting = [dataset for dataset in DATASETS if not refused(model, dataset)]
        runs.append((fitting[(m + o) % len(fitting)], model, optimizer))
    met = {(dataset, optimizer) for dataset, _, optimizer in runs}
    missing = set(itertools.product(DATASETS, OPTIMIZERS)) - met
    runs += [(dataset, "lightgbm", optimizer) for dataset, optimizer in sorted(missing)]
    return {dataset: [(m, o) for d, m, o in runs if d == dataset] for dataset in DATASETS}


def test_all_pairs_are_planned():
    runs = [(dataset, *run) for dataset, own in planned().items() for run in own]
    assert {(m, o) for _, m, o in runs} == set(itertools.product(MODELS, OPTIMIZERS))
    assert {(d, o) for d, _, o in runs} == set(itertools.product(DATASETS, OPTIMIZERS))
    assert {(m, d) for d, m, _ in runs} == {pair for pair in itertools.product(MODELS, DATASETS) if not refused(*pair)}


@pytest.mark.slow
@pytest.mark.parametrize("dataset", DATASETS)
def test_models_and_optimisers_on(dataset, overrides, tmp_path, monkeypatch, capsys):
    if dataset in REAL and dataset not in overrides:
        pytest.skip(f"{REAL[dataset]} is not in the folder that BENCH_TEST_DATA names")
    monkeypatch.chdir(tmp_path)
    common = [f"dataset={dataset}", "name=pairs", "budget.trials=2", "threads=1", *overrides.get(dataset, [])]
    runs = 0
    for model, optimizer in sorted(planned()[dataset]):
        status = bench("run", *common, f"model={model}", f"optimizer={optimizer}", *SMALL.get(model, []))
        said = capsys.readouterr().err
        if status == 2 and "; pip install 'hpo-compare[" in said:
            continue  # an extra that is not there
        assert status == 0, (model, optimizer, said)
        runs += 1
    trials = pd.read_parquet("results/pairs")
    assert len(trials.groupby(["model", "optimizer"], observed=True)) == runs >= 20
    assert (trials["status"] == "ok").all(), trials[["model", "optimizer", "error"]].dropna().to_dict("records")
    assert np.isfinite(trials["loss"]).all()
    for model in (model for model in MODELS if refused(model, dataset)):
        assert bench("run", *common, f"model={model}") == 2
        said = capsys.readouterr().err
        assert said.count("\n") == 1
        assert "model.settings.estimator" in said


@pytest.mark.parametrize("model", FUNCTIONS)
def test_each_function_with_one_optimiser_of_each_library(model, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for optimizer in ("random", "grid", "skopt_gp", "hyperopt_tpe", "optuna_cmaes"):
        choices = ["dataset=function", f"model={model}", f"optimizer={optimizer}", "name=pairs", "budget.trials=2"]
        assert bench("run", *choices, "threads=1") == 0, (optimizer, capsys.readouterr().err)
    trials = pd.read_parquet("results/pairs")
    assert (trials["status"] == "ok").all()
    assert np.isfinite(trials["loss"]).all()


def test_functions_and_data_do_not_go_together(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    pairs = [("function", model) for model in MODELS] + [("digits", model) for model in FUNCTIONS]
    for dataset, model in pairs:
        assert bench("run", f"dataset={dataset}", f"model={model}", "budget.trials=2") == 2
        said = capsys.readouterr().err
        assert said.count("\n") == 1
        assert f"dataset={dataset}: " in said
        assert f"model={model}" in said
