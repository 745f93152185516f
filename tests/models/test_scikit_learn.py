"""Any scikit-learn estimator by YAML: against the library used by hand; the shipped ones; what a mistake says."""

import gc
import importlib
import sys
import warnings
import weakref

import numpy as np
import pandas as pd
import pytest
from omegaconf import OmegaConf
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, PoissonRegressor, Ridge
from sklearn.model_selection import KFold, StratifiedKFold
from sklearn.multiclass import OneVsRestClassifier
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, OrdinalEncoder, StandardScaler, TargetEncoder
from sklearn.svm import SVC, SVR, LinearSVC
from sklearn.tree import DecisionTreeClassifier

from bench import problems
from bench.config.catalogue import conf_dir
from bench.errors import UserError
from bench.models import Part
from bench.models.scikit_learn import Estimator
from bench.space.parsing import parse

SHIPPED = ("random_forest", "svm", "logistic_regression", "ridge", "knn")
FOREST = "sklearn.ensemble.RandomForestClassifier"
LOGISTIC = "sklearn.linear_model.LogisticRegression"


def two_parts(bunch, train_rows: int = 200, weights=None) -> tuple[Part, Part]:
    features = pd.DataFrame(bunch.data[:400], columns=[f"c{i}" for i in range(bunch.data.shape[1])])
    train, test = slice(0, train_rows), slice(train_rows, 400)
    return (
        Part(features.iloc[train], bunch.target[train], weights),
        Part(features.iloc[test], bunch.target[test]),
    )


def arrays(*parts: Part) -> list[np.ndarray]:
    scaler = StandardScaler().fit(parts[0].features.to_numpy())
    return [scaler.transform(part.features.to_numpy()) for part in parts]


@pytest.fixture(scope="module")
def digits():
    return two_parts(load_digits())


@pytest.fixture(scope="module")
def cancer():
    return two_parts(load_breast_cancer())


@pytest.fixture(scope="module")
def diabetes():
    return two_parts(load_diabetes())


def fit(model: Estimator, configuration, parts, seed=3, threads=1):
    return model.fit(configuration, *parts, seed, threads)


def shipped(name: str) -> dict:
    return OmegaConf.to_container(OmegaConf.load(conf_dir() / f"model/{name}.yaml"))


def shipped_model(name: str, task: str, classes: int) -> Estimator:
    return Estimator(task, classes, **shipped(name)["settings"])


class TestAgainstScikitLearn:
    def test_a_forest(self, digits):
        configuration = {"max_features": 0.4, "max_samples": 0.7, "min_samples_leaf": 2, "max_depth": 9}
        here = fit(shipped_model("random_forest", "multiclass", 10), configuration, digits).predict(digits[1].features)
        train, test = (part.features.to_numpy() for part in digits)
        hand = RandomForestClassifier(100, random_state=3, **configuration).fit(train, digits[0].target)
        np.testing.assert_array_equal(here, hand.predict_proba(test))

    def test_counts_take_their_own_estimator_or_that_of_regression(self, diabetes):
        train, test = (part.features.to_numpy() for part in diabetes)
        forest = fit(shipped_model("random_forest", "counts", 0), {"min_samples_leaf": 5}, diabetes)
        hand = RandomForestRegressor(100, random_state=3, min_samples_leaf=5, criterion="poisson")
        hand.fit(train, diabetes[0].target)
        np.testing.assert_array_equal(forest.predict(diabetes[1].features), hand.predict(test))
        scaled, other = arrays(*diabetes)
        poisson = fit(shipped_model("ridge", "counts", 0), {"alpha": 0.5}, diabetes)
        hand = PoissonRegressor(alpha=0.5, max_iter=1000).fit(scaled, diabetes[0].target)
        np.testing.assert_allclose(poisson.predict(diabetes[1].features), hand.predict(other))
        neighbours = fit(shipped_model("knn", "counts", 0), {"n_neighbors": 3}, diabetes)
        hand = KNeighborsRegressor(3).fit(scaled, diabetes[0].target)
        np.testing.assert_allclose(neighbours.predict(diabetes[1].features), hand.predict(other))

    def test_expected_counts_are_above_zero(self, diabetes):
        zeros = Part(diabetes[0].features, (np.arange(200) % 10 == 0).astype(float))
        predicted = fit(shipped_model("knn", "counts", 0), {"n_neighbors": 2}, (zeros, zeros)).predict(zeros.features)
        assert predicted.min() > 0
        assert np.count_nonzero(predicted < 1e-3) > 100

    @pytest.mark.parametrize("name", ["digits", "cancer"])
    def test_a_support_vector_machine_calibrated(self, name, request):
        parts = request.getfixturevalue(name)
        classes = len(np.unique(parts[0].target))
        model = shipped_model("svm", "binary" if classes == 2 else "multiclass", classes)
        here = fit(model, {"kernel": "rbf", "C": 2.0, "gamma": 0.02}, parts).predict(parts[1].features)
        train, test = arrays(*parts)
        folds = StratifiedKFold(3, shuffle=True, random_state=3)
        hand = CalibratedClassifierCV(SVC(C=2.0, gamma=0.02, max_iter=100000), cv=folds, ensemble=False)
        np.testing.assert_allclose(here, hand.fit(train, parts[0].target).predict_proba(test), atol=1e-12)

    def test_regression_by_the_same_file(self, diabetes):
        train, test = arrays(*diabetes)
        for name, configuration, hand in (
            ("svm", {"kernel": "poly", "C": 10.0, "gamma": 0.1, "degree": 2}, SVR),
            ("ridge", {"alpha": 7.0}, Ridge),
        ):
            here = fit(shipped_model(name, "regression", 0), configuration, diabetes).predict(diabetes[1].features)
            np.testing.assert_allclose(here, hand(**configuration).fit(train, diabetes[0].target).predict(test))

    def test_a_pipeline_and_its_nested_arguments(self, cancer):
        steps = [
            ["reduce", {"class": "sklearn.decomposition.PCA", "parameters": {"svd_solver": "full"}}],
            ["tree", {"class": "sklearn.tree.DecisionTreeClassifier"}],
        ]
        weights = np.random.default_rng(0).uniform(0.1, 2, 200)
        train, test = Part(cancer[0].features, cancer[0].target, weights), cancer[1]
        model = Estimator("binary", 2, "sklearn.pipeline.Pipeline", {"steps": steps, "tree__min_samples_leaf": 4})
        here = fit(model, {"reduce__n_components": 5, "tree__max_features": 2}, (train, test)).predict(test.features)
        tree = DecisionTreeClassifier(min_samples_leaf=4, max_features=2, random_state=3)
        hand = make_pipeline(PCA(5, svd_solver="full", random_state=3), tree)
        a, b = arrays(train, test)
        hand.fit(a, train.target, decisiontreeclassifier__sample_weight=weights)
        np.testing.assert_allclose(here, hand.predict_proba(b))

    def test_an_estimator_of_estimators(self, digits):
        inner = {"class": "sklearn.svm.LinearSVC", "parameters": {"dual": False}}
        model = Estimator("multiclass", 10, "sklearn.multiclass.OneVsRestClassifier", {"estimator": inner}, calibrate=2)
        here = fit(model, {"estimator__C": 0.01}, digits).predict(digits[1].features)
        hand = CalibratedClassifierCV(
            OneVsRestClassifier(LinearSVC(C=0.01, dual=False, random_state=3)),
            cv=StratifiedKFold(2, shuffle=True, random_state=3),
            ensemble=False,
        )
        train, test = arrays(*digits)
        np.testing.assert_allclose(here, hand.fit(train, digits[0].target).predict_proba(test))

    def test_weights(self, cancer):
        weights = np.random.default_rng(0).uniform(0.1, 2, 200)
        train = Part(cancer[0].features, cancer[0].target, weights)
        a, b = arrays(train, cancer[1])
        here = fit(Estimator("binary", 2, LOGISTIC), {"C": 0.5}, (train, cancer[1])).predict(cancer[1].features)
        hand = LogisticRegression(C=0.5).fit(a, train.target, sample_weight=weights)
        np.testing.assert_allclose(here, hand.predict_proba(b))
        here = fit(shipped_model("svm", "binary", 2), {"C": 0.5}, (train, cancer[1])).predict(cancer[1].features)
        folds = StratifiedKFold(3, shuffle=True, random_state=3)
        hand = CalibratedClassifierCV(SVC(C=0.5, max_iter=100000), cv=folds, ensemble=False)
        hand.fit(a, train.target, sample_weight=weights)
        np.testing.assert_allclose(here, hand.predict_proba(b), atol=1e-12)


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """Strings, missing strings and numbers, a constant, an empty column, names that libraries do not like."""
    rng = np.random.default_rng(0)
    rows = ['colour,"si[ze]",constant,empty,price']
    for _ in range(300):
        colour, size = rng.choice(["red", "green", "blue", ""]), rng.normal()
        price = 3 * (colour == "red") + size + rng.normal() / 10
        rows.append(f"{colour},{size if rng.random() > 0.1 else ''},1,,{price}")
    path = tmp_path_factory.mktemp("shop") / "shop.csv"
    path.write_text("\n".join(rows) + "\n")
    return {"path": str(path), "target": "price"}


def built(model: dict, dataset: str, tmp_path, **keys) -> problems.Problem:
    groups = {
        group: OmegaConf.to_container(OmegaConf.load(conf_dir() / group / f"{name}.yaml"))
        for group, name in (("dataset", dataset), ("resampling", "holdout"), ("metric", "auto"), ("seeds", "fixed"))
    }
    groups["dataset"] |= keys
    return problems.build(problems.Recipe(groups | {"model": model}, 0, str(tmp_path), 1))


@pytest.mark.parametrize("name", SHIPPED)
@pytest.mark.parametrize("dataset", ["iris", "breast_cancer", "file"])
def test_every_shipped_model_learns(name, dataset, shop, tmp_path, recwarn):
    if (name, dataset) in {("ridge", "iris"), ("ridge", "breast_cancer"), ("logistic_regression", "file")}:
        with pytest.raises(
            UserError, match=r"model.settings.estimator: is for [a-z ]+ only, but the dataset's task is \w+"
        ):
            built(shipped(name), dataset, tmp_path, **(shop if dataset == "file" else {}))
        return
    problem = built(shipped(name), dataset, tmp_path, **(shop if dataset == "file" else {}))
    rng = np.random.default_rng(1)
    configurations = [problem.space.default(), *(problem.space.sample(rng) for _ in range(5))]
    evaluations = [problem.evaluate(configuration) for configuration in configurations]
    assert [evaluation.error for evaluation in evaluations] == [None] * 6
    best = min(evaluations, key=lambda evaluation: evaluation.loss)
    assert best.loss < problem.baseline_loss / 2
    assert best.test_loss < problem.baseline_loss * 0.7
    assert not [str(warning.message) for warning in recwarn]


@pytest.mark.parametrize("name", SHIPPED)
def test_the_order_of_trials_never_changes_the_bits(name, cancer, diabetes):
    task, classes, parts = ("regression", 0, diabetes) if name == "ridge" else ("binary", 2, cancer)
    space = parse(shipped(name)["space"])
    configurations = [space.sample(np.random.default_rng(seed)) for seed in range(3)]

    def bits(model, i):
        return fit(model, configurations[i], parts).predict(parts[1].features).tobytes()

    alone = [bits(shipped_model(name, task, classes), i) for i in range(3)]
    shared = shipped_model(name, task, classes)
    assert [bits(shared, i) for i in (2, 0, 1, 0)] == [alone[i] for i in (2, 0, 1, 0)]


def test_threads_and_seed(digits):
    model = shipped_model("random_forest", "multiclass", 10)
    one = fit(model, {}, digits).predict(digits[1].features)
    assert all((fit(model, {}, digits, threads=2).predict(digits[1].features) == one).all() for _ in range(3))
    assert (fit(model, {}, digits, seed=4).predict(digits[1].features) != one).any()


def test_a_fixed_random_state_stays(digits):
    model = Estimator("multiclass", 10, FOREST, {"n_estimators": 5, "random_state": 11, "n_jobs": 1})
    same = [fit(model, {}, digits, seed=seed).predict(digits[1].features) for seed in (0, 1)]
    np.testing.assert_array_equal(*same)


WEIGHING = {
    "random_forest": "regression",
    "svm": "regression",
    "ridge": "regression",
    "logistic_regression": "binary",
}


@pytest.mark.parametrize("name", WEIGHING)
def test_a_row_of_weight_zero_is_not_there(name, cancer, diabetes):
    task, classes, parts = ("binary", 2, cancer) if WEIGHING[name] == "binary" else ("regression", 0, diabetes)
    weights = np.where(np.arange(200) % 4, 1.0, 0.0)
    kept = np.flatnonzero(weights)
    with_zeros = Part(parts[0].features, parts[0].target, weights)
    without = Part(parts[0].features.iloc[kept], parts[0].target[kept], weights[kept])
    results = [
        fit(shipped_model(name, task, classes), {}, (train, parts[1])).predict(parts[1].features)
        for train in (with_zeros, without, parts[0])
    ]
    np.testing.assert_allclose(results[0], results[1], rtol=1e-6)
    assert not np.allclose(results[0], results[2], rtol=1e-3)


def test_the_size_of_weights_is_nothing_to_trees(diabetes):
    weights = np.random.default_rng(0).uniform(0.5, 2, 200)
    one, two = (
        fit(
            shipped_model("random_forest", "regression", 0),
            {},
            (Part(*_of(diabetes[0]), factor * weights), diabetes[1]),
        )
        for factor in (1, 2)
    )
    np.testing.assert_array_equal(one.predict(diabetes[1].features), two.predict(diabetes[1].features))


def _of(part: Part):
    return part.features, part.target


def test_weights_are_never_ignored(cancer):
    weighted = Part(*_of(cancer[0]), np.linspace(0.1, 1, 200))
    with pytest.raises(UserError, match=r"dataset.weight: sklearn.neighbors.KNeighborsClassifier takes no weights"):
        fit(shipped_model("knn", "binary", 2), {}, (weighted, cancer[1]))
    steps = [["a", {"class": "sklearn.decomposition.PCA"}], ["b", {"class": "sklearn.svm.LinearSVC"}]]
    model = Estimator("binary", 2, "sklearn.pipeline.Pipeline", {"steps": steps}, calibrate=3)
    with pytest.raises(UserError, match="takes no weights"):  # its calibration would have them, its steps would not
        fit(model, {}, (weighted, cancer[1]))


@pytest.mark.parametrize("name", ["random_forest", "svm", "knn", "logistic_regression"])
def test_a_class_that_train_lacks_has_probability_zero(name, digits):
    rows = np.flatnonzero((digits[0].target != 3) & (digits[0].target != 9))
    train = Part(digits[0].features.iloc[rows], digits[0].target[rows])
    predicted = fit(shipped_model(name, "multiclass", 10), {}, (train, digits[1])).predict(digits[1].features)
    assert predicted.shape == (200, 10)
    assert (predicted[:, [3, 9]] == 0).all()
    np.testing.assert_allclose(predicted.sum(axis=1), 1)
    right = predicted.argmax(axis=1) == digits[1].target
    assert right[~np.isin(digits[1].target, [3, 9])].mean() > 0.8


def test_calibration_makes_do_with_two_rows_of_a_class_and_not_with_one(digits):
    for rows_of_3 in (2, 1):
        rows = np.sort(np.r_[np.flatnonzero(digits[0].target != 3), np.flatnonzero(digits[0].target == 3)[:rows_of_3]])
        train = Part(digits[0].features.iloc[rows], digits[0].target[rows])
        model = shipped_model("svm", "multiclass", 10)
        if rows_of_3 == 2:
            assert fit(model, {}, (train, digits[1])).predict(digits[1].features).shape == (200, 10)
        else:
            with pytest.raises(UserError, match="calibrate=3: a class has one row in train; it needs two"):
                fit(model, {}, (train, digits[1]))


def test_warnings_of_a_fit_are_kept_and_not_printed(cancer, recwarn):
    fitted = fit(Estimator("binary", 2, LOGISTIC, {"max_iter": 2}), {}, cancer)
    (warning,) = fitted.details()["warnings"]
    assert warning.startswith("ConvergenceWarning: lbfgs failed to converge")
    assert len(warning) <= 160
    assert fit(Estimator("binary", 2, LOGISTIC, {"max_iter": 1000}), {}, cancer).details() == {}
    assert not [str(warning.message) for warning in recwarn]


def test_what_is_kept_for_a_part_goes_with_it():
    train, stop = two_parts(load_breast_cancer())
    model = shipped_model("knn", "binary", 2)
    model.prepare(train, stop, 0, 1)
    kept = weakref.ref(train)
    del train
    gc.collect()
    assert kept() is None


def test_preparation_is_done_once_and_before_the_first_trial(cancer, monkeypatch):
    from bench.models import preparation

    model = shipped_model("knn", "binary", 2)
    train = Part(*_of(cancer[0]))
    model.prepare(train, cancer[1], 0, 1)
    monkeypatch.setattr(preparation, "_fit", lambda *_: pytest.fail("prepared again"))
    transformed = []
    transform = preparation.Preparation.transform
    monkeypatch.setattr(
        preparation.Preparation, "transform", lambda self, rows: transformed.append(len(rows)) or transform(self, rows)
    )
    for k in (3, 5):
        fit(model, {"n_neighbors": k}, (train, cancer[1])).predict(cancer[1].features[:7])
    assert transformed == [7, 7]


def test_estimators_of_other_packages_are_named_and_get_threads(cancer):
    model = Estimator("binary", 2, "lightgbm.LGBMClassifier", {"n_estimators": 3, "verbosity": -1})
    fitted = fit(model, {"num_leaves": 5}, cancer, threads=2)
    assert fitted.estimator.get_params()["n_jobs"] == 2
    assert fitted.estimator.get_params()["random_state"] == 3
    assert fitted.estimator.get_params()["num_leaves"] == 5
    assert "lightgbm" in model.libraries
    assert shipped_model("knn", "binary", 2).libraries == ("scikit-learn", "numpy", "scipy")


MISTAKES = {
    "a misspelt class": (
        {"estimator": "sklearn.svm.SCV"},
        r"model.settings.estimator=sklearn.svm.SCV: sklearn.svm has no 'SCV'; .*did you mean S",
    ),
    "a package that is not there": (
        {"estimator": "skleern.svm.SVC"},
        "model.settings.estimator=skleern.svm.SVC: no module named 'skleern'",
    ),
    "no path": ({"estimator": "SVC"}, "model.settings.estimator='SVC': expected a dotted path"),
    "not an estimator": (
        {"estimator": "collections.Counter"},
        "model.settings.estimator=collections.Counter: not a scikit-learn estimator",
    ),
    "a function that needs more": (
        {"estimator": "sklearn.metrics.log_loss"},
        r"model.settings.estimator=sklearn.metrics.log_loss: cannot be made \(.*y_true",
    ),
    "an estimator around none": (
        {"estimator": "sklearn.semi_supervised.SelfTrainingClassifier"},
        r"model.settings.estimator=sklearn.semi_supervised.SelfTrainingClassifier: cannot be used so \(",
    ),
    "a regressor for classes": (
        {"estimator": "sklearn.svm.SVR"},
        "model.settings.estimator=sklearn.svm.SVR: no classifier, but the task is binary",
    ),
    "a kind of task": (
        {"estimator": {"clasification": "sklearn.svm.SVC"}},
        r"model.settings.estimator.clasification: unknown; .*did you mean classification",
    ),
    "a key beside class": (
        {"estimator": {"class": FOREST, "params": {}}},
        r"model.settings.estimator.params: unknown; .*did you mean parameters",
    ),
    "the kind that is missing": (
        {"estimator": {"regression": "sklearn.svm.SVR"}},
        r"estimator: is for regression only, but the dataset's task is binary; .* set model.settings.estimator.cl",
    ),
    "a fixed argument": (
        {"estimator": FOREST, "parameters": {"n_estimator": 10}},
        r"model.settings.parameters.n_estimator: .*RandomForestClassifier has no such argument; .*mean n_estimators",
    ),
    "an argument within": (
        {
            "estimator": "sklearn.multiclass.OneVsRestClassifier",
            "parameters": {"estimator": {"class": "sklearn.svm.LinearSVC", "parameters": {"dula": False}}},
        },
        r"model.settings.parameters.estimator.parameters.dula: sklearn.svm.LinearSVC has no such argument; .*mean dual",
    ),
    "a class within": (
        {"estimator": "sklearn.pipeline.Pipeline", "parameters": {"steps": [["a", {"class": "sklearn.svm.SCV"}]]}},
        r"model.settings.parameters.steps.0.1.class=sklearn.svm.SCV: sklearn.svm has no 'SCV'",
    ),
    "parameters that are none": (
        {"estimator": FOREST, "parameters": [1]},
        r"model.settings.parameters=\[1\]: expected a mapping",
    ),
    "a way to scale": (
        {"estimator": FOREST, "scale": "robust"},
        "model.settings.scale='robust': unknown; allowed: standard, minmax, or null for none",
    ),
    "a way to encode": (
        {"estimator": FOREST, "encode": "onehot"},
        r"model.settings.encode='onehot': unknown; allowed: one_hot, ordinal, target \(did you mean one_hot",
    ),
    "calibrate": (
        {"estimator": "sklearn.svm.SVC", "calibrate": 1},
        r"model.settings.calibrate=1: expected a whole number from 2 \(of folds\), or null",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_one_line(mistake):
    settings, line = MISTAKES[mistake]
    with pytest.raises(UserError, match=line) as refused:
        Estimator("binary", 2, **settings)
    assert "\n" not in str(refused.value)


def test_a_mistake_that_the_first_trial_shows(cancer):
    with pytest.raises(UserError, match=r"calibrate=null: sklearn.svm.SVC gives no probabilities; set calibrate=3"):
        fit(Estimator("binary", 2, "sklearn.svm.SVC"), {}, cancer)


INT = {"type": "int", "low": 1, "high": 9}
ONE_VS_REST = {"estimator": {"class": "sklearn.svm.LinearSVC"}}


def choice(*choices) -> dict:
    return {"type": "categorical", "choices": list(choices)}


@pytest.mark.parametrize(
    ("estimator", "parameters", "space", "message"),
    [
        (FOREST, {}, {"max_feature": INT}, "space.max_feature: .*has no such argument; .*did you mean max_features"),
        (
            "sklearn.multiclass.OneVsRestClassifier",
            ONE_VS_REST,
            {"estimator__c": INT},
            "space.estimator__c: .*has no such argument; .*did you mean estimator__C",
        ),
        (FOREST, {}, {"random_state": INT}, "space.random_state: is set by the suite; .*select by luck"),
        (
            "sklearn.multiclass.OneVsRestClassifier",
            ONE_VS_REST,
            {"estimator__random_state": INT},
            "space.estimator__random_state: is set by the suite",
        ),
        (FOREST, {}, {"n_jobs": INT}, "space.n_jobs: is set by the suite"),
        (FOREST, {}, {"verbose": INT}, "space.verbose: changes no result"),
        (FOREST, {}, {"warm_start": choice(True, False)}, "space.warm_start: changes no result"),
        ("lightgbm.LGBMClassifier", {}, {"num_leafs": INT}, "space.num_leafs: .*has no such argument; .*num_leaves"),
        ("lightgbm.LGBMClassifier", {}, {"eta": INT}, "space.eta: .*would read learning_rate, which is the same"),
        ("xgboost.XGBClassifier", {}, {"max_dept": INT}, "space.max_dept: .*has no such argument; .*max_depth"),
        (
            LOGISTIC,
            {},
            {"solver": choice("lbfgs", "lbgfs")},
            "space.solver: does not take 'lbgfs' .*must be a str",
        ),
        (
            FOREST,
            {},
            {"max_depth": {"type": "float", "low": 2, "high": 9}},
            "space.max_depth: does not take 2.0 ",
        ),
        (
            "sklearn.multiclass.OneVsRestClassifier",
            ONE_VS_REST,
            {"estimator__C": {"type": "float", "low": 0.0, "high": 9}},
            "space.estimator__C: does not take 0.0 .*must be a float in the range",
        ),
        (FOREST, {}, {"prepare.scaling": choice("minmax")}, "space.prepare.scaling: unknown; .*mean prepare.scale"),
        (
            FOREST,
            {},
            {"prepare.scale": choice("minmax", "foo")},
            "space.prepare.scale='foo'.*standard, minmax",
        ),
        (FOREST, {}, {"prepare.encode": choice("onehot", "target")}, "space.prepare.encode='onehot'.*one_hot"),
        (FOREST, {}, {"prepare.encode": choice(None, "target")}, "space.prepare.encode=None.*: unknown"),
        (FOREST, {}, {"prepare.impute": INT}, "space.prepare.impute: is of type int; expected categorical"),
    ],
)
def test_a_hyperparameter_that_the_estimator_does_not_read_is_a_mistake_of_the_space(
    estimator, parameters, space, message
):
    with pytest.raises(UserError, match=f"^{message}"):
        Estimator("binary", 2, estimator, parameters).check_space(parse(space))


def test_a_space_of_the_estimators_own_names_is_read():
    shipped_spaces = {name: shipped(name)["space"] for name in SHIPPED}
    for name, space in shipped_spaces.items():
        task, classes = ("regression", 0) if name == "ridge" else ("binary", 2)
        assert shipped_model(name, task, classes).check_space(parse(space)) == []
    nested = Estimator("binary", 2, "sklearn.multiclass.OneVsRestClassifier", ONE_VS_REST)
    assert nested.check_space(parse({"estimator__C": INT, "prepare.scale": choice("minmax", None)})) == []
    boosted = Estimator("binary", 2, "lightgbm.LGBMClassifier")
    assert boosted.check_space(parse({"num_leaves": INT, "max_bin": INT, "lambda_l1": INT})) == []


def test_a_preparation_that_the_data_has_no_use_for_is_a_warning():
    space = parse({f"prepare.{key}": choice(value) for key, value in PREPARED[0].items()})
    model = Estimator("binary", 2, FOREST)
    assert model.check_space(space, two_kinds()[0].features) == []
    numbers = pd.DataFrame({"n": [1.0, 2.0]})
    lines = model.check_space(space, numbers)
    assert [line.partition(":")[0] for line in lines] == ["space.prepare.impute", "space.prepare.encode"]
    assert lines[1].endswith("has no effect here; it needs category columns, of which the data has none")
    (line, other) = model.check_space(space, pd.DataFrame({"c": pd.Categorical(["a"])}))
    assert line.startswith("space.prepare.impute: has no effect here; it needs missing numbers")
    assert other.startswith("space.prepare.scale: has no effect here; it needs number columns")


PREPARED = [
    {"impute": "median", "scale": "standard", "encode": "one_hot"},
    {"impute": "mean", "scale": "minmax", "encode": "ordinal"},
    {"impute": "most_frequent", "scale": None, "encode": "target"},
]


def two_kinds(classes: int = 2) -> tuple[Part, Part]:
    """Numbers, some missing, and text, some missing, one level in the second part alone; the target follows both."""
    rng = np.random.default_rng(5)
    colours = rng.choice(["blue", "green", "red", "white"], 260)
    size = rng.normal(size=260)
    target = (np.char.str_len(colours) + size + rng.normal(size=260) / 2 > 4.5).astype(int) if classes else size
    if classes > 2:
        target = np.digitize(np.char.str_len(colours) + size, [3.5, 5.0])
    colours = np.where(np.arange(260) % 11 == 0, None, colours)
    colours[200:203] = "violet"
    features = pd.DataFrame(
        {
            "size": np.where(rng.random(260) < 0.2, np.nan, size),
            "colour": pd.Categorical(colours, categories=["blue", "green", "red", "violet", "white"]),
            "age": rng.integers(20, 60, 260).astype(float),
        }
    )
    return Part(features[:180], target[:180]), Part(features[180:], target[180:])


@pytest.mark.parametrize("classes", [0, 2, 3])
@pytest.mark.parametrize("searched", [True, False])
@pytest.mark.parametrize("how", PREPARED, ids=lambda how: how["encode"])
def test_a_searched_preparation_is_a_pipeline_by_hand(how, searched, classes):
    parts = two_kinds(classes)
    task = {0: "regression", 2: "binary", 3: "multiclass"}[classes]
    logistic = {"class": LOGISTIC, "parameters": {"max_iter": 1000}}
    path = {"classification": logistic, "regression": "sklearn.linear_model.Ridge"}
    if searched:
        model = Estimator(task, classes, path)
        here = fit(model, {f"prepare.{key}": value for key, value in how.items()}, parts)
    else:
        here = fit(Estimator(task, classes, path, **how), {}, parts)

    encoders = {
        "one_hot": OneHotEncoder(handle_unknown="ignore"),
        "ordinal": OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1),
        "target": TargetEncoder(cv=(StratifiedKFold if classes else KFold)(5, shuffle=True, random_state=3)),
    }
    steps = [SimpleImputer(strategy=how["impute"])]
    steps += [{"standard": StandardScaler(), "minmax": MinMaxScaler()}[how["scale"]]] if how["scale"] else []
    text = make_pipeline(
        SimpleImputer(strategy="constant", fill_value="", missing_values=None), encoders[how["encode"]]
    )
    columns = make_column_transformer((make_pipeline(*steps), ["size", "age"]), (text, ["colour"]))
    hand = make_pipeline(columns, LogisticRegression(max_iter=1000) if classes else Ridge())
    tables = [part.features.assign(colour=part.features["colour"].astype(object)) for part in parts]
    tables = [table.where(table.notna() | (table.columns != "colour"), None) for table in tables]
    hand.fit(tables[0], parts[0].target)
    expected = hand.predict_proba(tables[1]) if classes else hand.predict(tables[1])
    np.testing.assert_allclose(here.predict(parts[1].features), expected, rtol=1e-9, atol=1e-12)


def test_configurations_with_their_own_preparation_do_not_disturb_each_other():
    parts = two_kinds()
    configurations = [{f"prepare.{key}": value for key, value in how.items()} for how in PREPARED] + [{}]
    configurations += [{"prepare.scale": scale, "prepare.impute": "mean"} for scale in ("minmax", None)]

    def bits(model, configuration, seed=3):
        return fit(model, configuration, parts, seed).predict(parts[1].features).tobytes()

    alone = [bits(Estimator("binary", 2, LOGISTIC), each) for each in configurations]
    assert alone[0] == alone[3]  # as the settings are
    assert len(set(alone)) == len(alone) - 1
    shared = Estimator("binary", 2, LOGISTIC)
    for i in (5, 2, 0, 3, 1, 4, 2, 5, 3):
        assert bits(shared, configurations[i]) == alone[i]
    assert bits(shared, configurations[2], seed=4) != alone[2]  # which rows are encoded by which


def test_sgd_has_probabilities_where_its_loss_gives_them(cancer):
    model = Estimator("binary", 2, "sklearn.linear_model.SGDClassifier")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        predicted = fit(model, {"loss": "log_loss"}, cancer).predict(cancer[1].features)
    assert predicted.shape == (200, 2)
    with pytest.raises(UserError, match="gives no probabilities"):
        fit(model, {"loss": "hinge"}, cancer)


def test_an_estimator_from_a_file_of_ones_own_changes_its_revision_with_the_file(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    source = (
        "from sklearn.neighbors import KNeighborsClassifier\n\n\nclass Mine(KNeighborsClassifier):\n    number = {}\n"
    )
    revisions = []
    for number in (1, 1, 2):
        (tmp_path / "my_own_estimator.py").write_text(source.format(number))
        sys.modules.pop("my_own_estimator", None)
        importlib.invalidate_caches()
        revisions.append(Estimator("binary", 2, "my_own_estimator.Mine").revision)
    assert revisions[0] == revisions[1] != revisions[2]
    assert Estimator("binary", 2, "sklearn.neighbors.KNeighborsClassifier").revision == 1


def test_whether_there_are_probabilities_is_asked_of_the_fitted_estimator(tmp_path):
    stacking = {
        "class": "sklearn.ensemble.StackingClassifier",
        "parameters": {"estimators": [["tree", {"class": "sklearn.tree.DecisionTreeClassifier"}]]},
    }
    rng = np.random.default_rng(0)
    train = Part(pd.DataFrame(rng.normal(size=(60, 3))), rng.integers(0, 2, 60))
    predicted = Estimator("binary", 2, stacking).fit({}, train, train, 0, 1).predict(train.features)
    assert predicted.shape == (60, 2)
    np.testing.assert_allclose(predicted.sum(axis=1), 1)
