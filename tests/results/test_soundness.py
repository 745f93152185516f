"""Tables of others: what is of another type than is written, or contradicts itself, is named with its file."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import trials
from commands import bench
from ladder_tables import Trial, put_ladder

from bench import results
from bench.results import RunId, UnreadableTable, soundness

RUN = RunId("e", "iris", "lightgbm", "random", 0)


def put(folder: Path, **changed: Any) -> Path:
    trials.put(folder, RUN, [1.0, None, 0.5], [1.0, None, 0.5], **changed)
    return RUN.path(folder)


def rewritten(path: Path, change: Callable[[pa.Table], pa.Table], metadata: dict[bytes, bytes] | None = None) -> None:
    table = pq.read_table(path)
    kept = {**table.schema.metadata, **(metadata or {})}
    pq.write_table(change(table).replace_schema_metadata(kept), path)


def column(name: str, values: list[Any], type_: pa.DataType) -> Callable[[pa.Table], pa.Table]:
    return lambda table: table.set_column(table.schema.get_field_index(name), name, pa.array(values, type_))


CONFIG = trials.metadata(RUN, 3)["config"]
WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "laws": ({"declared": {"laws": "abc"}}, r"declared.laws='abc'; expected a mapping"),
    "a law": ({"declared": {"laws": {"x": None}}}, r"declared.laws.x=null; expected a value"),
    "a distance": (
        {"declared": {"laws": {"x": {"total_variation": "far"}}}},
        r"variation='far'; expected a finite",
    ),
    "fallback": ({"declared": {"fallback": [1]}}, r"declared.fallback=\[1\]; expected text"),
    "config": ({"config": [1]}, r"config=\[1\]; expected a mapping"),
    "versions": ({"provenance": {"versions": {"a": {"b": 1}}}}, r"versions.a=\{'b': 1\}; expected text"),
    "threads": ({"provenance": {"threads": "many"}}, r"provenance.threads='many'; expected a whole number from 0"),
    "host": ({"provenance": {"host": ["a"]}}, r"provenance.host=\['a'\]; expected text"),
    "computed by": ({"computed_by": {"numpy": [1]}}, r"computed_by.numpy=\[1\]; expected text"),
    "problem": ({"problem": ["a"]}, r"problem=\['a'\]; expected text"),
    "metric": ({"metric": 5}, r"metric=5; expected text"),
    "folds": ({"folds": [1]}, r"folds=\[1\]; expected a whole number"),
    "minimum": ({"known_minimum": float("nan")}, r"known_minimum=nan; expected a finite number"),
    "traits": ({"traits": {"multimodal": 1}}, r"traits.multimodal=1; expected text, true or false"),
    "a flag": ({"has_test": "no"}, r"has_test='no'; expected true or false"),
    "imported": ({"imported": {"unknown": "abc"}}, r"imported.unknown='abc'; expected a list of texts"),
    "budget": ({"config": {**CONFIG, "budget": {"trials": True}}}, r"budget.trials=True; expected a whole number"),
    "a factor": ({"config": {**CONFIG, "optimizer": {"budget_factor": 0}}}, r"budget_factor=0; expected .* from 1"),
    "space": ({"config": {**CONFIG, "model": {"space": [1]}}}, r"config.model.space=\[1\]; expected a mapping"),
    "design": ({"config": {**CONFIG, "initial_design": {"size": "x"}}}, r"initial_design=.*; expected text, or a"),
    "columns": ({"data": {"columns": [{"name": 3}]}}, r"data.columns=\[\{'name': 3\}\]; expected a list of columns"),
    "classes": (
        {"data": {"target": {"counts": [["a", -1]]}}},
        r"counts=.*; expected a list of names with whole",
    ),
    "half a letter": ({"problem": "\ud800"}, r"surrogates not allowed"),
}


@pytest.mark.parametrize(("changed", "message"), WRONG.values(), ids=WRONG)
def test_metadata_of_another_type_are_named_with_the_file(
    tmp_path: Path, changed: dict[str, Any], message: str
) -> None:
    path = put(tmp_path, **changed)
    for read in (results.read_file, results.file_metadata):
        with pytest.raises(UnreadableTable, match=message) as error:
            read(path)
        assert str(error.value).startswith(f"{path}: ")
        assert "\n" not in str(error.value)


def test_metadata_that_say_little_are_no_fault() -> None:
    assert soundness.fault_of_metadata({}) is None
    assert soundness.fault_of_metadata(dict.fromkeys(trials.metadata(RUN))) is None
    assert soundness.fault_of_metadata({"schema": 1, "of a later version": [1]}) is None


ROWS: dict[str, tuple[Callable[[pa.Table], pa.Table], str]] = {
    "missing": (lambda table: table.drop_columns(["loss"]), r"loss"),
    "a gap": (column("trial", [0, 1, 3], pa.int32()), r"not numbered 0, 1, 2, \.\.\. \(found 3 in place of 2\)"),
    "twice": (column("trial", [0, 1, 1], pa.int32()), r"not numbered"),
    "null trial": (column("trial", [0, None, 2], pa.int32()), r"null"),
    "text for numbers": (column("trial", ["0", "1", "2"], pa.string()), r"'trial' holds text values, not number"),
    "true for 1": (column("loss", [True, None, False], pa.bool_()), r"'loss' holds boolean values, not number"),
    "numbers for text": (column("configuration", [1, 2, 3], pa.int64()), r"'configuration' holds number values"),
    "seed": (column("seed", ["x"] * 3, pa.string()), r"'seed' holds text values"),
    "a list": (column("loss", [[1.0], None, [0.5]], pa.list_(pa.float64())), r"'loss' holds list<.*> values"),
    "nan": (column("test_loss", [float("nan"), None, 0.5], pa.float64()), r"values of test_loss that are not finite"),
    "infinite": (column("test_loss", [1.0, None, float("-inf")], pa.float64()), r"values of test_loss"),
    "another best": (column("best_loss", [1.0, 1.0, 0.1], pa.float64()), r"best losses so far are not those"),
    "a loss of a failure": (column("status", ["failed", "failed", "ok"], pa.string()), r"failed with one"),
    "status": (column("status", ["ok", "no\x1b", "ok"], pa.string()), r"unknown status"),
    "no seconds of a clock": (column("evaluate_seconds", [1e308] * 3, pa.float64()), r"evaluate_seconds beyond 1e\+12"),
    "no json": (column("configuration", ["{"] * 3, pa.string()), r"not a readable trial table"),
    "no mapping": (column("configuration", ["[1]"] * 3, pa.string()), r"configuration of trial 0 is no mapping"),
    "nested": (column("configuration", ['{"x":[1]}'] * 3, pa.string()), r"configuration of trial 0 is no mapping"),
}


@pytest.mark.parametrize(("change", "message"), ROWS.values(), ids=ROWS)
def test_rows_that_cannot_be_a_runs_are_named_with_the_file(tmp_path: Path, change: Any, message: str) -> None:
    path = put(tmp_path)
    rewritten(path, change)
    with pytest.raises(UnreadableTable, match=message) as error:
        results.read_file(path)
    assert str(error.value).startswith(f"{path}: ")


def test_other_widths_and_kinds_of_text_are_read_as_they_are(tmp_path: Path) -> None:
    path = put(tmp_path)
    expected, _ = results.read_file(path)
    rewritten(path, column("trial", [0, 1, 2], pa.int64()))
    rewritten(path, column("model", ["lightgbm"] * 3, pa.large_string()))
    rewritten(path, column("details", [None] * 3, pa.null()))
    table, _ = results.read_file(path)
    assert table.schema == expected.schema
    assert table.drop_columns("details") == expected.drop_columns("details")


@pytest.mark.parametrize(
    "text", [b"{", b"\xff\xfe", b"[1]", b"null", b"[" * 100_000, b'{"schema":1,"pad":"' + b"x" * 2**24 + b'"}']
)
def test_metadata_that_are_none_are_named_with_the_file(tmp_path: Path, text: bytes) -> None:
    path = put(tmp_path)
    rewritten(path, lambda table: table, {b"bench": text})
    with pytest.raises(UnreadableTable, match="not a readable trial table") as error:
        results.read_file(path)
    assert len(str(error.value)) < 600


def test_what_a_table_says_to_pandas_is_not_heard(tmp_path: Path) -> None:
    path = put(tmp_path)
    for said in (b"{", b'{"index_columns": ["loss"], "columns": 5}', b"[" * 100_000):
        rewritten(path, lambda table: table, {b"pandas": said})
        read = results.read(tmp_path, ["e"])
        assert read.trials["loss"].tolist()[::2] == [1.0, 0.5]


def in_its_place(path: Path, what: str) -> None:
    path.unlink()
    {"a pipe": lambda: os.mkfifo(path), "a folder": path.mkdir, "a link to itself": lambda: path.symlink_to(path.name)}[
        what
    ]()


@pytest.mark.parametrize("what", ["a pipe", "a folder", "a link to itself"])
def test_what_is_no_file_is_named_and_not_waited_for(tmp_path: Path, what: str) -> None:
    path = put(tmp_path)
    in_its_place(path, what)
    for read in (results.read_file, results.file_metadata):
        with pytest.raises(UnreadableTable, match="not a readable trial table"):
            read(path)


def test_a_name_of_a_file_that_is_no_seed_is_no_run(tmp_path: Path) -> None:
    path = put(tmp_path)
    for name in ("007", "\u0661", "99999999999", "x", "-1"):
        path.with_name(f"{name}.parquet").write_bytes(path.read_bytes())
    assert list(results.find(tmp_path, "e")) == [RUN]


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The table of a run, in the current folder."""
    monkeypatch.chdir(tmp_path)
    assert bench("run", "dataset=wine", "optimizer=random", "model.settings.rounds=3", "budget.trials=3", "name=e") == 0
    return Path("results/e/wine/lightgbm/random/0.parquet")


@pytest.mark.parametrize(
    ("change", "metadata", "message"),
    [
        (column("configuration", ['{"q":1}'] * 3, pa.string()), {}, "configuration of trial 0 is none of its space"),
        (column("trial", [0, 1, 1], pa.int32()), {}, "not numbered"),
        (lambda table: table, {"config": None}, "config=None: expected a mapping"),
        (lambda table: table, {"provenance": {"threads": "x"}}, "provenance.threads='x'"),
    ],
)
def test_verify_names_the_table(
    made: Path, capsys: pytest.CaptureFixture[str], change: Any, metadata: dict[str, Any], message: str
) -> None:
    entry = json.loads(pq.read_schema(made).metadata[b"bench"]) | metadata
    rewritten(made, change, {b"bench": json.dumps(entry).encode()})
    capsys.readouterr()
    assert bench("verify", "e") == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert message in lines[0]
    assert "e/wine/lightgbm/random/0" in lines[0]


LADDERED: dict[str, tuple[str, list[Any], str]] = {
    "no rung": ("fidelity", [34, 100, 100], "has the fidelity 34, which is no rung of its ladder"),
    "a full loss below": ("fidelity", [33, 33, 100], "has a loss at full fidelity below it, or a partial one at it"),
    "a partial loss at full": ("fidelity", [100, 100, 100], "has a loss at full fidelity below it"),
    "a partial loss of no fidelity": ("fidelity", [None, 100, 100], "has a loss at full fidelity below it"),
    "from above": ("continues", [100, 0, 0], "goes on from a fidelity above its own"),
    "from nowhere": ("continues", [-1, 0, 0], "goes on from a fidelity above its own"),
    "another incumbent": ("best_loss", [0.6, 0.5, 0.5], "best losses are not those of its losses at full fidelity"),
    "an unpaid one": ("incumbent_uncharged", [True, True, False], "evaluated fully, and is said to be uncharged"),
    "a cost below 0": ("cost", [-0.1, 1.0, 1.0], "has a cost that is no number from 0"),
    "several losses": ("losses", ["", None, None], "has several losses of a trial, and its run has one"),
    "a proposal twice": ("proposal", [0, 0, 2], "has a proposal twice"),
}


@pytest.mark.parametrize(("name", "values", "message"), LADDERED.values(), ids=LADDERED)
def test_rows_that_are_not_of_their_ladder_are_named(
    tmp_path: Path, name: str, values: list[Any], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    made = [Trial('{"x":0.1}', 33, 0.9, 0.6), Trial('{"x":0.2}', 100, 0.5), Trial('{"x":0.3}', 100, 0.4)]
    put_ladder(tmp_path / "results", RUN, made, 2.4)
    path = RUN.path(tmp_path / "results")
    assert bench("best", "e", "--results-dir", tmp_path / "results") == 0
    trials.rewrite(path, **{name: values})
    capsys.readouterr()
    assert bench("best", "e", "--results-dir", tmp_path / "results") == 2
    assert message in (said := capsys.readouterr().err)
    assert "delete it and run its experiment again" in said
    assert bench("report", "e", "--results-dir", tmp_path / "results", "--reports-dir", tmp_path) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("rungs", [[100], [33, 4, 100], [33, 33, 100], [0, 100]])
def test_a_ladder_that_is_none_is_named(tmp_path: Path, rungs: list[int], capsys: pytest.CaptureFixture[str]) -> None:
    ladder = {"unit": "rounds", "rungs": rungs, "eta": 3}
    put_ladder(tmp_path, RUN, [Trial('{"x":0.2}', 100, 0.5)], 1, ladder)
    assert bench("best", "e", "--results-dir", tmp_path) == 2
    assert f"its ladder has the rungs {rungs}" in capsys.readouterr().err


def test_partial_losses_without_a_ladder_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put_ladder(tmp_path, RUN, [Trial('{"x":0.1}', 33, 0.9, 0.6)], 1)
    trials.rewrite(RUN.path(tmp_path), metadata={"fidelity": None})
    for command in (["best"], ["report", "--reports-dir", tmp_path / "reports"]):
        assert bench(command[0], "e", *command[1:], "--results-dir", tmp_path) == 2
        assert "has the fidelity 33, which is no rung of its ladder" in capsys.readouterr().err
