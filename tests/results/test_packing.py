"""`bench pack`: what is read is the same to the bit, wherever packing is stopped; packs that are wrong are named."""

import hashlib
import json
import math
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import trials
from commands import bench
from hypothesis import given
from hypothesis import strategies as st
from ladder_tables import Trial, put_ladder
from pictures import leave_undrawn

from bench import results
from bench.results import RunId, configurations, packing
from bench.space import to_json

PACK = Path("e/iris/lightgbm/random.parquet")
CONFIGURATIONS: list[dict[str, Any]] = [
    {"a": 0.1, "n": 3, "kind": "adam", "ümlaut/~": 1.0},
    {"a": 1e-05, "kind": None, "mixed": 1, "ümlaut/~": -0.0},
    {"a": 1e16, "n": 2**63 - 1, "kind": 'a"b', "mixed": 0.5},
    {},
    {"a": 5e-324, "big": 2**64, "mixed": True},
]
"""Conditional, of several kinds, in values that two libraries may write in two ways."""


def run(seed: int) -> RunId:
    return RunId("e", "iris", "lightgbm", "random", seed)


def put(folder: Path, seed: int, losses: list[float | None], key_prefix: str = "", **of_rows: list[Any]) -> None:
    """One run, with the keys that the store would have; `of_rows` has other values of columns."""
    rows = trials.trial_rows(run(seed), losses, [None if loss is None else loss / 3 for loss in losses])
    for number, row in enumerate(rows):
        configuration = CONFIGURATIONS[(number + seed) % len(CONFIGURATIONS)]
        row["configuration"] = to_json(configuration)
        in_any_order = to_json(dict(sorted(configuration.items())))
        row["evaluation"] = (
            hashlib.sha256(f"{key_prefix}{in_any_order}".encode()).hexdigest() if key_prefix else f"{number:064x}"
        )
        row |= {name: values[number] for name, values in of_rows.items()}
    about = trials.metadata(run(seed), len(losses), key_prefix=key_prefix or None, problem=f"p{seed}")
    results.write_run(run(seed).path(folder), rows, about)


def contents(folder: Path) -> dict[RunId, tuple[list[dict[str, Any]], str, pa.Schema]]:
    """All that there is, in a form in which NaN is NaN and the sign of 0 and the order of metadata count."""
    every = {}
    for name in results.find(folder, "e"):
        table, about = results.read_run(folder, name)
        rows = [{key: repr(value) for key, value in row.items()} for row in table.to_pylist()]
        every[name] = rows, json.dumps(about), table.schema
    return every


def test_all_kinds_of_runs_come_out_as_they_were_and_can_be_unpacked(tmp_path: Path, capsys) -> None:
    put(tmp_path, 0, [None, 0.0, -0.0, 0.25], "ab", error=["a\nb", None, None, None], details=["{}", "[1]", "{}", None])
    put(tmp_path, 10, [None, None], "cd", ask_seconds=[math.nan, 1e-300], cached=[True, False])
    put(tmp_path, 2, [])
    ladder = [Trial('{"y":0.5,"x":1e-07}', 4, 0.5, 0.4), Trial('{"y":0.5,"x":0.25}', 100, 0.3)]
    put_ladder(tmp_path, run(7), ladder, 2)
    before, files = contents(tmp_path), {path: path.read_bytes() for path in tmp_path.rglob("*.parquet")}
    assert bench("pack", "e", "--results-dir", tmp_path) == 0
    assert "e: 4 runs packed into one file: " in capsys.readouterr().out
    assert [path.relative_to(tmp_path) for path in tmp_path.rglob("*.parquet")] == [PACK]
    assert contents(tmp_path) == before
    assert results.read_run(tmp_path, run(10), ["loss", "cost"])[0]["cost"].to_pylist() == [1.0, 1.0]
    assert results.read_end(tmp_path, run(0), ["best_loss"])[0] == {"best_loss": 0.0}
    assert bench("pack", "e", "--results-dir", tmp_path, "--undo") == 0
    assert {path: path.read_bytes() for path in tmp_path.rglob("*.parquet")} == files


def test_what_follows_from_the_rest_is_left_out_and_what_does_not_is_kept(tmp_path: Path) -> None:
    put(tmp_path, 0, [0.5, None, 0.25], "ab")
    put(tmp_path, 1, [0.5, None, 0.25], "cd")
    packing.pack(tmp_path, "e")
    assert not {"evaluation", "configuration", "best_loss", "incumbent_test_loss"} & set(
        pq.read_schema(tmp_path / PACK).names
    )
    # Of equals another is the incumbent, a key is of another version, text is JSON that nobody here writes.
    put(tmp_path, 2, [0.5, 0.5, 0.25], "ef", incumbent_test_loss=[0.5, 0.25, 0.25])
    put(tmp_path, 3, [0.5], "ef", evaluation=["0" * 64])
    put(tmp_path, 4, [0.5], "ef", configuration=['{ "a": 0.10 }'])
    before = contents(tmp_path)
    packing.pack(tmp_path, "e")
    assert {"evaluation", "configuration", "incumbent_test_loss"} < set(pq.read_schema(tmp_path / PACK).names)
    assert contents(tmp_path) == before


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False) | st.floats(1e-5, 1e5), min_size=1))
def test_floats_are_written_as_configurations_have_them(values: list[float]) -> None:
    columns = {"x": pa.array(values), "y": pa.array([None, *values[1:]], pa.float64())}
    expected = [to_json({"x": value} | ({"y": value} if number else {})) for number, value in enumerate(values)]
    assert configurations.joined(columns, len(values)).to_pylist() == expected


def test_new_seeds_and_runs_made_again_count_before_what_is_packed_and_are_merged(tmp_path: Path) -> None:
    for seed in (0, 1, 2):
        put(tmp_path, seed, [0.5, 0.25], "ab")
    at_once = tmp_path / "at once"
    for folder in (tmp_path, at_once):
        put(folder, 1, [0.75], "ab")
        put(folder, 11, [0.5], "ab")
    for seed in (0, 2):
        put(at_once, seed, [0.5, 0.25], "ab")
    put(tmp_path, 1, [0.125], "ab")
    packing.pack(tmp_path, "e")
    put(tmp_path, 1, [0.75], "ab")
    assert results.read_run(tmp_path, run(1))[0]["loss"].to_pylist() == [0.75]
    for folder in (tmp_path, at_once):
        packing.pack(folder, "e")
    assert (tmp_path / PACK).read_bytes() == (at_once / PACK).read_bytes()


def in_child(work: Callable[[], object], event: Callable[[str, tuple[Any, ...]], object]) -> int:
    """Do something in a process of its own, in which `event` is called before each step that Python audits."""
    child = os.fork()
    if not child:
        sys.addaudithook(event)
        try:
            work()
        except BaseException:  # noqa: BLE001 - the child must not go on with the tests
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@pytest.mark.parametrize("work", [packing.pack, pytest.param(packing.unpack, marks=pytest.mark.exhaustive)])
def test_killed_at_any_step_nothing_is_lost_and_the_next_ends_with_the_same(
    tmp_path: Path, work: Callable[[Path, str], object]
) -> None:
    def begun(folder: Path) -> Path:
        """Three runs packed, one of them made again, and a new one."""
        for seed in (0, 1, 2):
            put(folder, seed, [0.5, 0.25], "ab")
        packing.pack(folder, "e")
        put(folder, 1, [0.75, None], "ab")
        put(folder, 3, [0.125], "ab")
        return folder

    def files(folder: Path) -> dict[Path, bytes]:
        every = (path for path in folder.rglob("*") if path.is_file() and path.name != packing.LOCK)
        return {path.relative_to(folder): path.read_bytes() for path in every}

    expected = contents(begun(tmp_path / "whole"))
    work(tmp_path / "whole", "e")
    ended, status, kill_at = files(tmp_path / "whole"), 9, 0
    while status == 9:
        folder, steps, kill_at = begun(tmp_path / str(kill_at)), 0, kill_at + 1

        def event(name: str, arguments: tuple[Any, ...]) -> None:
            nonlocal steps
            if name in ("open", "os.rename", "os.remove", "os.rmdir", "os.mkdir") and str(folder) in str(arguments[0]):  # noqa: B023
                steps += 1
                if steps == kill_at:  # noqa: B023
                    os._exit(9)

        status = in_child(lambda: work(folder, "e"), event)  # noqa: B023
        assert contents(folder) == expected
        work(folder, "e")
        assert files(folder) == ended
    assert status == 0
    assert kill_at > 6


def test_a_run_made_again_while_it_is_packed_stays(tmp_path: Path) -> None:
    put(tmp_path, 0, [0.5], "ab")
    put(tmp_path / "later", 0, [0.25], "ab")
    there, later = run(0).path(tmp_path), run(0).path(tmp_path / "later")

    def event(name: str, arguments: tuple[Any, ...]) -> None:
        if name == "os.rename" and str(arguments[0]) == str(there):
            os.replace(later, there)  # noqa: PTH105 - what comes at the last moment

    assert in_child(lambda: packing.pack(tmp_path, "e"), event) == 0
    assert (tmp_path / PACK).exists()
    assert results.read_run(tmp_path, run(0))[0]["loss"].to_pylist() == [0.25]


def test_a_table_that_cannot_be_relied_on_stays_as_it_is(tmp_path: Path, capsys) -> None:
    put(tmp_path, 0, [0.5], "ab")
    put(tmp_path, 1, [0.5], "ab", best_loss=[0.25])
    put(tmp_path, 2, [0.5], "ab", optimizer=["grid"])
    before = [run(seed).path(tmp_path).read_bytes() for seed in (1, 2)]
    assert bench("pack", "e", "--results-dir", tmp_path) == 0
    told = capsys.readouterr().out
    assert "left as it is: e/iris/lightgbm/random/1.parquet: its best losses so far are not" in told
    assert "left as it is: e/iris/lightgbm/random/2.parquet: its rows are of optimizer grid" in told
    assert [run(seed).path(tmp_path).read_bytes() for seed in (1, 2)] == before
    assert list(results.find(tmp_path, "e").values()) == [
        tmp_path / PACK,
        *(run(seed).path(tmp_path) for seed in (1, 2)),
    ]


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "no pack": ({"packed": None}, "a pack of version None, this one reads 1"),
    "of a later version": ({"packed": 2}, "a pack of version 2, this one reads 1"),
    "a place": ({"place": {"experiment": "e"}}, "it does not say its place"),
    "a constant": ({"constant": {"status": 5}}, "the values of its constant columns are none of theirs"),
    "null where none may be": (
        {"constant": {"initial": None}},
        "the values of its constant columns are none of theirs",
    ),
    "left out": ({"derived": ["loss"]}, "it leaves out columns that follow from no other"),
    "a column": ({"derived": []}, "holds|Field"),
    "runs": ({"runs": {"0": {}, "1": {}, "2": {}}}, "it does not say which runs it has"),
    "seeds": ({"runs": {"0": {}, "-1": {}}}, "have runs.-1; expected seeds"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_pack_that_is_wrong_is_named(tmp_path: Path, name: str) -> None:
    change, message = WRONG[name]
    for seed in (0, 1):
        put(tmp_path, seed, [0.5], "ab")
    packing.pack(tmp_path, "e")
    with pq.ParquetFile(tmp_path / PACK) as file:
        groups = [file.read_row_group(number) for number in range(2)]
        about = json.loads(file.metadata.metadata[b"bench"]) | change
    with pq.ParquetWriter(tmp_path / PACK, groups[0].schema, store_schema=False) as writer:
        writer.add_key_value_metadata({"bench": json.dumps(about)})
        for group in groups:
            writer.write_table(group)
    with pytest.raises(results.DamagedTable, match=f"random.parquet: not a readable trial table .*{message}"):
        results.find(tmp_path, "e")


def test_a_moved_pack_is_not_taken_for_its_place(tmp_path: Path, capsys) -> None:
    put(tmp_path, 0, [0.5, 0.25], "ab")
    packing.pack(tmp_path, "e")
    (tmp_path / PACK).rename(tmp_path / PACK.with_name("grid.parquet"))
    assert bench("best", "e", "--results-dir", tmp_path) == 2
    assert "its rows are of optimizer random: move it back" in capsys.readouterr().err
    assert bench("pack", "e", "--undo", "--results-dir", tmp_path) == 2
    assert "its rows are of optimizer random: move it back" in capsys.readouterr().err


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


SWEEP = ["run", "-m", "dataset=wine", "model=logistic_regression", "budget.trials=3", "name=e", "engine.workers=1"]


def test_every_verb_says_the_same_of_packed_runs(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    leave_undrawn(monkeypatch)

    def told() -> dict[str, Any]:
        """What each verb writes, and the files that `fit` does."""
        words = {}
        for verb in ("status", "best", "best --full", "verify"):
            capsys.readouterr()
            name, *options = verb.split()
            assert bench(name, "e", *options) == 0
            words[verb] = capsys.readouterr()
        assert bench("fit", "e", "--out", "model", "--overwrite") == 0
        # But a zip, which holds when it was written, and its hash.
        saved = (path for path in Path("model").rglob("*") if path.is_file() and path.suffix in (".py", ".md", ".txt"))
        return words | {path.name: path.read_bytes() for path in saved}

    assert bench(*SWEEP, "optimizer=random,optuna_tpe", "seed=0,1") == 0
    assert bench("report", "e") == 0
    before = told()
    assert bench("pack", "e") == 0
    assert told() == before
    assert bench("report", "e", "--check") == 0
    # A sweep over packed runs finds them done, adds its own, and packs them where it is to.
    capsys.readouterr()
    assert bench(*SWEEP, "optimizer=random,optuna_tpe", "seed=0,1,2", "results.pack=true") == 0
    assert "e: 2 runs packed into 2 files: " in capsys.readouterr().err
    assert len(list(folder.glob("results/**/*.parquet"))) == 2
    assert [name.seed for name in results.find(Path("results"), "e")] == [0, 1, 2] * 2
    capsys.readouterr()
    assert bench(*SWEEP[:-2], "name=e", "budget.trials=2", "optimizer=random", "seed=0") == 2
    assert "finished before with another config, which differs in budget.trials" in capsys.readouterr().err


def test_a_damaged_pack_is_set_aside_and_its_runs_made_again_from_the_store(folder: Path, capsys) -> None:
    sweep = [
        "run",
        "-m",
        "dataset=function",
        "model=branin",
        "optimizer=random",
        "seed=0,1",
        "budget.trials=3",
        "name=e",
    ]
    assert bench(*sweep, "engine.workers=1", "results.pack=true") == 0
    pack = Path("results/e/function/branin/random.parquet")
    whole = pack.read_bytes()
    pack.write_bytes(whole[: len(whole) // 2])
    assert bench("status", "e") == 2
    assert f"{pack}: not a readable trial table" in capsys.readouterr().err
    assert bench(*sweep, "engine.workers=1") == 0
    assert "random.parquet: damaged; set aside as random.damaged and made again" in capsys.readouterr().err
    assert len(results.find(Path("results"), "e")) == 2


def test_what_cannot_be_packed_is_said(folder: Path, capsys) -> None:
    assert bench("pack", "e") == 2
    assert "experiment 'e': no finished run in" in capsys.readouterr().err
    put(Path("results"), 0, [0.5], "ab")
    assert bench("pack", "e", "--undo") == 0
    assert bench("pack", "e") == 0
    assert bench("pack", "e") == 0
    assert [line.partition(": ")[2] for line in capsys.readouterr().out.splitlines()][::2] == [
        "no run is packed; nothing to do",
        "1 run, packed before; nothing to do",
    ]
