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


INT = {"type": "int", "low": 2, "high": 9}
SHARE = {"type": "float", "low": 0.1, "high": 0.9}


def choice(*choices, **when) -> dict:
    return {"type": "categorical", "choices": list(choices), "when": when}


def checked(space, parameters=None, features=None, task="binary") -> list[str]:
    return LightGBM(task, 2, 3, 0, parameters).check_space(parse(space), features)


@pytest.mark.parametrize(
    ("parameters", "name", "message"),
    [
        ({}, "num_leafs", "space.num_leafs: LightGBM has no such parameter; did you mean num_leaves"),
        ({}, "metrics", "space.metrics: is the same for all configurations"),
        ({}, "application", "space.application: is the same for all configurations"),
        ({}, "random_state", "space.random_state: is set by the suite"),
        ({}, "n_jobs", "space.n_jobs: is set by the suite"),
        ({}, "num_classes", "space.num_classes: is set by the suite"),
        ({}, "verbose", "space.verbose: is set by the suite"),
        ({}, "deterministic", "space.deterministic: is set by the suite"),
        ({}, "n_estimators", "space.n_estimators: is the suite's to set; set model.settings.rounds"),
        ({}, "n_iter_no_change", "space.n_iter_no_change: is the suite's to set; set model.settings.early_stopping"),
        ({}, "categorical_feature", "space.categorical_feature: LightGBM makes no use of it here"),
        ({}, "snapshot_freq", "space.snapshot_freq: LightGBM makes no use of it here"),
        ({}, "tree_learner", "space.tree_learner: LightGBM makes no use of it here"),
        ({}, "prepare.scale", "space.prepare.scale: LightGBM takes numbers and categories as they are"),
        ({"bagging_frac": 0.5}, "", "model.settings.parameters.bagging_frac: .*did you mean bagging_fraction"),
        ({"num_threads": 4}, "", "model.settings.parameters.num_threads: is set by the suite"),
        ({"num_trees": 4}, "", "model.settings.parameters.num_trees: .*set model.settings.rounds"),
        (["bagging_freq"], "", r"model.settings.parameters=\['bagging_freq'\]: expected a mapping"),
        ({"eta": 0.1, "shrinkage_rate": 0.2}, "", "model.settings.parameters.eta: is another name of shrinkage_rate"),
        ({"num_leaves": 1}, "", r"model.settings.parameters.num_leaves: LightGBM does not take 1 \(Check failed"),
    ],
)
def test_a_parameter_that_lightgbm_does_not_read_is_a_mistake_of_the_space(parameters, name, message, capfd):
    with pytest.raises(UserError, match=f"^{message}"):
        checked({name: INT} if name else {"num_leaves": INT}, parameters)
    assert capfd.readouterr() == ("", "")


def test_two_names_of_one_searched_parameter_are_a_mistake():
    with pytest.raises(UserError, match=r"^space.eta: is another name of learning_rate, which is given, too"):
        checked({"eta": SHARE, "learning_rate": SHARE})


@pytest.mark.parametrize(
    ("name", "entry", "value"),
    [
        ("boosting", choice("gbdt", "foo"), "'foo'"),
        ("monotone_constraints_method", choice("basic", "advancd"), "'advancd'"),  # which would be read as basic
        ("boosting", choice("gbdt", "dart num_leaves=3"), "'dart num_leaves=3'"),
        ("boosting", choice("gbdt", ""), "''"),
        ("num_leaf", {"type": "float", "low": 8, "high": 64}, "8.0"),
        ("num_leaves", INT | {"low": 1}, "1"),
        ("bagging", SHARE | {"high": 1.5}, "1.5"),
        ("max_depth", choice(None, 4, 2**33), "8589934592"),  # which would be read as 0
        ("extra_trees", choice(True, 0), "0"),
    ],
)
def test_a_value_that_lightgbm_refuses_or_misreads_is_a_mistake_of_the_space(name, entry, value, capfd):
    with pytest.raises(UserError, match=rf"^space.{name}: LightGBM does not take {value} \(.+\); change it$"):
        checked({name: entry})
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("own", "alias", "fixed", "values"),
    [
        ("learning_rate", "eta", {"learning_rate": 0.3}, (0.05, 0.9)),
        ("lambda_l2", "reg_lambda", {"l2_regularization": 0.0}, (0.1, 900.0)),
        ("max_bin", "max_bins", {"max_bin": 200}, (4, 250)),
        ("bin_construct_sample_cnt", "subsample_for_bin", {}, (30, 200)),
        ("linear_tree", "linear_trees", {}, (True, False)),
        ("use_missing", "use_missing", {}, (True, False)),
    ],
)
def test_an_alias_is_read_in_the_place_of_what_is_fixed_with_other_bins_where_it_needs_them(own, alias, fixed, values):
    rng = np.random.default_rng(0)
    table = pd.DataFrame(rng.normal(size=(300, 2)), columns=["a", "b"])
    table.iloc[::5, 0] = np.nan
    target = np.sin(3 * table["b"].to_numpy()) + table["a"].isna()
    train, stop = Part(table[:200], target[:200]), Part(table[200:], target[200:])
    shared = LightGBM("regression", 0, 8, 0, fixed)
    bits = [predict(shared, {alias: value}, train, stop, stop) for value in (*values, None)]
    assert bits[0] != bits[1]
    for place, value in enumerate(values):
        parameters = {"objective": "regression", "force_row_wise": True, "deterministic": True, "verbosity": -1}
        parameters |= {"seed": 0, "data_random_seed": 0, "num_threads": 1, "feature_pre_filter": False, own: value}
        sets = lgb.Dataset(train.features, train.target, params=parameters)
        hand = lgb.train(parameters, sets, 8).predict(stop.features)
        assert hand.tobytes() == bits[place]
    assert bits[2] == predict(LightGBM("regression", 0, 8, 0, fixed), {}, train, stop, stop)  # null: what is fixed


TEXT = pd.DataFrame({"letter": pd.Categorical(["a", "b"]), "x": [0.0, 1.0]})


@pytest.mark.parametrize(
    ("space", "parameters", "task", "inactive"),
    [
        ({"subsample": SHARE}, {}, "binary", ["subsample"]),
        ({"subsample": SHARE}, {"subsample_freq": 1}, "binary", []),
        ({"subsample": SHARE, "bagging_freq": INT | {"low": 0}}, {}, "binary", []),
        (
            {"bagging_freq": choice(0, 1), "subsample": SHARE | {"when": {"bagging_freq": 0}}},
            {},
            "binary",
            ["subsample"],
        ),
        ({"bagging_freq": choice(0, 1), "subsample": SHARE | {"when": {"bagging_freq": 1}}}, {}, "binary", []),
        (
            # the other is active only where this one is not
            {
                "boosting": choice("gbdt", "dart"),
                "bagging_freq": choice(1, 2, boosting="dart"),
                "subsample": SHARE | {"when": {"boosting": "gbdt"}},
            },
            {},
            "binary",
            ["bagging_freq", "subsample"],
        ),
        ({"boosting": choice("gbdt", "dart"), "drop_rate": SHARE}, {}, "binary", []),
        ({"drop_rate": SHARE}, {}, "binary", ["drop_rate"]),
        ({"top_rate": SHARE}, {}, "binary", ["top_rate"]),
        ({"top_rate": SHARE}, {"boosting": "goss"}, "binary", []),
        ({"subsample": SHARE}, {"boosting": "goss", "bagging_freq": 1}, "binary", ["subsample"]),
        ({"cat_smooth": SHARE}, {}, "binary", []),
        ({"alpha": SHARE}, {}, "regression", ["alpha"]),
        ({"alpha": SHARE}, {"objective": "huber"}, "regression", []),
        ({"pos_bagging_fraction": SHARE}, {"bagging_freq": 1}, "regression", ["pos_bagging_fraction"]),
        ({"extra_seed": INT}, {}, "binary", ["extra_seed"]),
        ({"boosting": choice("gbdt", "rf")}, {}, "binary", ["boosting"]),
        ({"boosting": choice("gbdt", "rf"), "bagging": SHARE}, {}, "binary", ["boosting", "bagging"]),
        ({"boosting": choice("gbdt", "rf"), "bagging": SHARE, "bagging_freq": INT}, {}, "binary", []),
        ({"boosting": choice("gbdt", "rf"), "sub_feature": SHARE}, {}, "binary", []),
    ],
)
def test_what_can_never_have_an_effect_is_a_warning(space, parameters, task, inactive):
    lines = [
        line for line in checked(space, parameters, TEXT, task) if line.startswith("space.") and "seed; " not in line
    ]
    assert [line.partition(": ")[0] for line in lines] == [f"space.{name}" for name in inactive]


def test_a_warning_says_what_is_lacking_and_looks_at_the_data_and_at_what_is_fixed():
    (line,) = checked({"subsample": SHARE})
    assert line == "space.subsample: has no effect here; it needs bagging_freq above 0, which is 0"
    numbers = pd.DataFrame({"x": [0.0, 1.0]})
    (line,) = checked({"cat_smooth": SHARE}, features=numbers)
    assert line == "space.cat_smooth: has no effect here; it needs category columns, of which the data has none"
    assert checked({"cat_smooth": SHARE}) == []  # the data is not loaded
    (line,) = checked({"num_leaves": INT}, {"bagging_fraction": 0.5})
    assert line.startswith("model.settings.parameters.bagging_fraction: has no effect here")
    assert (
        checked(
            OmegaConf.to_container(OmegaConf.load(conf_dir() / "model/lightgbm.yaml"))["space"], {"bagging_freq": 1}
        )
        == []
    )


def test_the_warnings_are_right_for_lightgbm():
    """What is warned of does nothing, and what is not warned of does something, in LightGBM itself."""
    rng = np.random.default_rng(0)
    features = pd.DataFrame(rng.normal(size=(300, 3)), columns=["a", "b", "c"])
    target = (features["a"] + rng.normal(size=300) > 0).to_numpy().astype(int)
    part = Part(features, target)
    for name, fixed in [
        ("bagging_fraction", {}), ("bagging_fraction", {"bagging_freq": 1}), ("top_rate", {}),
        ("top_rate", {"data_sample_strategy": "goss", "learning_rate": 0.9}), ("drop_rate", {}),
        ("drop_rate", {"boosting": "dart"}), ("learning_rate", {}), ("scale_pos_weight", {}), ("alpha", {}),
        ("learning_rate", {"boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.5}), ("linear_lambda", {}),
        ("cegb_tradeoff", {}), ("cegb_tradeoff", {"cegb_penalty_split": 0.01}),
        ("linear_lambda", {"linear_tree": True}),
    ]:  # fmt: skip
        model = LightGBM("binary", 2, 15, 0, fixed)
        effect = len({predict(model, {name: value}, part, part, part) for value in (0.11, 0.5, 0.77)}) > 1
        warned = [line for line in checked({name: SHARE}, fixed, features) if line.startswith(f"space.{name}: ")]
        assert bool(warned) is not effect, (name, fixed)
