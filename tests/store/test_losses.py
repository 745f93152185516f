"""Evaluations of several losses: kept to the bit, taken out and in; a store of the version without them is migrated."""

import json
import threading

import pandas as pd
import pytest
import sqlalchemy as sa

from bench.problems import Evaluation
from bench.store import Claimed, Store, Stored, StoreError, contents, tables

pytest_plugins = ["postgres"]

LOSSES = {"log_loss": [0.1 + 0.2, 1 / 3], "size": [31.5, None]}
SEVERAL = Evaluation(0.1 + 0.2, 1 / 3, 1.5, "ok", None, {"curve": [1.0]}, LOSSES)
ONE = Evaluation(0.5, None, 0.1, "ok", None, {"rounds": 3})
FIRST, SECOND = "a" * 64, "b" * 64


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, tmp_path):
    return f"sqlite:///{tmp_path}/s.sqlite" if request.param == "sqlite" else request.getfixturevalue("postgres")


def change(url: str, *statements: str) -> None:
    engine = sa.create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(sa.text(statement))
    engine.dispose()


def test_they_are_kept_taken_out_and_taken_in(url, tmp_path):
    store, other = Store(url), Store(f"sqlite:///{tmp_path}/other.sqlite")
    for key, evaluation in ((FIRST, SEVERAL), (SECOND, ONE)):
        assert store.claim(key) == Claimed(0)
        store.put(key, "p", "{}", evaluation, "run")
    assert contents.take(other, store) == (2, 0)
    for each in (store, other):
        assert each.claim(FIRST) == Stored(SEVERAL, "run")
        assert each.claim(SECOND) == Stored(ONE, "run")
    contents.export(other, tmp_path / "all.parquet")
    kept = pd.read_parquet(tmp_path / "all.parquet")["losses"]
    assert json.loads(kept[0]) == LOSSES
    assert kept.isna().tolist() == [False, True]
    store.close()
    other.close()


def test_a_store_of_version_1_is_migrated_by_whoever_opens_it_first(url):
    store = Store(url)
    store.put(FIRST, "p", "{}", ONE, "run")
    store.close()
    change(url, "ALTER TABLE evaluations DROP COLUMN losses", "UPDATE store SET version = 1")
    failures = []

    def open_it() -> None:
        try:
            Store(url).close()
        except Exception as error:  # noqa: BLE001 - whatever it is
            failures.append(error)

    threads = [threading.Thread(target=open_it) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    store = Store(url)
    version = store.database.read(lambda connection: connection.scalar(sa.select(tables.VERSION.c.version)))
    assert version == 2
    assert store.claim(FIRST) == Stored(ONE, "run")
    assert store.claim(SECOND) == Claimed(0)
    store.put(SECOND, "p", "{}", SEVERAL, "run")
    assert store.claim(SECOND) == Stored(SEVERAL, "run")
    store.close()


@pytest.mark.parametrize(
    "text", ["no JSON", "[]", '{"a": [1, null]}', '{"a": [1, 2], "b": ["x", 1]}', '{"a": 1, "b": 2}']
)
def test_what_are_no_losses_is_refused(tmp_path, text):
    url = f"sqlite:///{tmp_path}/s.sqlite"
    store = Store(url)
    store.put(FIRST, "p", "{}", SEVERAL, "run")
    change(url, f"UPDATE evaluations SET losses = '{text}'".replace(":", "\\:"))
    with pytest.raises(StoreError, match="holds what no evaluation does"):
        store.claim(FIRST)
    with pytest.raises(StoreError, match="has losses="):
        contents.export(store, tmp_path / "all.parquet")
    store.close()
