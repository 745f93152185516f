"""What is sent of a run: the scores recorded beside its loss, by their own names and of full evaluations alone."""

from datetime import UTC, datetime
from typing import Any

from bench.results import RunId
from bench.tracking import records

RUN = RunId("e", "french_claims", "xgboost_claims", "optuna_tpe_hyperband", 0)
METADATA = {"metric": "1 - auc"}


def row(
    trial: int, best: float | None, recall: float, *, loss: float | None = None, partial: float | None = None
) -> Any:
    return {
        "trial": trial,
        "loss": loss,
        "test_loss": loss,
        "partial_loss": partial,
        "partial_test_loss": partial,
        "best_loss": best,
        "incumbent_test_loss": best,
        "fidelity": 100 if partial is None else 4,
        "cost": 1.0,
        "status": "ok" if partial is None else "pruned",
        "error": None,
        "evaluation": "key",
        "configuration": "{}",
        **dict.fromkeys(("ask_seconds", "evaluate_seconds", "tell_seconds"), 0.5),
        "started_at": datetime(2026, 1, 1, tzinfo=UTC),
        "details": f'{{"scores": {{"recall": [{recall}, {recall / 2}]}}}}',
    }


ROWS = [
    row(0, 0.3, 0.9, partial=0.1),  # before the first full evaluation, whose loss the run's incumbent has
    row(1, 0.3, 0.5, loss=0.3),
    row(2, 0.3, 1.0, partial=0.2),
    row(3, 0.25, 0.25, loss=0.25),
    row(4, 0.25, 0.75, loss=0.4),
]


def test_a_run_has_the_scores_of_its_incumbent() -> None:
    points = records.of_run(RUN, ROWS, METADATA).points
    kept = {
        name: [(each.step, each.value) for each in points if each.name == name] for name in ("recall", "test_recall")
    }
    assert kept["recall"] == [(1, 0.5), (2, 0.5), (3, 0.25), (4, 0.25)]
    assert kept["test_recall"] == [(1, 0.25), (2, 0.25), (3, 0.125), (4, 0.125)]


def test_a_trial_has_its_own_and_a_pruned_one_none() -> None:
    sent = [
        {each.name: each.value for each in record.points} for record in records.of_trials(RUN, ROWS, METADATA, "all")
    ]
    assert [each.get("recall") for each in sent] == [None, 0.5, None, 0.25, 0.75]
    assert [each.get("auc") for each in sent] == [None, 0.7, None, 0.75, 0.6]
    assert [each.get("partial_loss") for each in sent] == [0.1, None, 0.2, None, None]
