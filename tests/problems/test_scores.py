"""Scores beside the loss: scikit-learn's own, in the details of an evaluation, and without a say in anything."""

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from omegaconf import OmegaConf
from sklearn.metrics import recall_score, roc_auc_score

from bench import problems
from bench.config.catalogue import conf_dir
from bench.errors import UserError
from bench.problems import Recipe
from bench.results import scores


def conf(group: str, name: str) -> Any:
    return OmegaConf.to_container(OmegaConf.load(conf_dir() / group / f"{name}.yaml"))


CHOICES = {
    "dataset": "breast_cancer",
    "resampling": "kfold",
    "model": "bayesmark_tree",
    "metric": "error",
    "seeds": "fixed",
}
GROUPS = {group: conf(group, name) for group, name in CHOICES.items()}


def build(folder: Path, names: Any, **groups: Any) -> Any:
    changed = copy.deepcopy(GROUPS) | groups
    changed["metric"]["scores"] = names
    return problems.build(Recipe(changed, 0, str(folder), 1))


def test_scores_are_scikit_learns_over_folds_and_on_test_and_no_loss_depends_on_them(tmp_path: Path) -> None:
    problem = build(tmp_path, ["recall", "auc"])
    configuration = problem.space.sample(np.random.default_rng(1))
    evaluation = problem.evaluate(configuration)
    fitted = [problem.model.fit(configuration, fold.train, fold.stop, problem.model_seed, 1) for fold in problem.folds]
    valid = [
        (fold.valid.target, each.predict(fold.valid.features)) for fold, each in zip(problem.folds, fitted, strict=True)
    ]
    test = np.mean([each.predict(problem.test.features) for each in fitted], axis=0)
    auc = np.mean([roc_auc_score(target, predicted[:, 1]) for target, predicted in valid])
    recall = np.mean([recall_score(target, predicted[:, 1] > 0.5) for target, predicted in valid])
    assert scores.of(evaluation.details) == {
        "auc": pytest.approx((auc, roc_auc_score(problem.test.target, test[:, 1]))),
        "recall": pytest.approx((recall, recall_score(problem.test.target, test[:, 1] > 0.5))),
    }
    plain = build(tmp_path, [])
    without = plain.evaluate(configuration)
    assert (without.loss, without.test_loss) == (evaluation.loss, evaluation.test_loss)
    assert plain.hash == problem.hash
    assert "scores" not in without.details


def test_without_a_test_part_there_is_no_test_score(tmp_path: Path) -> None:
    problem = build(tmp_path, ["recall"], resampling=conf("resampling", "holdout") | {"test": 0, "train": 0.8})
    valid, test = scores.of(problem.evaluate(problem.space.sample(np.random.default_rng(1))).details)["recall"]
    assert 0 < valid <= 1
    assert test is None


@pytest.mark.parametrize(
    ("names", "groups", "message"),
    [
        (["recal"], {}, r"metric.scores: 'recal' is not known; allowed: .*did you mean recall"),
        (["auc", "auc"], {}, "metric.scores: has auc twice; give each once"),
        ("auc", {}, "metric.scores='auc': expected a list of metrics, such as"),
        (["rmse"], {}, "metric.scores: rmse is not for binary; allowed: auto, log_loss, .*, recall$"),
        (["recall"], {"dataset": conf("dataset", "iris")}, "metric.scores: recall is not for multiclass; allowed: "),
        (
            ["recall"],
            {
                "dataset": conf("dataset", "function"),
                "model": conf("model", "branin"),
                "metric": conf("metric", "auto"),
            },
            "metric.scores: model=branin is trained on no data; leave it out",
        ),
    ],
)
def test_what_is_no_score_is_one_line(tmp_path: Path, names: Any, groups: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=f"^{message}"):
        build(tmp_path, names, **groups)


@pytest.mark.parametrize(
    "details", [None, "[", "[1]", '{"scores": 3}', '{"scores": {"a": [true, 1], "b": [NaN, 1], "c": [1]}}']
)
def test_damaged_details_have_no_scores(details: Any) -> None:
    assert scores.of_text(details) == {}
