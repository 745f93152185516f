"""LightGBM: the same bits whatever came before, on any threads, in any process; and what it is shown."""

import hashlib
import subprocess
import sys
from pathlib import Path

import lightgbm as lgb
import numpy as np
import pandas as pd
import pytest
from omegaconf import OmegaConf

from bench import datasets, problems
from bench.config.catalogue import conf_dir
from bench.errors import UserError
from bench.models import Part
from bench.models.lightgbm import LightGBM
from bench.space import to_json
from bench.space.parsing import parse

SPACE = parse(OmegaConf.to_container(OmegaConf.load(conf_dir() / "model/lightgbm.yaml"))["space"])
CONFIGURATIONS = [SPACE.sample(np.random.default_rng(seed)) for seed in range(4)]


def parts(name: str, tmp_path) -> tuple[datasets.Dataset, list[Part]]:
    config = OmegaConf.to_container(OmegaConf.load(conf_dir() / f"dataset/{name}.yaml"))
    dataset = datasets.load(config, tmp_path)
    resampling = OmegaConf.to_container(OmegaConf.load(conf_dir() / "resampling/holdout.yaml"))
    split = datasets.split(dataset, resampling, 0)
    (fold,) = split.folds
    return dataset, [
        Part(dataset.features.iloc[rows], dataset.target[rows]) for rows in (fold.train, fold.valid, split.test)
    ]


def predict(model: LightGBM, configuration, train: Part, stop: Part, test: Part, seed=0, threads=1) -> bytes:
    return model.fit(configuration, train, stop, seed, threads).predict(test.features).tobytes()


@pytest.mark.parametrize("name", ["digits", "breast_cancer"])
def test_the_order_of_trials_never_changes_the_bits(name, tmp_path):
    dataset, (train, stop, test) = parts(name, tmp_path)

    def model():
        return LightGBM(dataset.task, len(dataset.classes), rounds=12)

    alone = [predict(model(), configuration, train, stop, test) for configuration in CONFIGURATIONS]
    assert len(set(alone)) == len(alone)
    for order in ([0, 1, 2, 3], [3, 1, 0, 2], [2, 2, 3, 0, 1]):
        shared = model()
        for i in order:
            assert predict(shared, CONFIGURATIONS[i], train, stop, test) == alone[i]


def test_threads_never_change_the_bits_and_the_seed_does(tmp_path):
    dataset, (train, stop, test) = parts("digits", tmp_path)
    model = LightGBM(dataset.task, 10, rounds=10)
    one = predict(model, CONFIGURATIONS[1], train, stop, test)
    assert predict(model, CONFIGURATIONS[1], train, stop, test, threads=2) == one
    assert predict(model, CONFIGURATIONS[1], train, stop, test, seed=1) != one


def test_binned_data_is_built_once_for_all_trials(tmp_path, monkeypatch):
    built = []
    construct = lgb.Dataset._lazy_init
    monkeypatch.setattr(lgb.Dataset, "_lazy_init", lambda self, *a, **k: built.append(1) or construct(self, *a, **k))
    dataset, (train, stop, test) = parts("breast_cancer", tmp_path)
    model = LightGBM(dataset.task, 2, rounds=5)
    for configuration in CONFIGURATIONS:
        predict(model, configuration, train, stop, test)
    assert len(built) == 2  # train and stop
    predict(model, CONFIGURATIONS[0] | {"max_bin": 15}, train, stop, test)
    assert len(built) == 4  # once more for each max_bin


def test_binning_is_charged_to_no_trial(tmp_path, monkeypatch):
    """A model whose preparation takes long: no trial's seconds have it."""
    import time

    import toy

    asked = []
    monkeypatch.setattr(toy.Toy, "prepare", lambda self, *parts: asked.append(time.sleep(0.3)), raising=False)
    groups = {
        group: OmegaConf.to_container(OmegaConf.load(conf_dir() / group / f"{name}.yaml"))
        for group, name in (("dataset", "wine"), ("resampling", "holdout"), ("metric", "auto"), ("seeds", "fixed"))
    }
    groups["model"] = {"class": "toy.Toy", "space": {"x": {"type": "float", "low": 0.0, "high": 1.0}}}
    problem = problems.build(problems.Recipe(groups, 0, str(tmp_path), 1))
    assert max(problem.evaluate({"x": x}).seconds for x in (0.1, 0.2, 0.3)) < 0.3
    assert len(asked) == 1
    dataset, (train, stop, test) = parts("breast_cancer", tmp_path)
    model = LightGBM(dataset.task, 2, rounds=5)
    before = predict(model, CONFIGURATIONS[0], train, stop, test)
    prepared = LightGBM(dataset.task, 2, rounds=5)
    prepared.prepare(train, stop, 0, 1)
    monkeypatch.setattr(lgb.Dataset, "_lazy_init", lambda *_, **__: pytest.fail("binned again"))
    assert predict(prepared, CONFIGURATIONS[0], train, stop, test) == before


@pytest.mark.parametrize("name", ["digits", "breast_cancer"])
def test_predictions_are_probabilities(name, tmp_path):
    dataset, (train, stop, test) = parts(name, tmp_path)
    fitted = LightGBM(dataset.task, len(dataset.classes), rounds=5).fit(CONFIGURATIONS[0], train, stop, 0, 1)
    predicted = fitted.predict(test.features)
    assert predicted.shape == (len(test.target), len(dataset.classes))
    np.testing.assert_allclose(predicted.sum(axis=1), 1)


def test_early_stopping_keeps_the_best_round_on_the_stop_part(tmp_path):
    dataset, (train, stop, _) = parts("breast_cancer", tmp_path)
    configuration = SPACE.default() | {"learning_rate": 0.3}
    fitted = LightGBM(dataset.task, 2, rounds=300, early_stopping=5).fit(configuration, train, stop, 0, 1)
    assert fitted.rounds == int(np.argmin(fitted.curve)) + 1
    assert len(fitted.curve) == fitted.rounds + 5
    probability = fitted.predict(stop.features)[np.arange(len(stop.target)), stop.target]
    assert -np.log(probability).mean() == pytest.approx(min(fitted.curve))


def test_step_sees_every_round_and_can_end_training(tmp_path):
    dataset, (train, stop, _) = parts("breast_cancer", tmp_path)
    seen = []

    def step(number, loss):
        seen.append((number, loss))
        return number == 4

    fitted = LightGBM(dataset.task, 2, rounds=50).fit(SPACE.default(), train, stop, 0, 1, step)
    assert [number for number, _ in seen] == [1, 2, 3, 4]
    assert [loss for _, loss in seen] == fitted.curve


def test_regression_and_categories_and_missing_values(tmp_path):
    rng = np.random.default_rng(0)
    rows = ["colour,size,price"]
    for _ in range(400):
        colour, size = rng.choice(["red", "green", "blue", ""]), rng.normal()
        rows.append(f"{colour},{size if rng.random() > 0.1 else ''},{3 * (colour == 'red') + size + rng.normal() / 10}")
    (tmp_path / "shop.csv").write_text("\n".join(rows) + "\n")
    config = OmegaConf.to_container(OmegaConf.load(conf_dir() / "dataset/file.yaml"))
    config |= {"path": str(tmp_path / "shop.csv"), "target": "price"}
    groups = {
        "dataset": config,
        "resampling": OmegaConf.to_container(OmegaConf.load(conf_dir() / "resampling/holdout.yaml")),
        "model": OmegaConf.to_container(OmegaConf.load(conf_dir() / "model/lightgbm.yaml")),
        "metric": {"name": "auto"},
        "seeds": {"split": 0, "model": 0},
    }
    problem = problems.build(problems.Recipe(groups, 0, str(tmp_path), 1))
    evaluation = problem.evaluate(problem.space.default())
    assert evaluation.status == "ok", evaluation.error
    assert problem.metric.name == "rmse"
    assert evaluation.loss < problem.baseline_loss / 2
    assert evaluation.test_loss < problem.baseline_loss / 2


def test_the_same_bits_in_another_process(tmp_path):
    dataset, (train, stop, test) = parts("breast_cancer", tmp_path)
    here = predict(LightGBM(dataset.task, 2, rounds=5), CONFIGURATIONS[2], train, stop, test)
    script = (
        f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); "
        "import hashlib, pathlib, test_lightgbm as t; "
        "d, (a, b, c) = t.parts('breast_cancer', pathlib.Path()); "
        "m = t.LightGBM(d.task, 2, rounds=5); "
        "print(hashlib.sha256(t.predict(m, t.CONFIGURATIONS[2], a, b, c)).hexdigest())"
    )
    there = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=120)
    assert there.stdout.strip() == hashlib.sha256(here).hexdigest()


def test_canonical_json_keeps_the_order_of_the_space():
    text = to_json(SPACE.default())
    assert list(SPACE.default()) == [parameter.name for parameter in SPACE.parameters]
    assert text.startswith('{"learning_rate":0.1,"num_leaves":31,')


def few_rows(weights=None, seed=0) -> tuple[Part, Part]:
    """Counts that grow with one column."""
    rng = np.random.default_rng(seed)
    features = pd.DataFrame(rng.uniform(size=(400, 3)), columns=["a", "b", "c"])
    counts = rng.poisson(np.exp(3 * features["a"])).astype(float)
    cuts = [slice(0, 250), slice(250, 400)]
    return tuple(Part(features[of], counts[of], None if weights is None else weights[of]) for of in cuts)


def test_counts_are_expected_counts():
    train, stop = few_rows()
    fitted = LightGBM("counts", 0, rounds=60).fit({"learning_rate": 0.1}, train, stop, 0, 1)
    predicted = fitted.predict(stop.features)
    assert predicted.shape == (150,)
    assert predicted.min() > 0
    np.testing.assert_allclose(predicted, np.exp(3 * stop.features["a"]), rtol=0.5)
    assert fitted.curve[fitted.rounds - 1] == pytest.approx(np.mean(predicted - stop.target * np.log(predicted)))


def test_weights_are_those_of_lightgbm():
    weights = np.random.default_rng(1).uniform(0.1, 3, 400)
    train, stop = few_rows(weights)
    fitted = LightGBM("counts", 0, rounds=20).fit({"num_leaves": 5}, train, stop, 0, 1)
    sets = lgb.Dataset(train.features, train.target, weight=train.weights, params={"verbosity": -1})
    curve = {}
    lgb.train(
        {"objective": "poisson", "metric": "poisson", "num_leaves": 5, "verbosity": -1, "num_threads": 1},
        sets,
        20,
        valid_sets=[lgb.Dataset(stop.features, stop.target, weight=stop.weights, reference=sets)],
        callbacks=[lgb.record_evaluation(curve)],
    )
    np.testing.assert_allclose(fitted.curve, curve["valid_0"]["poisson"])
    assert not np.allclose(fitted.curve, LightGBM("counts", 0, 20).fit({"num_leaves": 5}, *few_rows(), 0, 1).curve)


def test_a_row_of_weight_zero_is_not_there():
    train, stop = few_rows()
    weights = np.where(np.arange(250) % 4, 1.0, 0.0)
    kept = np.flatnonzero(weights)
    trains = [
        Part(train.features, train.target, weights),
        Part(train.features.iloc[kept], train.target[kept]),
        train,
    ]
    bits = [predict(LightGBM("counts", 0, 10), {}, each, stop, stop) for each in trains]
    assert bits[0] == bits[1] != bits[2]


@pytest.mark.parametrize("objective", ["regression", "regression_l1", "tweedie"])
@pytest.mark.parametrize("metric", ["rmse", "l1", ["l1", "rmse"]])
def test_a_users_own_objective_and_metric_are_the_ones_of_the_curve(objective, metric):
    train, stop = few_rows()
    model = LightGBM("regression", 0, 20, parameters={"objective": objective, "metric": metric})
    fitted = model.fit({}, train, stop, 0, 1)
    away = fitted.predict(stop.features) - stop.target
    expected = np.sqrt(np.mean(away**2)) if metric == "rmse" else np.abs(away).mean()
    assert fitted.curve[fitted.rounds - 1] == pytest.approx(expected)


def test_a_class_that_train_lacks_keeps_its_column(tmp_path):
    dataset, (train, stop, test) = parts("digits", tmp_path)
    rows = np.flatnonzero(~np.isin(train.target, [3, 9]))
    lacking = Part(train.features.iloc[rows], train.target[rows])
    predicted = LightGBM(dataset.task, 10, rounds=10).fit(SPACE.default(), lacking, stop, 0, 1).predict(test.features)
    assert predicted.shape == (len(test.target), 10)
    assert predicted[:, [3, 9]].max() < 0.01
    assert (predicted.argmax(axis=1) == test.target)[~np.isin(test.target, [3, 9])].mean() > 0.9


@pytest.mark.parametrize(
    ("parameters", "name", "message"),
    [
        ({}, "num_leafs", "space.num_leafs: LightGBM has no such parameter; did you mean num_leaves"),
        ({"lambda_l1": 0.0}, "reg_alpha", "space.reg_alpha: is another name of lambda_l1, which is given, too"),
        ({"reg_alpha": 0.0}, "lambda_l1", "space.lambda_l1: is another name of reg_alpha, which is given, too"),
        ({}, "max_bins", "space.max_bins: here it has LightGBM's own name, max_bin"),
        ({}, "subsample_for_bin", "space.subsample_for_bin: here it has LightGBM's own name, bin_construct_sample_cnt"),
        ({}, "metrics", "space.metrics: is another name of metric, which is given, too"),
        ({}, "random_state", "space.random_state: is set by the suite"),
        ({}, "n_jobs", "space.n_jobs: is set by the suite"),
        ({}, "deterministic", "space.deterministic: is set by the suite"),
        ({}, "linear_tree", "space.linear_tree: LightGBM makes no use of it here"),
        ({}, "snapshot_freq", "space.snapshot_freq: LightGBM makes no use of it here"),
        ({"bagging_frac": 0.5}, "", "model.settings.parameters.bagging_frac: .*did you mean bagging_fraction"),
        ({"num_threads": 4}, "", "model.settings.parameters.num_threads: is set by the suite"),
        (["bagging_freq"], "", r"model.settings.parameters=\['bagging_freq'\]: expected a mapping"),
        ({"loss": "l1"}, "", "model.settings.parameters.loss: "),
        ({"eta": 0.1, "shrinkage_rate": 0.2}, "", "model.settings.parameters.eta: is another name of shrinkage_rate"),
    ],
)
def test_a_parameter_that_lightgbm_does_not_read_is_a_mistake(parameters, name, message):
    part = Part(pd.DataFrame({"a": np.arange(40.0)}), np.arange(40) % 2)
    with pytest.raises(UserError, match=f"^{message}"):
        LightGBM("binary", 2, 3, 0, parameters).fit({name: 1} if name else {}, part, part, 0, 1)


def test_another_name_that_stands_alone_is_read():
    part = Part(pd.DataFrame({"a": np.random.default_rng(0).normal(size=200)}), np.arange(200) % 2)
    model = LightGBM("binary", 2, 5, 0)
    losses = [model.fit(given, part, part, 0, 1).curve[-1] for given in ({"reg_lambda": 50}, {"lambda_l2": 50}, {})]
    assert losses[0] == losses[1] != losses[2]
