"""Problems of several losses: each against one taken by hand, what is stored under which key, and what is refused."""

import math
import re
from typing import Any

import numpy as np
import pytest
import yaml
from hydra import compose, initialize_config_dir
from sklearn.metrics import log_loss, roc_auc_score

from bench import problems
from bench.config.folders import conf_dir
from bench.errors import UserError
from bench.problems import Evaluation, Recipe
from bench.problems.data import DataProblem
from bench.running import sweep
from bench.space import repeat

LIGHTGBM = ("dataset=breast_cancer", "model=lightgbm", "model.settings.rounds=12")


def spec_of(*overrides: str) -> Any:
    with initialize_config_dir(str(conf_dir()), version_base="1.3"):
        (spec,) = sweep.specify(compose("bench", list(overrides)))
    return spec


def problem_of(*overrides: str) -> Any:
    spec = spec_of(*overrides)
    return problems.build(Recipe(problems.groups_of(spec.config), spec.run.seed, spec.datasets_dir, 1))


def several(*names: str) -> str:
    return f"objectives=[{','.join(names)}]"


def points(problem: Any, count: int) -> list[dict[str, Any]]:
    rng = np.random.default_rng(1)
    return [problem.space.sample(rng) for _ in range(count)]


def fitted(problem: DataProblem, configuration: dict[str, Any]) -> list[Any]:
    """What each fold's training gives, by the model itself."""
    return [problem.model.fit(configuration, fold.train, fold.stop, problem.model_seed, 1) for fold in problem.folds]


def leaves(model: Any) -> int:
    """Of the rounds that it predicts with, leaf by leaf, as LightGBM writes a model down."""
    text = model.booster.model_to_string(num_iteration=model.rounds)
    return sum(len(values.split()) for values in re.findall(r"^leaf_value=(.*)$", text, re.MULTILINE))


@pytest.mark.parametrize("resampling", [(), ("resampling=kfold", "resampling.k=3", "resampling.test=0.2")])
def test_each_loss_is_that_taken_by_hand_and_the_first_that_of_one_loss(resampling: tuple[str, ...]) -> None:
    problem = problem_of(*LIGHTGBM, *resampling, several("log_loss", "auc", "size", "rounds", "predict_seconds"))
    alone = problem_of(*LIGHTGBM, *resampling)
    for configuration in points(problem, 3):
        evaluation, plain = problem.evaluate(configuration), alone.evaluate(configuration)
        assert plain.losses is None
        assert (evaluation.loss, evaluation.test_loss) == (plain.loss, plain.test_loss)
        assert evaluation.losses["log_loss"] == [plain.loss, plain.test_loss]
        models = fitted(problem, configuration)
        judged = [
            (fold.valid.target, model.predict(fold.valid.features))
            for fold, model in zip(problem.folds, models, strict=True)
        ]
        averaged = np.mean([model.predict(problem.test.features) for model in models], axis=0)
        area = np.mean([roc_auc_score(target, prediction[:, 1]) for target, prediction in judged])
        tested = 1 - roc_auc_score(problem.test.target, averaged[:, 1])
        assert evaluation.losses["auc"] == pytest.approx([1 - area, tested], abs=1e-12)
        assert np.mean([log_loss(*each) for each in judged]) == pytest.approx(evaluation.loss)
        assert evaluation.losses["size"] == [np.mean([leaves(model) for model in models])] * 2
        assert evaluation.losses["rounds"] == [np.mean([model.booster.best_iteration for model in models])] * 2
        per_row, same = evaluation.losses["predict_seconds"]
        assert 0 < per_row * len(problem.folds[0].valid.target) < evaluation.seconds
        assert same == per_row
    assert len({leaves(model) for point in points(problem, 3) for model in fitted(problem, point)}) > 1


def at_rungs(problem: DataProblem, configuration: dict[str, Any], rungs: tuple[int, ...]) -> dict[int, Evaluation]:
    seen: dict[int, Evaluation] = {}
    problem.evaluate_rungs(configuration, rungs, lambda rung, evaluation: bool(seen.update({rung: evaluation})))
    return seen


def test_at_rungs_they_are_those_of_fewer_rounds_and_the_seconds_those_so_far() -> None:
    ladder = "+model.fidelity={unit: rounds, low: 3, high: 12, eta: 2}"
    problem = problem_of(*LIGHTGBM, ladder, several("log_loss", "size", "seconds"))
    for configuration in points(problem, 2):
        seen = at_rungs(problem, configuration, (3, 6, 12))
        for rung, evaluation in seen.items():
            short = problem_of(*LIGHTGBM, f"model.settings.rounds={rung}", several("log_loss", "size"))
            assert evaluation.losses is not None
            apart = short.evaluate(configuration).losses
            assert {name: evaluation.losses[name] for name in apart} == apart
            assert evaluation.losses["seconds"] == [evaluation.seconds] * 2
        assert seen[3].seconds < seen[6].seconds < seen[12].seconds


def test_of_the_first_folds_they_are_the_means() -> None:
    ladder = "+model.fidelity={unit: folds, low: 1, high: 3, eta: 3}"
    kfold = ("resampling=kfold", "resampling.k=3")
    problem = problem_of(*LIGHTGBM, *kfold, ladder, several("log_loss", "size", "seconds"))
    (configuration,) = points(problem, 1)
    seen = at_rungs(problem, configuration, (1, 3))
    sizes = [leaves(model) for model in fitted(problem, configuration)]
    for rung, evaluation in seen.items():
        assert evaluation.losses is not None
        assert evaluation.losses["size"][0] == np.mean(sizes[:rung])
        assert evaluation.losses["seconds"] == [evaluation.seconds] * 2


def by_hand(model: Any) -> int:
    estimator = getattr(model, "estimator", None)
    if hasattr(model, "booster"):
        frame = model.booster[: model.rounds].trees_to_dataframe()
        return int((frame["Feature"] == "Leaf").sum())
    if hasattr(model, "network"):
        return sum(np.asarray(array).size for array in model.network.get_weights())
    if hasattr(estimator, "estimators_"):
        return sum(each.get_n_leaves() for each in estimator.estimators_)
    return int(estimator.coef_.size + estimator.intercept_.size)


@pytest.mark.parametrize(
    "model",
    [
        ("model=xgboost", "model.settings.rounds=7"),
        ("model=keras_mlp", "model.settings.epochs=1"),
        ("model=random_forest",),
        ("model=logistic_regression",),
    ],
    ids=lambda model: model[0],
)  # fmt: skip
def test_a_size_is_counted_in_leaves_or_weights(model: tuple[str, ...]) -> None:
    if model[0] == "model=xgboost":
        pytest.importorskip("xgboost")
    problem = problem_of("dataset=wine", *model, several("log_loss", "size"))
    (configuration,) = points(problem, 1)
    sizes = [by_hand(each) for each in fitted(problem, configuration)]
    assert problem.evaluate(configuration).losses["size"][0] == np.mean(sizes)


def test_a_training_that_is_no_success_has_no_losses_and_no_test_part_no_test_losses() -> None:
    untested = problem_of(
        *LIGHTGBM, "resampling.test=0", "resampling.train=0.8", several("log_loss", "size", "seconds")
    )
    outcome = untested.evaluate(points(untested, 1)[0])
    assert [test for _, test in outcome.losses.values()] == [None] * 3
    failing = problem_of("dataset=function", "model=zdt1", "model.space.x.low=-2.0")
    outcome = failing.evaluate({f"x{i}": -1.0 if i == 1 else 1.0 for i in range(1, 31)})
    assert (outcome.status, outcome.loss, outcome.losses) == ("failed", None, None)


def test_keys_depend_on_which_losses_there_are_and_not_on_the_order_of_the_others() -> None:
    def key(*overrides: str) -> tuple[str, str]:
        problem = problem_of(*LIGHTGBM, *overrides)
        return problem.hash, problem.key({"learning_rate": 0.1})

    one = key()
    two = key(several("log_loss", "size"))
    assert key("metric=log_loss") == one
    assert key(several("log_loss", "size", "rounds")) == key(several("log_loss", "rounds", "size"))
    each = [
        one,
        two,
        key(several("log_loss", "rounds")),
        key(several("log_loss", "auc")),
        key(several("auc", "log_loss")),
    ]
    assert [len(set(column)) for column in zip(*each, strict=True)] == [5, 5]
    assert spec_of(*LIGHTGBM, several("log_loss", "size")).config_hash != spec_of(*LIGHTGBM).config_hash


def test_baselines_are_of_a_model_that_knows_nothing_and_sizes_of_one_that_succeeded() -> None:
    problem = problem_of(*LIGHTGBM, several("log_loss", "size", "auc"))
    drawn: list[Evaluation] = []

    def evaluate(configuration: Any) -> Evaluation:
        failed = Evaluation(None, None, 0.0, "failed", "no")
        drawn.append(problem.evaluate(configuration) if len(drawn) % 2 else failed)
        return drawn[-1]

    loss, size, area = problem.baselines(evaluate)
    assert loss == problem.baseline_loss == problem_of(*LIGHTGBM).baseline_loss
    sizes = [outcome.losses["size"][0] for outcome in drawn[1::2] if outcome.losses is not None]
    assert len(set(sizes)) > 1
    assert size == max(sizes)
    assert area == 0.5
    assert len(drawn) == 6
    assert problem.baselines(lambda _: Evaluation(None, None, 0.0, "failed", "no"))[1] == 0
    metrics_alone = problem_of(*LIGHTGBM, several("log_loss", "auc"))
    assert metrics_alone.baselines(lambda _: pytest.fail("nothing is evaluated")) == (loss, area)


# --- functions --------------------------------------------------------------------------------------------------------


def pair(configuration: Any) -> tuple[float, float]:
    return configuration["x"], 1 - configuration["x"] ** 2


def by_name(configuration: Any) -> dict[str, float]:
    return {"error": 1 - configuration["x"] ** 2, "cost": configuration["x"]}


def without_order(configuration: Any) -> set[float]:
    return set(pair(configuration))


def three(configuration: Any) -> Any:
    return np.array([configuration["x"], 0.0, 1.0])


def own(function: str, *names: str, **keys: Any) -> Any:
    space = {"x": {"type": "float", "low": 0.0, "high": 1.0}}
    model = {"name": "own", "function": f"{__name__}.{function}", "space": space} | keys
    groups = {"dataset": {"name": "function", "load": None}, "model": model, "metric": {"name": "auto"}}
    groups |= {"resampling": {}, "seeds": {"model": 3} if "noise" in keys else {}}
    return problems.build(Recipe(groups | ({"objectives": list(names)} if names else {}), 0, "", 1))


def test_a_function_returns_them_in_the_order_of_its_config() -> None:
    for problem in (own("pair", "cost", "error"), own("pair", objectives=["cost", "error"])):
        outcome = problem.evaluate({"x": 0.5})
        assert outcome == Evaluation(
            0.5, None, outcome.seconds, "ok", None, {}, {"cost": [0.5, None], "error": [0.75, None]}
        )
        assert problem.objectives == ("cost", "error")
        assert problem.label == "cost"
    turned = own("pair", "error", "cost", objectives=["cost", "error"])
    outcome = turned.evaluate({"x": 0.5})
    assert (outcome.loss, outcome.losses) == (0.75, {"error": [0.75, None], "cost": [0.5, None]})
    swapped = own("pair", "error", "cost").evaluate({"x": 0.5})
    assert swapped.losses == {"error": [0.5, None], "cost": [0.75, None]}
    hashes = {own("pair", "error", "cost").hash, own("pair", "cost", "error").hash, turned.hash}
    assert len(hashes) == 3
    assert own("pair", objectives=["cost", "error"]).baselines(own("pair", "cost", "error").evaluate) == tuple(
        pair({"x": own("pair", "cost", "error").space.sample(np.random.default_rng(0))["x"]})
    )


def test_a_mapping_has_them_by_name_and_a_set_in_no_order() -> None:
    assert own("by_name", "cost", "error").evaluate({"x": 0.5}).losses == {"cost": [0.5, None], "error": [0.75, None]}
    for problem in (own("by_name", "cost", "other"), own("without_order", "cost", "error")):
        with pytest.raises(UserError, match=r"returned \{.*\}; expected 2 numbers: cost, "):
            problem.evaluate({"x": 0.5})
    error = own("pair").evaluate({"x": 0.5}).error
    assert error == "TypeError: the value is (0.5, 0.75), which is not a number; several losses are named by objectives"


def test_noise_is_of_each_loss_by_itself_and_the_test_loss_without() -> None:
    problem = own("pair", "cost", "error", noise=0.1)
    added = []
    for x in np.linspace(0, 1, 200):
        losses = problem.evaluate({"x": float(x)}).losses
        assert [test for _, test in losses.values()] == list(pair({"x": float(x)}))
        added.append([loss - test for loss, test in losses.values()])
    assert np.std(added, axis=0) == pytest.approx([0.1, 0.1], rel=0.2)
    assert abs(np.corrcoef(np.transpose(added))[0, 1]) < 0.2


def test_every_config_of_several_losses_returns_those_that_it_names() -> None:
    for name, losses in [*((f"zdt{i}", 2) for i in (1, 2, 3, 4, 6)), *((f"dtlz{i}", 3) for i in (1, 2, 7))]:
        model = yaml.safe_load((conf_dir() / f"model/{name}.yaml").read_text())
        groups = {"dataset": {"name": "function", "load": None}, "metric": {"name": "auto"}, "resampling": {}}
        problem: Any = problems.build(Recipe(groups | {"model": repeat.spread(model), "seeds": {}}, 0, "", 1))
        outcome = problem.evaluate(problem.space.sample(np.random.default_rng(0)))
        assert len(outcome.losses) == len(problem.objectives) == problem.front.shape[1] == losses
        turned: Any = problems.build(
            Recipe(
                groups | {"model": repeat.spread(model), "seeds": {}, "objectives": problem.objectives[::-1]}, 0, "", 1
            )
        )
        assert (turned.front == problem.front[:, ::-1]).all()
        assert all(math.isfinite(loss) for loss, _ in outcome.losses.values())
        assert len(problem.space.parameters) == {"zdt4": 10, "zdt6": 10, "dtlz1": 7, "dtlz2": 12, "dtlz7": 22}.get(
            name, 30
        )


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (("objectives=[log_loss]",), "objectives=['log_loss']: expected a list of at least two names"),
        (("objectives=[]",), "objectives=[]: expected a list of at least two names"),
        (("objectives=log_loss",), "objectives='log_loss': expected a list of at least two names such as"),
        (("objectives=[log_loss,size,size]",), "has a name twice; give each once"),
        (("objectives=[log_loss,sise]",), "objectives: 'sise' is not known; allowed: "),
        (("objectives=[size,log_loss]",), "the first is size; begin with a metric, such as log_loss"),
        (("objectives=[log_loss,size]", "metric=error"), "metric=error: the first of objectives is log_loss"),
        (("objectives=[log_loss,rmse]",), "metric.name: rmse is not for binary"),
        (("objectives=[log_loss,size]", "model=knn"), "size is not known of KNeighborsClassifier"),
        (("objectives=[log_loss,rounds]", "model=svm"), "objectives: rounds is told by no FittedEstimator"),
        (("objectives=[f1,f3]", "dataset=function", "model=zdt1"), "model=zdt1 returns f1, f2; name them all"),
        (("objectives=[a,b]", "dataset=function", "model=branin"), "model.minimum: of several losses there is none"),
        (("objectives=[a,b,c]", "dataset=function", "model=zdt1", "~model.objectives", "~model.front"),
         "expected 3 numbers: a, b, c"),
        (("+model.front=bench.problems.known_fronts.zdt1_front", "dataset=function", "model=branin"),
         "model.front: of one loss there is none"),
        (("model.front=bench.problems.known_fronts.dtlz2_front", "dataset=function", "model=zdt1"),
         "expected a row of 2 finite numbers for each point of the front: f1, f2"),
        (("model.objectives=[f1]", "dataset=function", "model=zdt1"), "model.objectives=['f1']: expected a list of"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_in_a_line(overrides: tuple[str, ...], message: str) -> None:
    def evaluated() -> None:
        problem = problem_of("dataset=breast_cancer", "model=lightgbm", *overrides)
        problem.evaluate(problem.space.sample(np.random.default_rng(0)))

    with pytest.raises(UserError, match=re.escape(message)) as error:
        evaluated()
    assert "\n" not in str(error.value)
