"""URLs that cannot be read, and files that are no store, or a damaged one: one line each, and nothing is changed."""

import os
import re
import sqlite3
from pathlib import Path

import pytest
from commands import TOY, bench

from bench.problems import Evaluation
from bench.store import Claimed, Store, StoreError


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    capsys.readouterr()
    assert bench(*arguments) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1, lines
    assert lines[0].isprintable()
    return lines[0]


URLS = {
    "sqlite:///s.sqlite?timeout=abc": "could not convert string to float: 'abc'",
    "sqlite:///s.sqlite?check_same_thread=abc": "has a part that cannot be read",
    "sqlite:///s.sqlite?cached_statements=x": "has a part that cannot be read",
    "postgresql://u:secret@[::1/x": "invalid literal for int() with base 10: ':1'",
    "postgresql://u:secret@h:abc/x": "invalid literal for int() with base 10: 'abc'",
    "postgresql://u:secret@127.0.0.1:99999/x": "see whether the server runs and the URL is right",
    "postgresql://u:secret@127.0.0.1:1/x?nope=1": "see whether the server runs and the URL is right",
    "postgresql+nope://u:secret@h/x": "a store is an SQLite file or a PostgreSQL database",
    "postgresql+asyncpg://u:secret@h/x": "a store is an SQLite file or a PostgreSQL database",
    "sqlite+aiosqlite:///s.sqlite": "a store is an SQLite file or a PostgreSQL database",
    "nope://u:secret@h/x": "a store is an SQLite file or a PostgreSQL database",
    "mysql://u:secret@h/x": "a store is an SQLite file or a PostgreSQL database",
    "sqlite:s.sqlite": "not an SQLAlchemy URL",
    f"sqlite:///{'a' * 300}.sqlite": "",
    "sqlite:///a\0b": "",
}


@pytest.mark.parametrize(("url", "message"), URLS.items(), ids=[url[:50].replace("\0", "NUL") for url in URLS])
def test_an_odd_url_gets_one_line_without_its_password(
    capsys: pytest.CaptureFixture[str], url: str, message: str
) -> None:
    with pytest.raises((StoreError, Exception)) as error:
        Store(url)
    assert type(error.value).__name__ in ("StoreError", "UserError")
    assert message in str(error.value)
    for verb in (["store", "show"], ["status", "e"]):
        line = refused(capsys, *verb, "--store", url)
        assert "secret" not in line
        assert message in line or "no store there" in line
    if "\0" not in url:
        assert "secret" not in refused(capsys, "run", *TOY, "budget.trials=1", f"store='{url}'")


def filled(path: str = "s.sqlite") -> None:
    store = Store(f"sqlite:///{path}")
    for i in range(300):
        evaluation = Evaluation(i / 10, None, 1.5, "ok", None, {"curve": [i] * 20})
        store.put(f"{i:064d}", "problem", f'{{"x":{i}}}', evaluation, "r")
    store.close()


def changed(*statements: str, path: str = "s.sqlite") -> None:
    connection = sqlite3.connect(path)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


def text() -> None:
    Path("s.sqlite").write_text("no database\n" * 100)


def cut() -> None:
    filled()
    os.truncate("s.sqlite", 20_000)


def cut_short() -> None:
    filled()
    os.truncate("s.sqlite", 100)


FILES = {
    "cut": (cut, "malformed; move the file away"),
    "cut to its head": (cut_short, "no store, but a file of 100 bytes"),
    "empty": (lambda: Path("s.sqlite").touch(), "no store, but a file of 0 bytes"),
    "text": (text, "file is not a database; move the file away"),
    "a folder": (lambda: Path("s.sqlite").mkdir(), "no store there"),
    "a pipe": (lambda: os.mkfifo("s.sqlite"), "no store there"),
    "another program's": (lambda: changed("CREATE TABLE bookmarks (a)"), "a database of another program"),
    "of our names": (lambda: changed("CREATE TABLE evaluations (a)"), "a database of another program"),
    "without a column": (
        lambda: (filled(), changed("ALTER TABLE evaluations DROP COLUMN details")),
        "its table 'evaluations' has no column 'details'",
    ),
    "with a trigger": (
        lambda: (
            filled(),
            changed("CREATE TRIGGER gone AFTER INSERT ON runs BEGIN DELETE FROM evaluations; END"),
        ),
        "has the trigger 'gone', which may change or delete what is stored; drop it",
    ),
    "a version in words": (
        lambda: changed("CREATE TABLE store (version)", "INSERT INTO store VALUES ('<b>')"),
        "has version <b>, this program needs 2",
    ),
}


@pytest.mark.parametrize(("make", "message"), FILES.values(), ids=FILES)
def test_what_is_no_store_gets_one_line_and_stays_as_it_is(
    capsys: pytest.CaptureFixture[str], make, message: str
) -> None:
    make()
    before = Path("s.sqlite").read_bytes() if Path("s.sqlite").is_file() else None
    for verb in (["show"], ["export", "o.parquet"], ["prune", "--status", "failed"]):
        assert message in refused(capsys, "store", *verb, "--store", "sqlite:///s.sqlite")
    assert message in refused(capsys, "store", "import", "s.sqlite", "--store", "sqlite:///mine.sqlite")
    assert message in refused(capsys, "status", "e", "--store", "sqlite:///s.sqlite")
    assert not Path("o.parquet").exists()
    if before is not None and "version" not in message:
        assert Path("s.sqlite").read_bytes()[100:] == before[100:]


ROWS = {
    "loss = 'abc'": "has loss='abc'",
    "seconds = 9e999": "has seconds='inf'",
    "details = '['": "has details='['",
    "details = '[1]'": "has details='[1]'",
    "configuration = x'ff'": "has configuration=",
    "status = 'well' || char(27)": "has status='well\\x1b'",
}


@pytest.mark.parametrize(("change", "message"), ROWS.items())
def test_what_no_evaluation_holds_is_neither_imported_nor_exported(
    capsys: pytest.CaptureFixture[str], change: str, message: str
) -> None:
    filled()
    changed(f"UPDATE evaluations SET {change} WHERE key LIKE '%7'")
    assert message in refused(capsys, "store", "import", "s.sqlite", "--store", "sqlite:///mine.sqlite")
    assert message in refused(capsys, "store", "export", "o.parquet", "--store", "sqlite:///s.sqlite")
    assert not Path("o.parquet").exists()


@pytest.mark.parametrize("change", ["loss = 'abc'", "details = '['", "details = '[1]'", "seconds = x'ff'"])
def test_a_run_that_would_be_served_it_ends_with_one_line(change: str) -> None:
    filled()
    changed(f"UPDATE evaluations SET {change}")
    store = Store("sqlite:///s.sqlite")
    with pytest.raises(StoreError, match="holds what no evaluation does"):
        store.claim(f"{3:064d}")
    assert isinstance(store.claim("f" * 64), Claimed)
    store.close()


def test_where_an_export_goes_is_said_without_acting_and_a_folder_is_refused_before_any_work(
    capsys: pytest.CaptureFixture[str], folder: Path
) -> None:
    filled()
    assert bench("store", "export", "o\x1b]0;title\x07.parquet", "--store", "sqlite:///s.sqlite") == 0
    assert capsys.readouterr().out == "300 evaluations in o\\x1b]0;title\\x07.parquet\n"
    before = sorted(folder.parent.iterdir())
    for place in ("..", "."):
        assert "cannot be written (Is a directory)" in refused(
            capsys, "store", "export", place, "--store", "sqlite:///s.sqlite"
        )
    assert sorted(folder.parent.iterdir()) == before


@pytest.mark.parametrize("days", ["nan", "inf", "1e300", "1e9"])
def test_more_days_than_a_calendar_has_get_one_line(capsys: pytest.CaptureFixture[str], days: str) -> None:
    filled()
    line = refused(capsys, "store", "prune", "--older-than", days, "--store", "sqlite:///s.sqlite")
    assert re.search(r"--older-than.*(expected a number of days from 0 to 100,000|greater than or equal to 0)", line)


@pytest.fixture
def journalled(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert bench("run", *TOY, "budget.trials=2", "name=e", f"store=sqlite:///{folder}/s.sqlite") == 0
    capsys.readouterr()


@pytest.mark.usefixtures("journalled")
@pytest.mark.parametrize("change", ["trials = 'x'", "started_at = 'once'", "best_loss = 'x'", "failures = -1"])
def test_status_names_what_no_run_has(capsys: pytest.CaptureFixture[str], change: str) -> None:
    changed(f"UPDATE runs SET {change}")
    line = refused(capsys, "status", "e", "--store", "sqlite:///s.sqlite")
    assert "the run 'e/wine/toy/random/0' has " + change.split(maxsplit=1)[0] in line


@pytest.mark.usefixtures("journalled")
def test_names_in_a_store_are_neither_markup_nor_orders_to_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    name = "'[red]' || char(27) || '[31m[/x]' || char(10)"
    changed(f"UPDATE runs SET dataset = {name}, state = 'failed', error = {name}")
    changed(f"UPDATE evaluations SET status = 'failed', error = {name}")
    for verb in (["store", "show"], ["status", "e"]):
        assert bench(*verb, "--store", "sqlite:///s.sqlite") == 0
        out = capsys.readouterr().out
        assert r"[red]\x1b[31m[/x]" in out
        assert out.replace("\n", "").isprintable()
