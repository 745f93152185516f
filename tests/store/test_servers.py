"""The store on PostgreSQL, and what SQLite and PostgreSQL must do alike: one evaluation for all who want it."""

import json
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import flight
import hostile
import pytest
from commands import ROOT, SUPPORT, TOY, bench, bench_process, wait_for
from pictures import leave_undrawn

from bench import results, texts
from bench.errors import UserError
from bench.problems import Evaluation
from bench.results import RunId
from bench.store import Busy, Claimed, Store, Stored, StoreError, database, living
from bench.store.process import Process

pytest_plugins = ["postgres"]

KEY, OTHER = "k" * 64, "l" * 64
EVALUATION = Evaluation(0.5, None, 0.1, "ok", None, {"curve": [1.0, 0.5]})
RUN = RunId("e", "d", "m", "o", 3)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, tmp_path):
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/store.sqlite"
    return request.getfixturevalue("postgres")


def elsewhere(url: str, pid: int = 1) -> Store:
    """The store as a process of another host has it open."""
    store = Store(url)
    store._me = replace(Process.this(), host="elsewhere", pid=pid)
    return store


def test_eight_processes_on_overlapping_work_evaluate_each_point_once_and_share_it(url, tmp_path):
    """How long it takes them is for `benchmarks/interrupts.py` to say."""
    log = tmp_path / "log"
    command = [sys.executable, SUPPORT / "flight.py", url, log]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    spans = json.loads(done.stdout)
    evaluated = log.read_text().split()
    assert sorted(map(int, evaluated)) == list(range(flight.PROCESSES * flight.OWN))
    assert sum(own for _, _, own in spans) == len(evaluated)
    assert all(0 < own < flight.WANTED for _, _, own in spans)


def test_whatever_text_comes_in_is_stored_clean_and_cut(url):
    store = Store(url)
    journal = store.begin(RUN, "hash")
    assert store.claim(KEY, journal) == Claimed(0)
    failed = Evaluation(None, None, 0.0, "failed", hostile.DIRTY * 1000, {"text": hostile.CLEANED})
    store.put(KEY, "p", "{}", failed, str(RUN))
    found = store.claim(KEY).evaluation
    assert found.error.startswith(hostile.CLEANED)
    assert len(found.error.encode()) <= texts.STORED
    assert found.details == {"text": hostile.CLEANED}
    store.end(journal, "failed", hostile.DIRTY, hostile.DIRTY * 10_000)
    (run,) = store.runs("e")
    assert run["error"].startswith(hostile.CLEANED)
    assert len(run["traceback"].encode()) <= texts.TRACEBACK
    store.close()


def test_what_claims_and_journals_promise_holds_on_a_server(postgres):
    store = Store(postgres)
    assert store.claim(KEY) == Claimed(0)
    assert store.put(KEY, "p", "{}", EVALUATION, "first") == Stored(EVALUATION, "first")
    assert store.put(KEY, "p", "{}", replace(EVALUATION, loss=9.0), "second") == Stored(EVALUATION, "first")
    assert store.claim(KEY) == Stored(EVALUATION, "first")
    assert store.begin(RUN, "hash") is not None
    assert store.barren("e") == {}
    assert store.mean_seconds("d", "m") is None
    with pytest.raises(StoreError, match="value too long"):
        store.claim("k" * 65)
    assert store.claim(OTHER) == Claimed(0)  # the transaction that failed is over
    store.close()


def test_a_holder_elsewhere_is_waited_for_while_it_beats_and_succeeded_when_it_has_stood_still(postgres, monkeypatch):
    monkeypatch.setattr(living, "BEAT_SECONDS", 0.05)
    monkeypatch.setattr(living, "STILL_SECONDS", 1.5)
    theirs, mine = elsewhere(postgres), Store(postgres)
    assert theirs.claim(KEY) == Claimed(0)
    assert theirs.begin(RUN, "hash") is not None
    end = time.monotonic() + 2.5
    while time.monotonic() < end:
        assert mine.claim(KEY) == Busy()
        assert mine.begin(RUN, "hash") is None
        assert mine.runs("e")[0]["alive"]
        time.sleep(0.02)
    theirs._heart._stop.set()  # as if it had been killed: nothing is given back
    theirs._heart._thread.join()
    stopped = time.monotonic()
    wait_for(lambda: mine.claim(KEY) != Busy())
    assert time.monotonic() - stopped > 0.5
    assert mine.begin(RUN, "hash") is not None
    theirs.put(KEY, "p", "{}", EVALUATION, "late")  # it was not dead after all: what it made is kept
    assert mine.claim(KEY) == Stored(EVALUATION, "late")
    mine.close()


def test_the_clock_of_the_other_host_does_not_matter(postgres, monkeypatch):
    """Its heartbeats are an hour behind, then an hour ahead: it is seen to live as long as they change."""
    monkeypatch.setattr(living, "BEAT_SECONDS", 3600)
    monkeypatch.setattr(living, "STILL_SECONDS", 1.0)
    theirs, mine = elsewhere(postgres), Store(postgres)
    assert theirs.claim(KEY) == Claimed(0)
    for hours in (-1, 0, 1, -2, 3):
        with mine._database._engine.begin() as connection:
            connection.exec_driver_sql(f"update beats set beat = now() + interval '{hours} hours' where pid = 1")
        time.sleep(0.3)
        assert mine.claim(KEY) == Busy()
    time.sleep(1.1)
    assert mine.claim(KEY) == Claimed(1)
    mine.close()


def test_what_a_holder_elsewhere_had_is_free_at_once_where_it_ends_in_order(postgres):
    theirs, mine = elsewhere(postgres), Store(postgres)
    assert theirs.claim(KEY) == Claimed(0)
    assert mine.claim(KEY) == Busy()
    theirs.close()
    assert mine.claim(KEY) == Claimed(1)
    mine.close()


def test_a_server_that_restarts_is_waited_for_and_a_transaction_done_again(server, postgres):
    store = Store(postgres)
    journal = store.begin(RUN, "hash")
    assert store.claim(KEY, journal) == Claimed(0)
    for mode in ("fast", "immediate"):
        server.stop(mode)
        later = threading.Timer(1, server.start)
        later.start()
        stored = store.put(KEY, "p", "{}", EVALUATION, str(RUN))
        later.join()
        assert stored == Stored(EVALUATION, str(RUN))
        assert store.runs("e")[0]["state"] == "running"
    server.stop()
    later = threading.Timer(1, server.start)
    later.start()
    Store(postgres, patient=True).close()  # as a worker that is started meanwhile
    later.join()
    store.end(journal, "done")
    store.close()


def test_a_server_that_stays_away_is_told_in_one_line(server, postgres, monkeypatch):
    monkeypatch.setattr(database, "PATIENCE", 1.0)
    store = Store(postgres)
    server.stop()
    try:
        with pytest.raises(StoreError) as error:
            store.claim(KEY)
        with pytest.raises(StoreError, match="see whether the server runs") as at_once:
            Store(postgres)
    finally:
        server.start()
    for message in (str(error.value), str(at_once.value)):
        assert message.startswith(f"store=postgresql://me:***@127.0.0.1:{server.port}/postgres: ")
        assert "\n" not in message
        assert server.password not in message


@pytest.mark.parametrize(
    "url",
    [
        "postgresql//me:secret@host/db",
        "postgresql://me:sec/ret@host/db",
        "postgresql://me:secret@127.0.0.1:1/db",
        "postgresql://me@127.0.0.1:1/db?password=secret&sslpassword=secret",
        "mysql://me:secret@host/db",
    ],
)
def test_no_message_has_a_password(url):
    with pytest.raises(UserError) as error:
        Store(url)
    assert "secret" not in str(error.value)
    assert "ret@" not in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.slow
def test_a_sweep_outlives_a_restart_of_its_server_and_writes_the_password_nowhere(
    server, postgres, tmp_path, monkeypatch, capsys
):
    log = tmp_path / "log"
    sweep = ["run", "-m", *TOY, "optimizer=random,optuna_tpe", "seed=0,1", "budget.trials=20"]
    sweep += ["+model.settings.sleep=0.1", "engine.workers=2", "store='${oc.env:BENCH_STORE}'"]
    process = bench_process(*sweep, cwd=tmp_path, TOY_LOG=str(log), BENCH_STORE=postgres)
    wait_for(lambda: log.exists() and len(log.read_text().split()) >= 10, process)
    server.stop("immediate")
    time.sleep(1)
    server.start()
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    paths = results.find(tmp_path / "results", "scratch")
    assert len(paths) == 4
    evaluated = log.read_text().split()
    assert len(evaluated) == len(set(evaluated)) == 80 - shared(paths)
    monkeypatch.chdir(tmp_path)
    leave_undrawn(monkeypatch)
    for verb in (["report", "scratch"], ["status", "scratch", "--store", postgres]):
        assert bench(*verb) == 0
    verbs = capsys.readouterr()
    assert "0 running" in verbs.out
    assert server.password not in out + err + verbs.out + verbs.err
    written = [path for path in Path(tmp_path).rglob("*") if path.is_file()]
    assert len(written) > 6
    for path in written:
        assert server.password.encode() not in path.read_bytes(), path


def shared(paths) -> int:
    """How many trials of these runs got their evaluation from another run."""
    return sum(int(results.read_file(path)[0]["cached"].to_numpy().sum()) for path in paths.values())
