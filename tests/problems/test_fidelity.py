"""Evaluations at rungs: each is that of so many rounds, rows or folds alone, and none is that of another."""

import copy
import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from omegaconf import OmegaConf

from bench import problems
from bench.config.catalogue import conf_dir
from bench.datasets import Dataset
from bench.errors import UserError
from bench.models import Part
from bench.models.lightgbm import LightGBM
from bench.problems import Evaluation, Recipe, fidelity
from bench.problems.fidelity import NestedRows

POINT = {"learning_rate": 0.3, "num_leaves": 4}
LADDER = {"unit": "rounds", "low": 2, "high": 18, "eta": 3}


def build(resampling: str = "holdout", ladder: Any = LADDER, rounds: int = 18, **keys: Any) -> Any:
    groups: dict[str, Any] = {
        group: OmegaConf.to_container(OmegaConf.load(conf_dir() / group / f"{name}.yaml"))
        for group, name in (("dataset", "breast_cancer"), ("resampling", resampling), ("metric", "auto"))
    }
    groups["resampling"] |= keys
    groups["seeds"] = {"name": "fixed", "split": 5, "model": 1}
    space = {
        "learning_rate": {"type": "float", "low": 0.01, "high": 1.0, "log": True},
        "num_leaves": {"type": "int", "low": 2, "high": 64},
    }
    groups["model"] = {
        "name": "trees",
        "class": "bench.models.lightgbm.LightGBM",
        "settings": {"rounds": rounds, "early_stopping": 3},
        "space": space,
        "fidelity": copy.deepcopy(ladder),
    }
    return problems.build(Recipe(groups, 0, "", 1))


def at_rungs(problem: Any, rungs: Any, ends_at: int | None = None) -> dict[int, Evaluation]:
    evaluations: dict[int, Evaluation] = {}

    def at(rung: int, evaluation: Evaluation) -> bool:
        evaluations[rung] = evaluation
        return rung == ends_at

    problem.evaluate_rungs(POINT, rungs, at)
    return evaluations


def losses(evaluation: Evaluation) -> tuple[float | None, float | None, dict[str, Any]]:
    return evaluation.loss, evaluation.test_loss, evaluation.details


@pytest.mark.parametrize("resampling", [{}, {"resampling": "kfold", "k": 2, "repeats": 1}])
def test_a_rung_of_rounds_is_the_problem_with_so_many(resampling: dict[str, Any]) -> None:
    problem = build(**resampling)
    assert problem.fidelity.rungs == (2, 6, 18)
    evaluations = at_rungs(problem, (2, 6, 18))
    for rung, evaluation in evaluations.items():
        assert losses(evaluation) == losses(build(**resampling, ladder=None, rounds=rung).evaluate(POINT))
    assert losses(evaluations[18]) == losses(problem.evaluate(POINT))
    assert losses(at_rungs(problem, (6,))[6]) == losses(evaluations[6])  # whatever was judged on the way
    assert list(at_rungs(problem, (2, 6, 18), ends_at=6)) == [2, 6]


def test_a_rung_of_folds_is_the_mean_over_the_first() -> None:
    problem = build("kfold", {"unit": "folds", "low": 1, "high": 4, "eta": 2}, k=4, repeats=1)
    full = problem.evaluate(POINT)
    evaluations = at_rungs(problem, (1, 2, 4))
    assert losses(evaluations[4]) == losses(full)
    for rung, evaluation in evaluations.items():
        assert evaluation.loss == math.fsum(full.details["fold_losses"][:rung]) / rung


def test_a_rung_of_rows_trains_on_a_share_of_each_class() -> None:
    problem = build(ladder={"unit": "rows", "low": 1, "high": 9, "eta": 3})
    evaluations = at_rungs(problem, (1, 3, 9))
    assert losses(evaluations[9]) == losses(problem.evaluate(POINT))
    fold, data = problem.split.folds[0], problem.dataset
    before: set[int] = set()
    for rung in (1, 3, 9):
        rows = NestedRows(data, "holdout", 5).of(fold.train, rung / 9)
        assert before <= set(rows.tolist()) <= set(fold.train.tolist())
        before = set(rows.tolist())
        counts, whole = np.bincount(data.target[rows]), np.bincount(data.target[fold.train])
        assert counts.tolist() == [math.ceil(rung * count / 9) for count in whole]
        train, valid = (Part(data.features.iloc[part], data.target[part]) for part in (rows, fold.valid))
        fitted = LightGBM("binary", 2, 18, 3).fit(POINT, train, valid, 1, 1)
        assert evaluations[rung].loss == problem.metric.loss(valid.target, fitted.predict(valid.features), None)


def test_a_share_has_whole_groups_or_the_earliest_rows() -> None:
    groups = np.repeat(np.arange(30), 4)
    frame, target = pd.DataFrame({"x": np.zeros(120)}), np.arange(120.0)
    data = Dataset("made", frame, target, "regression", (), "", groups=groups, times=np.arange(120)[::-1])
    rows = np.arange(100)
    chosen = NestedRows(data, "group", 0).of(rows, 1 / 5)
    assert len(chosen) == 20
    assert len(set(groups[chosen])) == 5
    assert NestedRows(data, "time", 0).of(rows, 1 / 5).tolist() == list(range(80, 100))


def test_no_rung_has_the_key_of_another() -> None:
    by_rounds, by_rows = build(), build(ladder={"unit": "rows", "low": 2, "high": 18, "eta": 3})
    keys = {by_rounds.rung_key(POINT, rung) for rung in (2, 6, 18)} | {by_rows.rung_key(POINT, rung) for rung in (2, 6)}
    assert len(keys) == 5
    assert by_rounds.rung_key(POINT, 18) == by_rows.rung_key(POINT, 18) == build(ladder=None).key(POINT)
    assert by_rounds.hash == build(ladder=None).hash


def test_a_training_that_fails_ends_at_the_rung_that_it_does_not_reach(monkeypatch: pytest.MonkeyPatch) -> None:
    problem, before = build(), LightGBM.fit_rungs

    def fails_after_the_second_round(self: Any, *arguments: Any) -> None:
        *others, rungs, at = arguments
        before(self, *others, rungs[:1], at)
        raise ValueError("no more")

    monkeypatch.setattr(LightGBM, "fit_rungs", fails_after_the_second_round)
    evaluations = at_rungs(problem, (2, 6, 18))
    assert list(evaluations) == [2, 6]
    assert (evaluations[2].status, evaluations[6].status) == ("ok", "failed")
    assert evaluations[6].error == "ValueError: no more"


def test_an_error_of_who_is_told_is_no_outcome() -> None:
    told = []

    def full(rung: int, evaluation: Evaluation) -> bool:
        told.append((rung, evaluation.status))
        raise OSError("the disk is full")

    with pytest.raises(OSError, match="disk is full"):
        build().evaluate_rungs(POINT, (2, 6, 18), full)
    assert told == [(2, "ok")]


@pytest.mark.parametrize(
    ("ladder", "message"),
    [
        (3, "model.fidelity=3: expected {unit: rounds"),
        ({**LADDER, "hihg": 3}, "model.fidelity.hihg: unknown; allowed: unit, low, high, eta \\(did you mean high"),
        ({"unit": "rounds"}, "model.fidelity.low: missing"),
        ({**LADDER, "unit": "trees"}, "model.fidelity.unit='trees': unknown"),
        ({**LADDER, "unit": "epochs"}, "model.fidelity.unit=epochs: this problem has none"),
        ({**LADDER, "unit": "folds"}, "model.fidelity.unit=folds: this problem has none"),
        ({**LADDER, "high": 300}, "model.fidelity.high=300: the model's settings.rounds is 18"),
        ({**LADDER, "low": 0}, "model.fidelity.low=0: expected a number from 1 to model.fidelity.high=18"),
        ({**LADDER, "low": 19}, "model.fidelity.low=19: expected"),
        ({**LADDER, "low": 9}, "model.fidelity: has the rung 18 alone"),
        ({**LADDER, "eta": 1}, "model.fidelity.eta=1: expected a whole number from 2"),
    ],
)
def test_a_ladder_that_cannot_be_used_is_refused(ladder: Any, message: str) -> None:
    with pytest.raises(UserError, match="^" + message.replace("{", r"\{")):
        _ = build(ladder=ladder).fidelity


def test_costs_are_in_full_evaluations() -> None:
    ladder = fidelity.parse(LADDER, {"rounds": 18})
    assert ladder is not None
    assert [ladder.cost(2), ladder.cost(6, continues=2), ladder.cost(18, continues=6)] == [2 / 18, 4 / 18, 12 / 18]
    rows = fidelity.parse({**LADDER, "unit": "rows"}, {})
    assert rows is not None
    assert rows.cost(6, continues=2) == 6 / 18  # other rows are another training
