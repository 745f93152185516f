"""XGBoost: against the library used directly; the same bits whatever came before; what it is shown."""

import gc
import subprocess
import sys
import weakref
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from omegaconf import OmegaConf
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_wine

from bench import metrics, problems
from bench.config.catalogue import conf_dir
from bench.errors import UserError
from bench.models import Part
from bench.models.xgboost import XGBoost
from bench.space.parsing import parse

xgb = pytest.importorskip("xgboost")

YAML = OmegaConf.to_container(OmegaConf.load(conf_dir() / "model/xgboost.yaml"))
SPACE = parse(YAML["space"])
CONFIGURATIONS = [SPACE.sample(np.random.default_rng(seed)) | {"eta": 0.3} for seed in range(4)]
TASKS = {"binary": load_breast_cancer, "multiclass": load_wine, "regression": load_diabetes, "counts": load_diabetes}


def parts(task: str, weights=None) -> tuple[int, list[Part]]:
    """The number of classes; train, stop and test."""
    bunch = TASKS[task]()
    features = pd.DataFrame(bunch.data, columns=[f'[{i}]<"' for i in range(bunch.data.shape[1])])
    order = np.random.default_rng(0).permutation(len(features))
    cuts = np.split(order, [len(order) // 2, 3 * len(order) // 4])
    of = [None if weights is None else weights[rows] for rows in cuts]
    cut = [Part(features.iloc[rows], bunch.target[rows], each) for rows, each in zip(cuts, of, strict=True)]
    return (len(np.unique(bunch.target)) if task in metrics.CLASSIFICATION else 0), cut


def predict(model: XGBoost, configuration, train: Part, stop: Part, test: Part, seed=0, threads=1) -> bytes:
    return model.fit(configuration, train, stop, seed, threads).predict(test.features).tobytes()


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("task", TASKS)
def test_it_is_what_the_library_gives(task, weighted):
    weights = np.random.default_rng(1).uniform(0.1, 3, 600) if weighted else None
    classes, (train, stop, test) = parts(task, weights)
    configuration = CONFIGURATIONS[0]
    fitted = XGBoost(task, classes, rounds=40, early_stopping=5).fit(configuration, train, stop, 7, 1)

    objective, metric = {
        "binary": ("binary:logistic", "logloss"),
        "multiclass": ("multi:softprob", "mlogloss"),
        "regression": ("reg:squarederror", "rmse"),
        "counts": ("count:poisson", "poisson-nloglik"),
    }[task]
    several = {"num_class": classes} if task == "multiclass" else {}
    parameters = configuration | several | {"objective": objective, "eval_metric": metric, "seed": 7, "nthread": 1}
    sets = [xgb.DMatrix(part.features.to_numpy(), part.target, weight=part.weights) for part in (train, stop, test)]
    curve = {}
    booster = xgb.train(
        parameters | {"tree_method": "hist"},
        sets[0],
        40,
        evals=[(sets[1], "stop")],
        evals_result=curve,
        early_stopping_rounds=5,
        verbose_eval=False,
    )
    np.testing.assert_allclose(fitted.curve, curve["stop"][metric], rtol=1e-6)
    assert fitted.details() == {"rounds": booster.best_iteration + 1}
    hand = booster.predict(sets[2], iteration_range=(0, booster.best_iteration + 1))
    predicted = fitted.predict(test.features)
    assert predicted.shape == ((len(test.target), classes) if classes else (len(test.target),))
    np.testing.assert_allclose(predicted[:, 1] if task == "binary" else predicted, hand, rtol=1e-5)
    if classes:
        np.testing.assert_allclose(predicted.sum(axis=1), 1, rtol=1e-6)
    if task == "counts":
        assert predicted.min() > 0


@pytest.mark.parametrize("task", ["binary", "multiclass"])
def test_the_order_of_trials_never_changes_the_bits(task):
    classes, (train, stop, test) = parts(task)
    alone = [predict(XGBoost(task, classes, 12), c, train, stop, test) for c in CONFIGURATIONS]
    assert len(set(alone)) == len(alone)
    for order in ([0, 1, 2, 3], [3, 1, 0, 2], [2, 2, 3, 0, 1]):
        shared = XGBoost(task, classes, rounds=12)
        for i in order:
            assert predict(shared, CONFIGURATIONS[i], train, stop, test) == alone[i]


def test_the_seed_decides_and_the_same_bits_come_in_another_process():
    classes, (train, stop, test) = parts("binary")
    configuration = CONFIGURATIONS[1]
    here = predict(XGBoost("binary", classes, 8), configuration, train, stop, test)
    assert predict(XGBoost("binary", classes, 8), configuration, train, stop, test, seed=1) != here
    script = (
        f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); "
        "import test_xgboost as t; classes, parts = t.parts('binary'); "
        "sys.stdout.buffer.write(t.predict(t.XGBoost('binary', classes, 8), t.CONFIGURATIONS[1], *parts))"
    )
    there = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, timeout=120)
    assert there.stdout == here


def test_binned_data_is_built_once_for_all_trials_and_goes_with_its_part(monkeypatch):
    built = []
    make = xgb.QuantileDMatrix.__init__
    monkeypatch.setattr(xgb.QuantileDMatrix, "__init__", lambda self, *a, **k: built.append(1) or make(self, *a, **k))
    classes, (train, stop, test) = parts("binary")
    model = XGBoost("binary", classes, rounds=3)
    model.prepare(train, stop, 0, 1)
    assert len(built) == 2  # train and stop
    for configuration in CONFIGURATIONS:
        predict(model, configuration, train, stop, test)
    assert len(built) == 2
    predict(model, CONFIGURATIONS[0] | {"max_bin": 15}, train, stop, test)
    assert len(built) == 4  # once more for each max_bin
    kept = weakref.ref(train)
    del train
    gc.collect()
    assert kept() is None


def test_early_stopping_keeps_the_best_round_on_the_stop_part():
    classes, (train, stop, _) = parts("binary")
    fitted = XGBoost("binary", classes, 300, early_stopping=5).fit(SPACE.default() | {"eta": 0.8}, train, stop, 0, 1)
    assert fitted.rounds == int(np.argmin(fitted.curve)) + 1
    assert len(fitted.curve) == fitted.rounds + 5
    probability = fitted.predict(stop.features)[np.arange(len(stop.target)), stop.target]
    assert -np.log(probability).mean() == pytest.approx(min(fitted.curve), rel=1e-5)
    every = XGBoost("binary", classes, 60, early_stopping=0).fit(SPACE.default() | {"eta": 0.8}, train, stop, 0, 1)
    assert (every.rounds, len(every.curve)) == (60, 60)


@pytest.mark.parametrize(("last", "patience"), [(4, 20), (1000, 3)])
def test_step_sees_every_round_and_can_end_training(last, patience):
    classes, (train, stop, _) = parts("binary")
    seen = []

    def step(number, loss):
        seen.append((number, loss))
        return number == last

    model = XGBoost("binary", classes, rounds=300, early_stopping=patience)
    fitted = model.fit(SPACE.default() | {"eta": 0.8}, train, stop, 0, 1, step)
    assert [number for number, _ in seen] == list(range(1, len(fitted.curve) + 1))
    assert [loss for _, loss in seen] == fitted.curve
    assert fitted.rounds == int(np.argmin(fitted.curve)) + 1
    assert len(fitted.curve) == min(last, fitted.rounds + patience)


def test_a_row_of_weight_zero_is_not_there_and_the_size_of_weights_is_nothing_to_the_curve():
    classes, (train, stop, test) = parts("binary")
    weights = np.where(np.arange(len(train.target)) % 4, 1.0, 0.0)
    kept = np.flatnonzero(weights)
    trains = [
        Part(train.features, train.target, weights),
        Part(train.features.iloc[kept], train.target[kept]),
        train,
    ]
    bits = [predict(XGBoost("binary", classes, 10), CONFIGURATIONS[0], each, stop, test) for each in trains]
    assert bits[0] == bits[1] != bits[2]
    halves = [Part(stop.features, stop.target, np.full(len(stop.target), factor)) for factor in (0.5, 1.0)]
    curves = [XGBoost("binary", classes, 10).fit(CONFIGURATIONS[0], train, half, 0, 1).curve for half in halves]
    np.testing.assert_allclose(*curves, rtol=1e-6)


def test_categories_and_missing_values_and_categories_that_train_has_not_seen():
    rng = np.random.default_rng(0)

    def part(codes, seed):
        codes = np.asarray(codes)
        size = np.where(np.random.default_rng(seed).random(len(codes)) < 0.1, np.nan, rng.normal(size=len(codes)))
        colour = pd.Categorical.from_codes(codes, categories=pd.Index(["a", "b", "c", "d"], dtype="str"))
        features = pd.DataFrame({"size": size, "colour": colour, "empty": np.nan})
        return Part(features, np.array([5.0, -3.0, 8.0, 0.0, 1.0])[codes] + np.nan_to_num(size))

    train = part(rng.integers(-1, 3, 300), 1)
    stop = part(rng.integers(-1, 4, 100), 2)
    fitted = XGBoost("regression", 0, 50, early_stopping=0).fit({"max_depth": 4, "eta": 0.3}, train, stop, 0, 1)
    test = part(np.tile([-1, 0, 1, 2, 3], 40), 3)
    error = np.abs(fitted.predict(test.features) - test.target).reshape(-1, 5).mean(axis=0)
    assert (error[:4] < 0.5).all()
    assert np.isfinite(error[4])
    np.testing.assert_array_equal(fitted.predict(test.features.iloc[::-1])[::-1], fitted.predict(test.features))


def test_a_class_that_train_lacks_keeps_its_column():
    bunch = load_digits()
    features = pd.DataFrame(bunch.data)
    rows = np.flatnonzero(bunch.target[:600] != 9)
    train, stop = Part(features.iloc[rows], bunch.target[rows]), Part(features[600:900], bunch.target[600:900])
    predicted = XGBoost("multiclass", 10, rounds=10).fit(SPACE.default(), train, stop, 0, 1).predict(stop.features)
    assert predicted.shape == (300, 10)
    assert predicted[:, 9].max() < 0.2
    assert (predicted.argmax(axis=1) == stop.target)[stop.target != 9].mean() > 0.8


@pytest.mark.parametrize("dataset", ["digits", "wine", "file"])
def test_the_shipped_model_learns(dataset, tmp_path, recwarn, capfd):
    rng = np.random.default_rng(0)
    colours, size = rng.choice(["red", "green", None], 300), rng.normal(size=300)
    price = 3.0 * (colours == "red") + size + rng.normal(size=300) / 10
    size[::9] = np.nan
    pd.DataFrame({"colour": colours, "size": size, "price": price}).to_csv(tmp_path / "shop.csv", index=False)
    groups = {
        group: OmegaConf.to_container(OmegaConf.load(conf_dir() / group / f"{name}.yaml"))
        for group, name in (("dataset", dataset), ("resampling", "holdout"), ("metric", "auto"), ("seeds", "fixed"))
    }
    if dataset == "file":
        groups["dataset"] |= {"path": str(tmp_path / "shop.csv"), "target": "price"}
    model = YAML | {"settings": YAML["settings"] | {"rounds": 60}}
    problem = problems.build(problems.Recipe(groups | {"model": model}, 0, str(tmp_path), 1))
    default = problem.evaluate(problem.space.default())
    assert default.loss < problem.baseline_loss / 2
    assert default.test_loss < problem.baseline_loss / 2
    evaluations = [problem.evaluate(problem.space.sample(rng)) for _ in range(5)]
    assert [evaluation.error for evaluation in evaluations] == [None] * 5
    assert problem.evaluate(problem.space.default()).loss == default.loss
    assert not [str(warning.message) for warning in recwarn]
    assert capfd.readouterr() == ("", "")


def test_a_users_own_objective_and_metrics():
    classes, (train, stop, test) = parts("binary")
    model = XGBoost("binary", classes, 20, parameters={"eval_metric": ["error", "logloss"], "max_bin": 32})
    fitted = model.fit({}, train, stop, 0, 1)
    wrong = (fitted.predict(stop.features).argmax(axis=1) != stop.target).mean()
    assert fitted.curve[fitted.rounds - 1] == pytest.approx(wrong)
    model = XGBoost("binary", classes, 20, parameters={"objective": "reg:logistic"})
    np.testing.assert_allclose(model.fit({}, train, stop, 0, 1).predict(test.features).sum(axis=1), 1)


INT = {"type": "int", "low": 2, "high": 9}
SHARE = {"type": "float", "low": 0.1, "high": 0.9}


def choice(*choices) -> dict:
    return {"type": "categorical", "choices": list(choices)}


def checked(space, parameters=None, task="binary", features=None) -> list[str]:
    return XGBoost(task, 2, 3, 0, parameters).check_space(parse(space), features)


@pytest.mark.parametrize(
    ("parameters", "name", "message"),
    [
        ({}, "subsampel", "space.subsampel: XGBoost has no such parameter; did you mean subsample"),
        ({}, "n_estimators", "space.n_estimators: is the suite's to set; set model.settings.rounds"),
        ({}, "num_boost_round", "space.num_boost_round: is the suite's to set; set model.settings.rounds"),
        ({}, "early_stopping_rounds", "space.early_stopping_rounds: .*set model.settings.early_stopping"),
        ({}, "objective", "space.objective: is the same for all configurations"),
        ({}, "eval_metric", "space.eval_metric: is the same for all configurations"),
        ({}, "num_class", "space.num_class: is set by the suite"),
        ({}, "random_state", "space.random_state: is set by the suite"),
        ({}, "n_jobs", "space.n_jobs: is set by the suite"),
        ({}, "verbosity", "space.verbosity: is set by the suite"),
        ({}, "num_feature", "space.num_feature: XGBoost makes no use of it here"),
        ({}, "prepare.encode", "space.prepare.encode: XGBoost takes numbers and categories as they are"),
        ({"nthread": 3}, "", "model.settings.parameters.nthread: is set by the suite"),
        ({"etta": 0.5}, "", "model.settings.parameters.etta: XGBoost has no such parameter; did you mean eta"),
        ({"eta": 0.1, "learning_rate": 0.5}, "", "model.settings.parameters.eta: is another name of learning_rate"),
        (
            {"tree_method": "exact"},
            "",
            "model.settings.parameters.tree_method: XGBoost does not take 'exact'",
        ),
    ],
)
def test_a_parameter_that_xgboost_does_not_read_is_a_mistake_of_the_space(parameters, name, message):
    with pytest.raises(UserError, match=f"^{message}"):
        checked({name: INT} if name else {"max_depth": INT}, parameters)


@pytest.mark.parametrize(
    ("name", "entry", "value"),
    [
        ("grow_policy", choice("depthwise", "foo"), "'foo'"),
        ("booster", choice("gbtree", "gblinear"), "'gblinear'"),
        ("max_depth", {"type": "float", "low": 3, "high": 9}, "3.0"),
        ("learning_rate", SHARE | {"low": -1.0}, "-1.0"),
        ("skip_drop", SHARE | {"high": 1.5}, "1.5"),
    ],
)
def test_a_value_that_xgboost_refuses_is_a_mistake_of_the_space(name, entry, value):
    with pytest.raises(UserError, match=rf"^space.{name}: XGBoost does not take {value} \(.+\); change it$"):
        checked({name: entry})
    with pytest.raises(
        UserError, match=r"^space.eta: is another name of reg_lambda|^space.eta: is another name of lear"
    ):
        checked({"eta": SHARE, "learning_rate": SHARE})


@pytest.mark.parametrize(
    ("own", "alias"),
    [("eta", "learning_rate"), ("lambda", "reg_lambda"), ("alpha", "reg_alpha"), ("gamma", "min_split_loss")],
)
def test_an_alias_is_read_in_the_place_of_what_is_fixed(own, alias):
    with pytest.raises(UserError, match=rf"^space.{own}: is another name of {alias}, which is given, too"):
        checked({own: SHARE, alias: SHARE})
    classes, parts_ = parts("binary")
    bits = [
        predict(XGBoost("binary", classes, 8, 0, fixed), given, *parts_)
        for fixed, given in [({own: 0.9}, {alias: 0.2}), ({alias: 0.9}, {own: 0.2}), ({}, {own: 0.2}), ({}, {own: 0.9})]
    ]
    assert bits[0] == bits[1] == bits[2] != bits[3]


@pytest.mark.parametrize(
    ("space", "parameters", "task", "inactive"),
    [
        ({"rate_drop": SHARE}, {}, "binary", ["rate_drop"]),
        ({"rate_drop": SHARE, "booster": choice("gbtree", "dart")}, {}, "binary", []),
        ({"skip_drop": SHARE}, {"booster": "dart"}, "binary", ["skip_drop"]),
        ({"skip_drop": SHARE, "rate_drop": SHARE}, {"booster": "dart"}, "binary", []),
        ({"sampling_method": choice("uniform", "gradient_based")}, {}, "binary", ["sampling_method"]),
        ({"sampling_method": choice("uniform", "gradient_based"), "subsample": SHARE}, {}, "binary", []),
        ({"grow_policy": choice("depthwise", "lossguide")}, {}, "binary", ["grow_policy"]),
        ({"grow_policy": choice("depthwise", "lossguide")}, {"max_leaves": 5}, "binary", []),
        ({"scale_pos_weight": SHARE}, {}, "binary", []),
        ({"scale_pos_weight": SHARE}, {}, "counts", ["scale_pos_weight"]),
        ({"huber_slope": SHARE}, {}, "regression", ["huber_slope"]),
        ({"huber_slope": SHARE}, {"objective": "reg:pseudohubererror"}, "regression", []),
        ({"max_cat_to_onehot": INT}, {}, "binary", ["max_cat_to_onehot"]),
    ],
)
def test_what_can_never_have_an_effect_is_a_warning_and_does_nothing_in_xgboost(space, parameters, task, inactive):
    lines = checked(space, parameters, task, pd.DataFrame({"x": [0.0]}))
    assert [line.partition(": has no effect here; it needs ")[0] for line in lines] == [f"space.{n}" for n in inactive]
    classes, parts_ = parts(task)
    model = XGBoost(task, classes, 6, 0, parameters)
    read = parse(space)
    for seed in range(len(inactive) and 3):
        given = read.sample(np.random.default_rng(seed))
        assert predict(model, given, *parts_) == predict(model, {}, *parts_)


def test_the_shipped_space_searches_a_policy_of_no_effect():
    (line,) = checked(YAML["space"])
    assert line.startswith("space.grow_policy: has no effect here; it needs max_leaves above 0")


def test_without_xgboost_one_line_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "xgboost", None)
    with pytest.raises(UserError, match=r"not installed; pip install 'hpo-compare\[xgboost\]'"):
        XGBoost("binary", 2)


@pytest.mark.parametrize(("settings", "line"), [({"rounds": 0}, "rounds=0"), ({"early_stopping": -1}, "stopping=-1")])
def test_settings_that_cannot_be(settings, line):
    with pytest.raises(UserError, match=line):
        XGBoost("binary", 2, **settings)


def test_a_category_that_train_lacks_counts_as_missing_while_training_and_in_predictions():
    rng = np.random.default_rng(0)
    letters = pd.Categorical(rng.choice(list("abcdef"), 400), categories=list("abcdefgh"))
    target = letters.codes.astype(float) + rng.normal(scale=0.1, size=400)
    train = Part(pd.DataFrame({"letter": letters, "x": rng.normal(size=400)}), target)
    other = pd.Categorical(rng.choice(list("abgh"), 100), categories=list("abcdefgh"))
    stop = Part(pd.DataFrame({"letter": other, "x": rng.normal(size=100)}), rng.normal(2, 3, 100))
    fitted = XGBoost("regression", 0, rounds=20, early_stopping=0).fit({}, train, stop, 0, 1)
    known = stop.features["letter"].cat.remove_categories(["g", "h"]).cat.set_categories(list("abcdefgh"))
    predicted = fitted.predict(stop.features)
    assert known.isna().any()
    assert np.array_equal(predicted, fitted.predict(stop.features.assign(letter=known)))
    assert fitted.curve[-1] == pytest.approx(np.sqrt(np.mean((predicted - stop.target) ** 2)), rel=1e-5)
