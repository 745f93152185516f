"""Re-tuning over a stream: what each policy spends, that no row is judged by a model that saw it, what is refused."""

import copy
import json
import math
import re
import shlex
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from commands import ROOT, bench, table

from bench import problems, results
from bench.errors import UserError
from bench.models import scikit_learn
from bench.optimizers.random_search import RandomSearch
from bench.problems import Evaluation, Recipe
from bench.space import parsing

pytest.importorskip("river", reason="the extra 'drift' is not installed")

from river.drift import ADWIN

from bench.problems.drift.blocks import Cut, Stream
from bench.problems.drift.policies import POLICIES
from bench.problems.drift.studies import Tuner

RANDOM = {"class": "bench.optimizers.random_search.RandomSearch", "settings": {}}
GROUPS: dict[str, Any] = {
    "dataset": {
        "name": "sea", "load": "bench.datasets.streams.sea", "task": "binary", "time": "row", "length": 1000, "seed": 0,
        "variants": [3, 2], "positions": [470], "width": 5, "noise": 0.0,
    },
    "model": {
        "name": "retuned",
        "retuned": {
            "class": "bench.models.scikit_learn.Estimator",
            "settings": {"estimator": "sklearn.tree.DecisionTreeClassifier", "impute": None, "scale": None},
            "space": {"max_depth": {"type": "int", "low": 1, "high": 9, "default": 9}},
            "window": 200, "block": 100, "valid": 60, "trials": 4, "carried": 2, "period": 3, "delta": 0.3,
            "optimizers": {"random": RANDOM},
        },
        "space": {
            "optimizer": {"type": "categorical", "choices": ["random"]},
            "policy": {"type": "categorical", "choices": list(POLICIES)},
        },
    },
    "resampling": {},
    "metric": {"name": "brier"},
    "seeds": {"split": "seed", "model": "seed"},
}  # fmt: skip


def changed(**keys: object) -> dict[str, Any]:
    """The groups with other values, `model__retuned__window=9` for a nested one."""
    groups = copy.deepcopy(GROUPS)
    for key, value in keys.items():
        *way, last = key.split("__")
        place = groups
        for name in way:
            place = place[name]
        place[last] = value
    return groups


def built(seed: int = 0, **keys: object) -> Any:
    return problems.build(Recipe(problems.relevant(changed(**keys)), seed, "nowhere", 1))


def passed(problem: Any, policy: str) -> Evaluation:
    evaluation = problem.evaluate({"optimizer": "random", "policy": policy})
    assert evaluation.status == "ok", evaluation.error
    return evaluation


def test_studies_are_made_when_the_policy_says_so_and_each_spends_its_trials() -> None:
    problem = built()
    for policy, tuned in {
        "never": [0],
        "frozen": [0],
        "periodic_cold": [0, 3, 6],
        "periodic_warm": [0, 3, 6],
        "periodic_kept": [0, 3, 6],
    }.items():
        details = passed(problem, policy).details
        assert [place for place, block in enumerate(details["blocks"]) if block["tuned"]] == tuned
        assert details["studies"] == len(tuned)
        assert details["evaluations"] == 4 * len(tuned)
    untuned = passed(problem, "default").details
    assert (untuned["evaluations"], untuned["studies"]) == (1, 0)
    assert [block["configuration"] for block in untuned["blocks"]] == [{"max_depth": 9}] * 8
    blocks = passed(problem, "adwin_cold").details["blocks"]
    after = [place + 1 for place, block in enumerate(blocks[:-1]) if block["detections"]]
    assert after, "the change at row 470 goes unnoticed"
    assert [place for place, block in enumerate(blocks) if block["tuned"]] == [0, *after]


def test_a_block_is_predicted_by_what_was_trained_on_rows_before_it_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    fit, judged, predicts = scikit_learn.Estimator.fit, [], scikit_learn.FittedEstimator.predict

    def watched(self: Any, configuration: Any, train: Any, *others: Any, **more: Any) -> Any:
        fitted = fit(self, configuration, train, *others, **more)
        fitted.seen = set(train.features.index)
        return fitted

    def predicting(self: Any, features: Any) -> Any:
        assert max(self.seen) < min(features.index), "a row was predicted by a model that was trained on it or later"
        judged.append((max(self.seen), list(features.index)))
        return predicts(self, features)

    monkeypatch.setattr(scikit_learn.Estimator, "fit", watched)
    monkeypatch.setattr(scikit_learn.FittedEstimator, "predict", predicting)
    for policy in ("periodic_kept", "adwin_warm"):
        judged.clear()
        blocks = passed(built(), policy).details["blocks"]
        served = [(last, rows) for last, rows in judged if len(rows) == 100]
        assert [row for _, rows in served for row in rows] == list(range(200, 1000))  # each row once, in order
        assert [last for last, _ in served] == [block["row"] - 1 for block in blocks]  # after training up to it


def test_the_loss_is_the_mean_of_the_blocks_and_the_same_to_the_bit_in_another_process_state() -> None:
    first, again = (passed(built(seed=3), "adwin_kept") for _ in range(2))
    assert json.dumps([first.loss, first.details]) == json.dumps([again.loss, again.details])
    losses = [block["loss"] for block in first.details["blocks"]]
    assert first.loss == math.fsum(losses) / len(losses)
    assert first.test_loss is None


def test_detections_are_those_of_rivers_adwin_over_the_errors_of_all_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[float] = []
    errors = Stream.errors

    def watched(self: Any, block: Any, prediction: Any) -> Any:
        found = errors(self, block, prediction)
        assert list(found) == list(prediction.argmax(axis=1) != self.dataset.target[block.rows])
        seen.extend(found)
        return found

    monkeypatch.setattr(Stream, "errors", watched)
    blocks = passed(built(), "adwin_cold").details["blocks"]
    adwin, expected = ADWIN(delta=0.3), []
    for place, error in enumerate(seen):
        adwin.update(error)
        if adwin.drift_detected:
            expected.append(200 + place)
    assert [row for block in blocks for row in block["detections"]] == expected
    assert any(row >= 470 for row in expected)


def test_the_drift_is_recorded_where_the_stream_has_it_and_seeds_are_streams_of_their_own() -> None:
    one, other, fixed = built(seed=1), built(seed=2), built(seed=2, seeds={"split": 0, "model": 0})
    assert one.metadata()["drift"] == {"window": 200, "block": 100, "valid": 60, "rows": 1000, "positions": [470]}
    assert one.family == other.family
    assert one.hash != other.hash
    assert one.stream.dataset.content != other.stream.dataset.content
    assert fixed.stream.dataset.content == built(seed=0).stream.dataset.content
    assert built(seed=1, model__retuned__period=4).hash != one.hash
    mean = [float(np.mean(one.stream.dataset.target[block.window])) for block in one.stream.blocks]
    brier = [
        np.mean((share - one.stream.dataset.target[b.rows]) ** 2)
        for share, b in zip(mean, one.stream.blocks, strict=True)
    ]
    assert one.metadata()["baseline_loss"] == pytest.approx(np.mean(brier))


@pytest.mark.parametrize("carry", ["cold", "warm", "kept"])
def test_a_study_takes_over_what_its_policy_says(carry: Any) -> None:
    space = parsing.parse({"x": {"type": "float", "low": 0.0, "high": 1.0}})
    asked: list[float] = []

    def evaluate(configuration: dict[str, Any]) -> Evaluation:
        asked.append(configuration["x"])
        failed = len(asked) == 2
        return Evaluation(None if failed else abs(asked[-1] - 0.3), None, 0.0, "failed" if failed else "ok")

    problem: Any = SimpleNamespace(space=space, evaluate=evaluate, baseline_loss=1.0)
    tuner = Tuner("random", RANDOM, 6, 3, carry, seed=4)
    best = tuner.study(problem, 0)
    first, succeeded = asked[:6], [x for place, x in enumerate(asked) if place != 1]
    ranked = sorted(succeeded, key=lambda x: abs(x - 0.3))
    assert best is not None
    assert best.configuration["x"] == ranked[0]
    tuner.study(problem, 5)
    second, taken = asked[6:], {"cold": 0, "warm": 3, "kept": 1}[carry]
    assert len(second) == 6
    assert second[:taken] == ranked[:taken]
    assert not set(second[taken:]) & set(first)
    seed = int(np.random.SeedSequence([4, 0 if carry == "kept" else 5]).generate_state(1)[0] >> 1)
    alone = RandomSearch(space, seed, None)
    drawn = [alone.ask()["x"] for _ in range(12)]
    new = second[taken:]
    assert new == (drawn[6 : 6 + len(new)] if carry == "kept" else drawn[: len(new)])


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"model__retuned__window": 2000}, "dataset=sea: has 1,000 rows, fewer than model.retuned.window=2000"),
        ({"model__retuned__valid": 200}, "model.retuned.valid=200: expected a whole number from 1 to 199"),
        ({"model__retuned__delta": 1}, "model.retuned.delta=1: expected a number between 0 and 1"),
        ({"model__retuned__carried": 4}, "model.retuned.carried=4: expected a whole number from 1 to 3"),
        ({"model__retuned__optimizers": {}}, "model.retuned.optimizers: is empty"),
        ({"model__retuned__optimizers": {"r": {}}}, "model.retuned.optimizers.r.class: missing"),
        ({"model__retuned__windows": 1}, "model.retuned.windows: no such key; .*window"),
        ({"model__space__policy__choices": ["newer", "never"]}, "model.space.policy: holds 'newer'"),
        ({"model__space__depth": {"type": "int", "low": 1, "high": 2}}, "model.space.depth: .* belongs in retuned.sp"),
        ({"dataset__load": None}, "dataset=sea: holds no rows; choose a stream"),
        ({"dataset__rows": 500}, "dataset.rows=500: draws rows at random"),
        ({"objectives": ["brier", "size"]}, "objectives: what is tuned over a stream has one loss"),
    ],
)
def test_what_cannot_be_passed_is_one_line_that_names_the_key(keys: dict[str, object], message: str) -> None:
    with pytest.raises(UserError, match=f"^{message}"):
        built(**keys)


def test_blocks_follow_one_another_and_rows_that_fill_none_are_left_out() -> None:
    blocks = Cut(window=10, block=4, valid=3).blocks(25)
    assert [(int(b.train[0]), list(b.valid), list(b.rows)) for b in blocks] == [
        (0, [7, 8, 9], [10, 11, 12, 13]),
        (4, [11, 12, 13], [14, 15, 16, 17]),
        (8, [15, 16, 17], [18, 19, 20, 21]),
    ]


@pytest.mark.exhaustive
def test_the_commands_of_the_documentation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    page = (ROOT / "docs/drift.md").read_text()
    commands = re.search(r"```sh\n(.*?)```", page, flags=re.DOTALL)[1].splitlines()  # type: ignore[index]
    assert len(commands) == 2
    for command in commands:
        assert bench(*shlex.split(command)[1:]) == 0, command
    policies = pd.read_csv(tmp_path / "reports/short/tables/sea_drift-retuned_tree-policies.csv").set_index("label")
    assert policies.loc["random_never", "evaluations"] == 20
    assert policies.loc["random_periodic_warm", "evaluations"] == 100
    assert policies.loc["default", "studies"] == 0
    assert bench("verify", "short", "--trials", 2) == 0


def test_a_run_and_its_table_are_those_of_every_other_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    small = ["length=700", "variants=[3,2]", "positions=[400]", "width=5"]
    cut = ["window=200", "block=100", "valid=60", "trials=4", "carried=2", "period=2"]
    arguments = ["model=retuned_tree", "dataset=sea_drift", "optimizer=fixed", "seeds=paired", "budget.trials=3"]
    arguments += [*(f"dataset.{each}" for each in small), *(f"model.retuned.{each}" for each in cut), "threads=1"]
    arguments.append("+optimizer.settings.configuration={optimizer: random, policy: periodic_warm}")
    assert bench("run", *arguments) == 0
    (row,) = table(tmp_path, "scratch/sea_drift/retuned_tree/fixed/0").to_dict("records")
    assert json.loads(row["details"])["evaluations"] == 12
    assert results.file_metadata(tmp_path / "results/scratch/sea_drift/retuned_tree/fixed/0.parquet")["drift"] == {
        "window": 200, "block": 100, "valid": 60, "rows": 700, "positions": [400],
    }  # fmt: skip
    assert bench("verify", "scratch", "--trials", 1) == 0
    assert "same: scratch/sea_drift/retuned_tree/fixed/0 trial 0" in capsys.readouterr().out
