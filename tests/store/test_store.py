"""The store: claims of the living and the dead, the journal, and its errors in one line."""

import sqlite3
import subprocess
import sys
from dataclasses import replace

import pytest

from bench.errors import UserError
from bench.problems import Evaluation
from bench.results import RunId
from bench.store import Busy, Claimed, Journalled, Progress, Store, Stored, StoreError, database
from bench.store.process import Process, _started

KEY, OTHER = "k" * 64, "l" * 64
EVALUATION = Evaluation(0.5, 0.6, 0.1, "ok", None, {"curve": [1.0, 0.5]})
RUN = RunId("e", "d", "m", "o", 3)


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path}/deep/store.sqlite"


@pytest.fixture
def other_process():
    """Another living process."""
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    yield process
    process.kill()
    process.wait()


def as_process(store: Store, process: Process) -> Store:
    """A store as another process would have it open."""
    store._me = process
    return store


def identity(pid: int) -> Process:
    return Process(Process.this().host, pid, _started(pid))


def test_claim_put_and_look_up(url):
    store = Store(url)
    assert store.claim(KEY) == Claimed(0)
    store.put(KEY, "p", "{}", EVALUATION, "run")
    assert store.claim(KEY) == Stored(EVALUATION, "run")
    failed = Evaluation(None, None, 0.1, "failed", "ValueError: no", {})
    store.claim(OTHER)
    store.put(OTHER, "p", "{}", failed, "run")
    assert Store(url).claim(OTHER) == Stored(failed, "run")


def test_a_living_holder_is_waited_for_and_a_dead_one_is_succeeded(url, other_process):
    theirs = as_process(Store(url), identity(other_process.pid))
    assert theirs.claim(KEY) == Claimed(0)
    mine = Store(url)
    assert mine.claim(KEY) == Busy()
    assert mine.claim(OTHER) == Claimed(0)
    other_process.kill()
    while mine.claim(KEY) == Busy():  # seen dead as soon as it is, though nobody has reaped it
        assert other_process.returncode is None
    mine.release(KEY)
    assert theirs.claim(KEY) == Claimed(0)
    other_process.wait()
    assert mine.claim(KEY) == Claimed(1)
    assert mine.claim(KEY) == Claimed(2)  # this process held it and asks again: what it did was cut short
    mine.release(KEY)
    assert mine.claim(KEY) == Claimed(0)


def test_a_pid_that_was_given_to_another_process_holds_nothing(url, other_process):
    recycled = replace(identity(other_process.pid), process_started=1.0)
    assert as_process(Store(url), recycled).claim(KEY) == Claimed(0)
    assert Store(url).claim(KEY) == Claimed(1)


def test_a_store_copied_from_another_host_is_not_waited_for(url, other_process):
    elsewhere = replace(identity(other_process.pid), host="elsewhere")
    assert as_process(Store(url), elsewhere).claim(KEY) == Claimed(0)
    assert Store(url).claim(KEY) == Claimed(1)


def test_the_first_evaluation_stays(url):
    store = Store(url)
    store.put(KEY, "p", "{}", EVALUATION, "first")
    store.put(KEY, "p", "{}", replace(EVALUATION, loss=9.0), "second")
    assert store.claim(KEY) == Stored(EVALUATION, "first")


def test_the_journal_is_written_with_the_next_transaction_and_read_back(url):
    store = Store(url)
    journal = store.begin(RUN, "hash")
    entries = [Journalled(i, str(i) * 64, 0.1 * i, 0.2, "2026-11-23T00:00:00+00:00") for i in range(3)]
    for i, entry in enumerate(entries):
        store.claim(entry.key, journal)
        store.put(entry.key, "p", "{}", EVALUATION, str(RUN))
        journal.note(entry, Progress(i + 1, 0, 0, 0.5))
    again = Store(url).begin(RUN, "hash")
    assert list(again.recorded.values()) == entries[:2]  # the last was noted, not yet written
    store.end(journal, "done")
    (run,) = store.runs("e")
    assert (run["state"], run["trials"], run["best_loss"], run["seed"]) == ("done", 3, 0.5, 3)
    assert list(store.begin(RUN, "hash").recorded.values()) == entries
    assert list(store.begin(RUN, "hash").recorded.values()) == entries
    assert store.begin(RUN, "hash", anew=True).recorded == {}
    assert store.begin(RUN, "other").recorded == {}


def test_a_run_of_a_living_process_is_not_begun_twice(url, other_process):
    theirs = as_process(Store(url), identity(other_process.pid))
    assert theirs.begin(RUN, "hash") is not None
    assert Store(url).begin(RUN, "hash") is None
    other_process.kill()
    other_process.wait()
    assert Store(url).begin(RUN, "hash") is not None


def test_mean_seconds_are_those_of_the_problem(url):
    store = Store(url)
    assert store.mean_seconds("d", "m") is None
    for seed, seconds in ((0, 1.0), (1, 3.0)):
        run = replace(RUN, seed=seed)
        store.begin(run, "h")
        store.put(str(seed) * 64, "p", "{}", replace(EVALUATION, seconds=seconds), str(run))
    assert store.mean_seconds("d", "m") == 2.0
    assert store.mean_seconds("d", "other") is None


def test_a_file_that_is_no_store_is_said_in_one_line(tmp_path):
    path = tmp_path / "store.sqlite"
    path.write_text("this is no database, " * 100)
    with pytest.raises(StoreError, match=r"file is not a database; move the file away and start again") as error:
        Store(f"sqlite:///{path}")
    assert "\n" not in str(error.value)
    assert path.exists()


def test_a_damaged_store_is_said_in_one_line(url, tmp_path):
    store = Store(url)
    for i in range(200):
        store.put(f"{i:064d}", "p", "{}" * 200, EVALUATION, "run")
    store.close()
    path = tmp_path / "deep/store.sqlite"
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    path.write_bytes(content)
    with pytest.raises(StoreError, match=r"malformed|not a database"):
        Store(url).claim(KEY)


def test_another_version_is_refused(url, tmp_path):
    Store(url).close()
    with sqlite3.connect(tmp_path / "deep/store.sqlite") as connection:
        connection.execute("update store set version = 99")
    with pytest.raises(UserError, match="has version 99, this program needs 2"):
        Store(url)


@pytest.mark.parametrize("url", ["nonsense", "nosuchdb://x", "sqlite:////proc/nowhere/store.sqlite"])
def test_an_unusable_url_is_said_in_one_line(url):
    with pytest.raises(UserError, match=r"^store='?" + url) as error:
        Store(url)
    assert "\n" not in str(error.value)


def test_a_password_is_never_shown():
    with pytest.raises(UserError) as error:
        Store("mysql://me:secret@localhost/x")
    assert "secret" not in str(error.value)


def test_others_that_open_a_new_file_at_the_same_time_are_waited_for(monkeypatch):
    """SQLite itself does not wait where two want to change the journal mode at once: 8 processes met it in 60 tries."""
    answers = iter(["database is locked", "database is locked", None, "disk I/O error", *["database is locked"] * 99])

    class Connection:
        def execute(self, statement):
            if (answer := next(answers)) is not None:
                raise sqlite3.OperationalError(answer)

    database._write_ahead(Connection())
    with pytest.raises(sqlite3.OperationalError, match="disk"):
        database._write_ahead(Connection())
    monkeypatch.setattr(database, "_PATIENCE", 0.05)
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        database._write_ahead(Connection())
