"""Models, datasets and optimisers go together: each once, two trials a run; every pair of them in `make test-all`."""

import itertools
import os
from collections import Counter
from pathlib import Path

import numpy as np
import openml
import pandas as pd
import pytest
from adapters import NAMES, ONE_EACH, in_part
from commands import bench
from openml_server import serving
from portfolio import portfolio

from bench.config.catalogue import conf_dir

ALL_MODELS, DATASETS = (
    sorted(
        path.stem
        for path in (conf_dir() / group).glob("*.yaml")
        if path.stem not in ("recorded", "replay", "retuned_tree")
    )
    for group in ("model", "dataset")
)
"""But recorded tables and replays, in which nothing is trained, and what is tuned anew over a stream:
test_recorded.py, test_replaying.py, test_drift.py."""
FUNCTIONS = [name for name in ALL_MODELS if "function:" in (conf_dir() / f"model/{name}.yaml").read_text()]
MODELS = [name for name in ALL_MODELS if name not in FUNCTIONS]
"""Those that are fitted; models that are functions have no data, and go with the dataset `function` alone."""
APART = ("bayesmark_", "bbob", "leading_ones", "nk_landscape", "ackley_categories", "decision_tree", "xgboost_")
PLAIN = [name for name in ALL_MODELS if not name.startswith(APART)]
"""Those that the few runs meet: the others are a class of these with another space, or each run whole elsewhere."""
ELSEWHERE = {
    *("iris", "diabetes_scaled"),  # problems/test_bayesmark.py
    "french_claims",  # running/test_french_claims.py
    *("sea_drift", "agrawal_drift", "hyperplane_drift", "flights"),  # problems/test_drift.py
}
"""Of the few runs there are none left for these: other tests train on them."""
SMALL = {
    "lightgbm": ["model.settings.rounds=5"],
    "xgboost": ["model.settings.rounds=5"],
    "xgboost_claims": ["model.settings.rounds=5"],
    "keras_mlp": ["model.settings.epochs=2"],
    "lecture_mlp": ["model.settings.epochs=2"],
}
REAL = {"otto": "otto/train.csv.zip", "mnist": "mnist/mnist.npz", "lightgbm_regression": "lightgbm-regression"}
ROWS = 400
"""Of a large dataset, as many rows are enough here."""
TRIALS = 2

Run = tuple[str, str, str]
"""Dataset, model, optimiser."""


def fitting(model: str) -> list[str]:
    """The datasets that a model goes with."""
    if model in FUNCTIONS:
        return ["function"]
    return [dataset for dataset in DATASETS if dataset != "function" and not refused(model, dataset)]


def refused(model: str, dataset: str) -> bool:
    """What a model is not for."""
    quantities = dataset in ("diabetes", "diabetes_scaled", "lightgbm_regression")
    if quantities:
        return model in ("logistic_regression", "bayesmark_logistic", "xgboost_claims")
    return model in ("ridge", "bayesmark_ridge")


def diagonal() -> list[Run]:
    """Few runs in which each plain model, each dataset and each class of optimisers is met."""
    runs: list[Run] = []
    for i, optimizer in enumerate(ONE_EACH):
        model = PLAIN[i % len(PLAIN)]
        met = Counter(dataset for dataset, _, _ in runs)
        datasets = [dataset for dataset in fitting(model) if dataset not in ELSEWHERE]
        runs.append((min(datasets, key=lambda dataset: met[dataset]), model, optimizer))
    return runs


def pairs() -> list[Run]:
    """Runs in which each model meets each of its datasets, and each optimiser each model and each dataset."""
    runs: list[Run] = []
    for (m, model), (o, optimizer) in itertools.product(enumerate(MODELS), enumerate(NAMES)):
        datasets = fitting(model)
        runs.append((datasets[(m + o) % len(datasets)], model, optimizer))
    runs += [("function", model, optimizer) for model, optimizer in itertools.product(FUNCTIONS, NAMES)]
    met = {(dataset, optimizer) for dataset, _, optimizer in runs}
    missing = set(itertools.product(DATASETS, NAMES)) - met
    return runs + [(dataset, "lightgbm", optimizer) for dataset, optimizer in sorted(missing)]


def test_the_few_runs_meet_each_model_each_dataset_and_each_class():
    datasets, models, optimizers = zip(*diagonal(), strict=True)
    assert set(datasets) == set(DATASETS) - ELSEWHERE
    assert set(models) == set(PLAIN)
    assert optimizers == tuple(ONE_EACH)


def test_all_pairs_are_planned():
    planned = {*diagonal(), *pairs()}
    going = {(model, dataset) for model in ALL_MODELS for dataset in fitting(model)}
    assert {(model, dataset) for dataset, model, _ in planned} == going
    assert len(going) == len(MODELS) * (len(DATASETS) - 1) + len(FUNCTIONS) - len(REFUSED)
    assert {(model, optimizer) for _, model, optimizer in planned} == set(itertools.product(ALL_MODELS, NAMES))
    assert {(dataset, optimizer) for dataset, _, optimizer in planned} == set(itertools.product(DATASETS, NAMES))


@pytest.fixture
def available(tmp_path):
    """Of a dataset's name, the overrides that make it available here; skips the test where it is not to be had."""
    rng = np.random.default_rng(0)

    def file() -> list[str]:
        colours = rng.choice(["red", "green", None], ROWS)
        sizes = np.where(rng.random(ROWS) < 0.1, np.nan, rng.normal(size=ROWS))
        kind = np.where((colours == "red") ^ (rng.random(ROWS) < 0.1), "a", "b")
        pd.DataFrame({"colour": colours, "size": sizes, "kind": kind}).to_csv(tmp_path / "mine.csv", index=False)
        return [f"dataset.path={tmp_path / 'mine.csv'}", "dataset.target=kind"]

    def real(name: str) -> list[str]:
        source = Path(os.environ.get("BENCH_TEST_DATA", ""), REAL[name])
        if "BENCH_TEST_DATA" not in os.environ or not source.exists():
            pytest.skip(f"{REAL[name]} is not in the folder that BENCH_TEST_DATA names")
        folder = tmp_path / "datasets" / name
        folder.mkdir(parents=True)
        for path in source.iterdir() if source.is_dir() else [source]:
            (folder / path.name).symlink_to(path)
        return [f"dataset.rows={ROWS}"]

    def claims() -> list[str]:
        portfolio(ROWS).to_csv(tmp_path / "claims.csv", index=False)
        return [f"dataset.path={tmp_path / 'claims.csv'}"]

    def overrides(dataset: str) -> list[str]:
        if dataset in REAL:
            return real(dataset)
        return {"file": file, "french_claims": claims, "openml": lambda: ["dataset.id=7"]}.get(dataset, list)()

    rows = "".join(f"{i % 7},{rng.normal()},{'yes' if i % 7 > 3 else 'no'}\n" for i in range(ROWS))
    with serving() as server:
        server.add(7, f"@RELATION r\n@ATTRIBUTE a REAL\n@ATTRIBUTE b REAL\n@ATTRIBUTE target {{no,yes}}\n@DATA\n{rows}")
        before, openml.config.server = openml.config.server, server.url
        yield overrides
        openml.config.server = before


def go(run: Run, overrides, capsys) -> bool:
    """Run it, and see that it ends well; whether its optimiser is installed."""
    dataset, model, optimizer = run
    choices = [f"dataset={dataset}", f"model={model}", f"optimizer={optimizer}", *overrides, *SMALL.get(model, [])]
    status = bench("run", "name=pairs", f"budget.trials={TRIALS}", "threads=1", *choices)
    errors = capsys.readouterr().err
    if status == 2 and "; pip install 'hpo-compare[" in errors:
        return False
    assert status == 0, (run, errors)
    return True


def all_ended_well(runs: int) -> None:
    """As many runs are in the results, with finite losses and without failures."""
    trials = pd.read_parquet("results/pairs")
    assert len(trials.groupby(["dataset", "model", "optimizer"], observed=True)) == runs
    assert (trials["status"] == "ok").all(), trials[["model", "optimizer", "error"]].dropna().to_dict("records")
    assert np.isfinite(trials["loss"]).all()


@pytest.mark.parametrize("run", [pytest.param(run, id="-".join(run)) for run in diagonal()])
def test_a_model_on_a_dataset_with_an_optimiser(run, available, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    if not go(run, available(run[0]), capsys):
        pytest.skip(f"the extra of {run[2]} is not installed")
    all_ended_well(1)


@pytest.mark.exhaustive
@pytest.mark.parametrize("dataset", DATASETS)
def test_models_and_optimisers_on(dataset, available, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    overrides = available(dataset)
    ended = [go(run, overrides, capsys) for run in sorted(set(pairs())) if run[0] == dataset]
    assert sum(ended) >= 20
    all_ended_well(sum(ended))


REFUSED = [pair for pair in itertools.product(MODELS, DATASETS) if "function" not in pair and refused(*pair)]
FIRST = dict(reversed(REFUSED))
"""Of each model the first dataset that it is not for."""


@pytest.mark.parametrize(
    ("model", "dataset"), [in_part(pair, pair[0] in PLAIN and FIRST[pair[0]] == pair[1]) for pair in REFUSED]
)
def test_what_a_model_is_not_for_is_one_line(model, dataset, available, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    choices = [f"dataset={dataset}", f"model={model}", "name=pairs", "budget.trials=2", "threads=1"]
    assert bench("run", *choices, *available(dataset)) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "model.settings.estimator" in line


def test_functions_and_data_do_not_go_together(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    mixed = [("function", model) for model in MODELS if model in PLAIN] + [
        ("digits", model) for model in FUNCTIONS if model in PLAIN
    ]
    for dataset, model in mixed:
        assert bench("run", f"dataset={dataset}", f"model={model}", "budget.trials=2") == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert f"dataset={dataset}: " in line
        assert f"model={model}" in line
