"""`bench stream`: what cannot be used is one line that says what to do, before anything is sent or made."""

import re
import sys

import pytest
from commands import bench

kafka = pytest.importorskip("bench.stream.kafka", reason="pip install 'hpo-compare[stream]'")
pytest.importorskip("mlflow", reason="pip install 'hpo-compare[stream]'")


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(kafka, "PATIENCE", 0.2)
    for name in ("KAFKA_BOOTSTRAP_SERVERS", "MLFLOW_TRACKING_URI"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


NOWHERE = ["--bootstrap-servers", "127.0.0.1:1"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("sensor dataset=digts", "dataset=digts: unknown dataset; allowed: .*did you mean digits"),
        ("sensor dataset=wine model=lightgbm", "model=lightgbm: no key of a dataset; a sensor takes dataset=NAME"),
        ("sensor dataset=function", "dataset=function: has no rows to send; choose another"),
        ("sensor dataset=wine --order up", "--order=up: allowed: auto, shuffled, given, time"),
        ("sensor dataset=wine", "--bootstrap-servers=127.0.0.1:1: no Kafka answers there.*; start one"),
        ("sensor dataset=wine --client-config none", "--client-config=none: cannot be read"),
        ("sensor dataset=wine --client-config words", "--client-config=words: line 2 is no setting"),
        ("sensor dataset=wine --client-config taken", "--client-config=taken: line 1 sets group.id, which is set here"),
        ("sensor dataset=wine --client-config odd", "--client-config: No such configuration property: .*no.such"),
        ("sensor --rate -1", "invalid value for '--rate'.*'bench stream sensor --help' shows the options"),
        ("predictor --tracking-uri nonsense", "--tracking-uri=nonsense: expected a database or a server"),
        ("predictor --name a/b", "--name='a/b': expected letters, digits"),
        ("trainer --every -1", "--every=-1: expected a whole number from 1"),
        ("trainer --every 0", "--every, --drop: give one of them"),
        ("trainer name=mine", "name: is set by the trainer"),
        ("trainer model=levy", "model=levy_2d: trains on no rows"),
        ("demo --minutes 0", "--minutes=0.0: expected a number greater than 0"),
        ("demo dataset=digts", "dataset=digts: unknown dataset"),
        ("demo --newest 0", "--newest=0: expected a whole number from 1"),
        ("demo optimizer=tpe", "optimizer=tpe: unknown optimizer"),
        ("senso", "no such command 'senso' .did you mean 'sensor'"),
    ],
)
def test_what_cannot_be_used_is_one_line(capsys, folder, words, message) -> None:
    (folder / "words").write_text("# a comment\nsecurity.protocol\n")
    (folder / "taken").write_text("group.id = mine\n")
    (folder / "odd").write_text("no.such=1\n")
    verb, *rest = words.split()
    servers = NOWHERE if verb in ("sensor", "predictor", "trainer") else []
    assert bench("stream", verb, *rest, *servers) == 2
    said = capsys.readouterr()
    lines = said.err.strip().splitlines()
    assert len(lines) == 1, said
    assert re.search(message, lines[0]), lines[0]


def test_without_its_extra_it_says_what_to_install(capsys, monkeypatch) -> None:
    monkeypatch.delitem(sys.modules, "bench.stream.kafka")
    monkeypatch.setitem(sys.modules, "confluent_kafka", None)
    assert bench("stream", "predictor") == 2
    assert "needs the package 'confluent_kafka', which is not installed; pip install " in capsys.readouterr().err
