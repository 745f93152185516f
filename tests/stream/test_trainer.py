"""What the trainer makes of rows: a version for each tuning, the alias at the better one, and nothing twice."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench.errors import UserError
from bench.stream import retuning

pytest.importorskip("confluent_kafka", reason="pip install 'hpo-compare[stream]'")
pytest.importorskip("mlflow", reason="pip install 'hpo-compare[stream]'")

from bench.stream import judging, trainer
from bench.stream.kafka import Message
from bench.stream.messages import Row
from bench.stream.policy import Policy
from bench.stream.record import Place
from bench.stream.registry import RegistryAway
from bench.stream.retuning import Outcome, Task
from bench.stream.trainer import Means, Trainer

OVERRIDES = retuning.checked(["model=logistic_regression", "optimizer=random", "budget.trials=2"], None)


class Models:
    """A registry in memory, which may be away."""

    name = "stream"

    def __init__(self) -> None:
        self.alias: int | None = None
        self.folders: list[tuple[Path, dict[str, str]]] = []
        self.away = 0

    def champion(self) -> int | None:
        return self.alias

    def register(self, folder: Path, tags: dict[str, str]) -> int:
        if self.away:
            self.away -= 1
            raise RegistryAway("away")
        self.folders.append((folder, tags))
        return len(self.folders)

    def promote(self, version: int) -> None:
        self.alias = version

    def versions(self) -> dict[int, dict[str, str]]:
        return {number: tags for number, (_, tags) in enumerate(self.folders, 1)}

    def fetch(self, version: int, _folder: Path) -> Path:
        return self.folders[version - 1][0]


class Inline:
    """A tuner that has done its task when it has begun it."""

    def __init__(self) -> None:
        self._outcome: Outcome | str | None = None

    def begin(self, task: Task) -> None:
        try:
            self._outcome = retuning.retune(task)
        except UserError as error:
            self._outcome = str(error)

    def outcome(self) -> Outcome | str | None:
        return self._outcome

    def close(self) -> None:
        """Nothing is left."""


def rows(first: int, until: int, flipped: bool = False) -> list[Message]:
    """Rows whose class is the sign of a number, or the other one."""
    draws = np.random.default_rng(0).normal(size=until)[first:]
    found = []
    for number, draw in enumerate(draws, first):
        content = {"features": {"x": draw, "colour": "red"}, "target": "up" if (draw > 0) != flipped else "down"}
        found.append(Message(str(number), json.dumps(content).encode(), Place("t", number), None))
    return found


@pytest.fixture
def models(monkeypatch) -> Models:
    monkeypatch.setattr(trainer, "Tuner", Inline)
    monkeypatch.setattr(trainer, "_AGAIN_SECONDS", 0.0)
    return Models()


def made(models: Any, folder: Path, policy: Policy, said: list[str]) -> Trainer:
    return Trainer(models, folder, Means(policy, OVERRIDES, folder, None), said.append)


def done(each: Trainer) -> None:
    while not each.look():
        pass


def ended(folder: Path) -> list[dict[str, Any]]:
    events = map(json.loads, (folder / trainer.TUNINGS).read_text().splitlines())
    return [event for event in events if event["key"].startswith("ended")]


def test_a_version_for_each_tuning_its_losses_those_on_rows_it_has_not_seen(models, tmp_path) -> None:
    each = made(models, tmp_path, Policy(60, newest=40, window=60), [])
    each.take(rows(0, 120))
    done(each)
    each.take(rows(120, 250, flipped=True))
    done(each)
    each.close()
    first, second = ended(tmp_path)
    assert (first["rows"], first["version"], first["better"]) == (120, 1, True)
    assert "champion_loss" not in first
    assert second["rows"] == 240
    newest = [Row(json.loads(row.value)["features"], json.loads(row.value)["target"])
              for row in rows(200, 240, flipped=True)]  # fmt: skip
    old, new = (trainer.model_of(folder) for folder, _ in models.folders)
    judged = judging.judge([new, old], newest, "log_loss")
    assert [second["loss"], second["champion_loss"]] == pytest.approx([one.loss for one in judged])
    probabilities = np.array([old.predict(judging.frame([row]))[row.target].iloc[0] for row in newest])
    assert second["champion_loss"] == pytest.approx(-np.log(probabilities).mean())
    assert second["champion_error"] == judged[1].error > 0.9
    assert second["error"] < 0.5
    assert new.card["trained_on"]["count"] == 60
    assert (second["better"], models.alias) == (True, 2)
    seen = json.loads((models.folders[1][0] / "rows.json").read_text())
    assert seen == [str(number) for number in range(140, 240)]


def test_a_worse_version_is_registered_and_the_alias_stays(models, tmp_path, monkeypatch) -> None:
    retune = retuning.retune
    monkeypatch.setattr(
        retuning, "retune", lambda task: replace(found := retune(task), loss=found.champion_loss or found.loss)
    )
    each = made(models, tmp_path, Policy(60, newest=40), [])
    for until in (120, 180):
        each.take(rows(0, until))
        done(each)
    each.close()
    assert [event["better"] for event in ended(tmp_path)] == [True, False]
    assert (models.alias, len(models.folders)) == (1, 2)


def test_a_registry_that_is_away_is_asked_again_and_a_model_registered_once(models, tmp_path) -> None:
    said: list[str] = []
    each = made(models, tmp_path, Policy(60, newest=40), said)
    each.take(rows(0, 120))
    models.away = 3
    done(each)
    each.close()
    assert said.count("away; asking again") == 3
    assert (models.alias, len(models.folders), len(ended(tmp_path))) == (1, 1, 1)


@pytest.mark.parametrize("moment", ["begun", "registered", "promoted"])
def test_killed_in_a_tuning_it_ends_that_one_and_registers_it_once(models, tmp_path, moment) -> None:
    each = made(models, tmp_path / "there", Policy(60, newest=40), [])
    each.take(rows(0, 120))
    done(each)
    each.close()
    tunings = tmp_path / "there" / trainer.TUNINGS
    begun, _ended = tunings.read_bytes().splitlines(keepends=True)
    tunings.write_bytes(begun)
    if moment == "begun":
        models.folders.clear()
        shutil.rmtree(tmp_path / "there/models")
    models.alias = 1 if moment == "promoted" else None
    each = made(models, tmp_path / "there", Policy(60, newest=40), [])
    each.take(rows(0, 150))
    done(each)
    each.close()
    assert (models.alias, len(models.folders)) == (1, 1)
    assert [event["rows"] for event in ended(tmp_path / "there")] == [120]
    assert len(each.record.keys) == 150


def test_rows_that_cannot_be_tuned_on_are_said_once_and_the_stream_goes_on(models, tmp_path) -> None:
    said: list[str] = []
    each = made(models, tmp_path, Policy(20, newest=10), said)
    alike = [replace(row, value=row.value.replace(b"down", b"up")) for row in rows(0, 20)]
    each.take([*alike, Message("a", b"{}", Place("t", 98), None), Message("b", b"x", Place("t", 99), None)])
    each.take([Message("c", b'{"features": {"x": 1}}', Place("t", 100), None)])
    done(each)
    each.take(rows(20, 80))
    done(each)
    each.close()
    assert len([line for line in said if "passed over" in line]) == 1
    assert "failed" in ended(tmp_path)[0]
    assert any(line.startswith("20 rows: nothing came of tuning: ") for line in said)
    assert models.alias == 1


def test_a_drop_in_accuracy_is_what_it_is_tuned_at(models, tmp_path) -> None:
    said: list[str] = []
    each = made(models, tmp_path, Policy(None, 0.3, newest=40, window=60), said)
    each.take(rows(0, 80))
    done(each)
    each.take(rows(80, 160))
    done(each)
    assert [event["rows"] for event in ended(tmp_path)] == [80]  # as good as before
    for until in range(164, 240, 4):
        each.take(rows(until - 4, until, flipped=True))
        done(each)
    each.close()
    second, *_ = ended(tmp_path)[1:]
    assert 172 <= second["rows"] <= 190
    assert any("the champion's error is" in line and "on the newest 40" in line for line in said)


def test_a_champion_that_cannot_be_judged_is_told_and_replaced(models, tmp_path) -> None:
    """As a version of another program's, or of other columns, that somebody moved the alias to."""
    said: list[str] = []
    (tmp_path / "foreign").mkdir()
    models.folders.append((tmp_path / "foreign", {}))
    models.alias = 1
    each = made(models, tmp_path, Policy(60, 0.3, newest=40), said)
    each.take(rows(0, 120))
    done(each)
    each.close()
    (only,) = ended(tmp_path)
    assert (only["better"], models.alias) == (True, 2)
    assert "champion_loss" not in only
    assert any("the champion before could not be judged: " in line and "no such file" in line for line in said)


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("dataset=digits", "dataset: is set by the trainer"),
        ("dataset.path=x", "dataset.path: is set by the trainer"),
        ("name=mine", "name: is set by the trainer"),
        ("model=branin", "model=branin: trains on no rows; choose another"),
        ("model=lightgbn", "unknown model; allowed: .*did you mean lightgbm"),
        ("budget.trials=x", "budget.trials"),
    ],
)
def test_overrides_that_no_tuning_can_have(override, message) -> None:
    with pytest.raises(UserError, match=message):
        retuning.checked([override], None)
