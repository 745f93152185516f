"""What a user's code may do: each is the outcome of its trial, the run goes on, and what comes next is as it was."""

import math
import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import hostile
import pytest
from commands import bench, bench_process, table

from bench import results, texts
from bench.running import child_process
from bench.store import Store

MESSAGES = {
    "oserror": "OSError: [Errno 28] No space left on device: '/data/cache'",
    "timeout": "TimeoutError: the server did not answer",
    "memory": "MemoryError",
    "exit": "SystemExit: 0",
    "odd": "Odd: of no kind",
    "dirty": f"ValueError: {hostile.CLEANED}",
    "long": f"ValueError: {'x' * 4044} ... (cut; 20,000,012 characters in all)",
    "text": "RuntimeError: no repr",
    "flag": "TypeError: the value is np.True_, which is not a number",
    "complex": "TypeError: the value is np.complex128(1+2j), which is not a number",
    "huge": "OverflowError: int too large to convert to float",
    "deep": "RecursionError: maximum recursion depth exceeded",
}
HARMLESS = ["zero_d", "elsewhere", "mute", "close_descriptors", "deaf", "fork"]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOSTILE_LOG", str(tmp_path / "log"))
    yield tmp_path
    child_process.cool()


def arguments(*ways, **model):
    """A run that tries the ways in turn."""
    model = {"baseline": 0, "stored": "true"} | model
    points = ["optimizer=random", "optimizer.class=hostile.Points", f"+optimizer.settings={{points: {len(ways)}}}"]
    function = ["dataset=function", "model=branin", "model.name=hostile", "model.function=hostile.f"]
    function += ["~model.space", "+model.space={x: {type: float, low: 0.0, high: 1.0}}", "model.minimum=null"]
    function += [f"+model.settings={{ways: [{','.join(ways)}]}}", f"budget.trials={len(ways)}"]
    return ["run", *function, *points, *(f"model.{key}={value}" for key, value in model.items())]


def trials(folder, name="scratch"):
    return table(folder, f"{name}/function/hostile/random/0")


def calls(folder):
    return len((folder / "log").read_text().split())


# --- what is raised, and what is left ---------------------------------------------------------------------------------


def test_what_is_raised_or_returned_is_an_outcome_and_blames_no_disk(folder, capsys):
    ways = [*MESSAGES, "well"]
    assert bench(*arguments(*ways)) == 0
    rows = trials(folder)
    assert rows["error"].tolist()[:-1] == list(MESSAGES.values())
    assert list(rows["status"]) == ["failed"] * len(MESSAGES) + ["ok"]
    printed = capsys.readouterr().err
    assert "make room" not in printed
    assert bench("status", "scratch") == 0
    printed = capsys.readouterr().out
    assert all(len(line) < 1100 for line in printed.splitlines())
    assert not set(printed) & set("\x00\x1b\x07\udc80\u202e")


def test_what_is_changed_of_the_process_is_put_back(folder, capfd):
    before = Path.cwd(), signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM), sys.getrecursionlimit()
    stream = sys.stdout
    assert bench(*arguments(*HARMLESS)) == 0
    assert list(trials(folder)["status"]) == ["ok"] * len(HARMLESS)
    now = Path.cwd(), signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM), sys.getrecursionlimit()
    assert now == before
    assert sys.stdout is stream
    os.write(1, b"there")
    assert "there" in capfd.readouterr().out
    assert calls(folder) == len(HARMLESS)  # a copy that was forked goes no further


def test_an_interrupt_of_the_functions_own_stops_the_run(capsys):
    assert bench(*arguments("interrupt")) == 130
    assert "stopped; the same command goes on from here" in capsys.readouterr().err


@pytest.mark.slow
def test_what_ends_a_child_or_stops_it_from_answering_is_an_outcome(folder):
    ends = {
        "unnamed_signal": "the process died with signal 40",
        "hard_exit": "the process died with exit status 0",
        "cut_off": "the process closed its connection to the run",
        "leave_heir": "the process died with exit status 7",
    }
    stays = ["interrupt", "close_streams", "shallow", "alarm", "fork", "chatter", "leave_thread", "well"]
    run = arguments(*ends, "hang", *stays)
    process = bench_process(*run, "isolation=process", "trial.timeout=4", cwd=folder)
    out, err = process.communicate(timeout=240)
    assert process.returncode == 0, err
    rows = trials(folder)
    assert list(rows["status"]) == ["crashed"] * 4 + ["timeout", "failed"] + ["ok"] * 7, rows["error"].tolist()
    assert rows["error"].tolist()[:4] == list(ends.values())
    assert calls(folder) == len(ends) + 1 + len(stays) + 1  # and one for what is told of the first
    assert len(out) >= 10_000_000
    heirs = subprocess.run(
        ["pgrep", "-f", f"child_process {process.pid} "], capture_output=True, text=True, check=False
    )
    assert not heirs.stdout.strip()


@pytest.mark.slow
def test_a_thread_that_never_ends_does_not_hold_the_command_up(folder):
    process = bench_process(*arguments("leave_thread", "well"), cwd=folder)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    assert list(trials(folder)["status"]) == ["ok", "ok"]


# --- doors at which code comes in -------------------------------------------------------------------------------------

LINES = {
    "sys.exit(0)": "SystemExit: 0",
    "os._exit(0)": "SystemExit: os._exit(0) was called",
    "raise ConnectionError('away')": "ConnectionError: away",
    "raise type('Odd', (BaseException,), {})('odd')": "Odd: odd",
}
BODY = """import os, sys
from bench.optimizers.random_search import RandomSearch
class Built(RandomSearch):
    def __init__(self, *_): {0}
class Asked(RandomSearch):
    def ask(self): {0}
class Told(RandomSearch):
    def tell(self, *_, **__): {0}
class Model:
    def __init__(self, task, classes): {0}
class Function:
    def __init__(self): {0}
def load(): {0}
"""
DOORS = {
    "optimizer.class=doors.Built": (1, "scratch/function/branin/random/0: optimizer.class=doors.Built: raised {0}"),
    "optimizer.class=doors.Asked": (1, "trial 0: the optimizer raised in ask: {0}"),
    "optimizer.class=doors.Told": (1, "trial 0: the optimizer raised in tell: {0}"),
    "model.function=doors.Function": (2, "model.function=doors.Function: raised {0} at {1}, line 12"),
    "dataset=wine model=lightgbm model.class=doors.Model ~model.settings": (
        2, "model.class=doors.Model: raised {0} at {1}, line 10",
    ),
    "dataset=wine model=lightgbm dataset.load=doors.load ~dataset.path": (
        2, "dataset.load=doors.load: raised {0} at {1}, line 13",
    ),
}  # fmt: skip


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize(("line", "reason"), LINES.items())
def test_what_code_raises_at_a_door_is_one_line_and_no_success(folder, capsys, monkeypatch, door, line, reason):
    path = folder / "doors.py"
    path.write_text(BODY.format(line))
    sys.modules.pop("doors", None)
    monkeypatch.syspath_prepend(folder)
    status, message = DOORS[door]
    overrides = [word for word in door.split() if not word.startswith("~dataset.path")]
    function = [] if "dataset=wine" in door else ["dataset=function", "model=branin", "model.minimum=null"]
    assert bench("run", *function, "optimizer=random", "budget.trials=2", *overrides) == status
    printed = capsys.readouterr().err
    assert message.format(reason, path) in printed
    assert "Traceback" not in printed
    assert "make room" not in printed


@pytest.mark.parametrize("line", ["sys.exit(0)", "os._exit(0)"])
def test_an_optimiser_that_ends_the_process_is_listed_and_checked(folder, capsys, monkeypatch, line):
    (folder / "doors.py").write_text(BODY.format(line))
    sys.modules.pop("doors", None)
    (folder / "mine/optimizer").mkdir(parents=True)
    for name in ("Built", "Asked"):
        (folder / f"mine/optimizer/{name.lower()}.yaml").write_text(f"name: {name.lower()}\nclass: doors.{name}\n")
    assert bench("list", "optimizers", "--config-dir", "mine") == 0
    listed = capsys.readouterr().out
    assert f"not available: building it raised {LINES[line]}" in " ".join(listed.split())
    assert "random" in listed
    assert bench("check", "asked", "--config-dir", "mine", "--examples", "1", "--trials", "2", "--limit", "0") == 1
    assert f"ask raised {LINES[line]}" in capsys.readouterr().out


def test_a_mistake_of_syntax_is_told_where_it_is(folder, capsys, monkeypatch):
    (folder / "imports_it.py").write_text("\nimport with_a_mistake\n")
    (folder / "with_a_mistake.py").write_text("x = 1\n\n\ndef f(:\n")
    monkeypatch.syspath_prepend(folder)
    assert bench("run", "dataset=function", "model=branin", "model.function=imports_it.f", "budget.trials=1") == 2
    place = f"SyntaxError: invalid syntax at {folder / 'with_a_mistake.py'}, line 4"
    assert capsys.readouterr().err == f"bench: model.function=imports_it.f: importing imports_it raised {place}\n"


# --- no objective outside the limits ----------------------------------------------------------------------------------


def told(folder, *more, ways=("oserror", "well", "odd", "zero_d")):
    assert bench(*arguments(*ways), *more) == 0
    return list(hostile.Points.told)


def test_the_baseline_is_the_same_in_a_child_and_here(folder):
    here = told(folder, "name=here")
    apart = told(folder, "name=apart", "isolation=process", "trial.timeout=60", "store=sqlite:///apart.sqlite")
    assert here == apart
    assert here[0][1]
    assert math.isfinite(here[0][0])
    of_metadata = []
    for name, where in (("a", []), ("b", ["isolation=process", "store=sqlite:///other.sqlite"])):
        assert bench(*arguments("oserror", "well", "odd", "zero_d", baseline=7), *where, f"name={name}") == 0
        of_metadata.append(results.file_metadata(folder / f"results/{name}/function/hostile/random/0.parquet"))
    assert of_metadata[0]["baseline_loss"] == of_metadata[1]["baseline_loss"]


@pytest.mark.slow
def test_a_run_that_begins_with_a_crash_goes_on_and_one_whose_every_point_hangs_ends(folder):
    ways = ("abort", "well", "abort", "well")  # the first point drawn for a baseline is 0.64, which kills as well
    assert bench(*arguments(*ways), "isolation=process") == 0
    assert list(trials(folder)["status"]) == ["crashed", "ok", "crashed", "ok"]
    assert hostile.Points.told[0] == (0.5, True)
    made = calls(folder)
    assert bench(*arguments(*ways), "isolation=process", "name=again") == 0
    assert calls(folder) == made  # the baseline is served by the store as trials are
    assert bench(*arguments("hang", "hang"), "isolation=process", "trial.timeout=0.3", "name=hangs") == 0
    assert list(trials(folder, "hangs")["status"]) == ["timeout", "timeout"]
    assert hostile.Points.told[0] == (0.0, True)  # the documented value where no point has one
    assert calls(folder) - made == 2 + 10  # and not 10 for each point that a baseline asks for


def test_a_stated_minimum_is_checked_within_the_limits(folder, capsys):
    minimum = ["model.minimum={loss: 0.5, at: [{x: 0.25}]}", "isolation=process", "trial.timeout=2"]
    for way, reason in (("abort", "the process died with signal SIGKILL"), ("hang", "it took longer than")):
        run = [word for word in arguments(way, "well") if word != "model.minimum=null"]
        assert bench(*run, *minimum) == 2
        printed = capsys.readouterr().err
        assert f'model.minimum: loss is 0.5, but at {{"x":0.25}} {reason}' in printed
    run = [word for word in arguments("well", "well") if word != "model.minimum=null"]
    assert bench(*run, *minimum, "optimizer.settings.points=2") == 0


# --- texts ------------------------------------------------------------------------------------------------------------


def test_what_a_user_types_is_shown_without_what_acts(folder, capsys):
    assert bench("status", "\x1b]0;title\x07\u202eno\nsuch\x00") == 2
    assert bench("run", "name=\x1b[2J\x9b5m") == 2
    assert bench("report", "x\x1b[31m\r\x08") == 2
    printed = capsys.readouterr().err
    assert printed.count("\n") == 3
    assert not set(printed) & set("\x00\x1b\x07\x08\r\x9b\u202e")


def test_a_config_is_printed_without_what_acts(folder, capsys):
    (folder / "mine/budget").mkdir(parents=True)
    (folder / "mine/budget/m.yaml").write_text('name: m\ntrials: 1\nnote: "\\e[31m\\u202etxt"\n')
    assert bench("run", "budget=m", "--cfg", "job", "--config-dir", "mine") == 0
    printed = capsys.readouterr().out
    assert not set(printed) & set("\x1b\u202e")
    assert "txt" in printed


def test_an_optimisers_message_is_cleaned_and_cut(folder, capsys, monkeypatch):
    (folder / "loud.py").write_text(
        "from hostile import DIRTY\nclass Loud:\n    def __init__(self, *_): ...\n"
        "    def ask(self): raise ValueError(DIRTY[:-12] + 'x' * 20_000_000)\n"
    )
    monkeypatch.syspath_prepend(folder)
    assert bench(*arguments("well"), "optimizer.class=loud.Loud", "~optimizer.settings") == 1
    assert bench("status", "scratch") == 0
    out, err = capsys.readouterr()
    for printed in (out, err):
        assert hostile.CLEANED.split("txt")[0] in printed
        assert not set(printed) & set("\x00\x1b\x07\udc80\u202e")
        assert len(printed) < 4000
    (run,) = Store(f"sqlite:///{folder}/results/store.sqlite").runs("scratch")
    assert len(run["error"].encode()) <= texts.STORED
    assert len(run["traceback"].encode()) <= texts.TRACEBACK
    assert "loud.py" in run["traceback"]


def test_an_old_store_with_dirty_texts_is_shown_clean(folder, capsys):
    assert bench(*arguments("odd", "well")) == 0
    dirty = "old \x00\x1b[31m\x1b]0;title\x07\u202e" + "x" * 100_000
    with sqlite3.connect(folder / "results/store.sqlite") as store:
        store.execute("update evaluations set error = ? where status = 'failed'", [dirty])
        store.execute("update runs set state = 'failed', error = ?, model = ?", [dirty, "\x1b[31m[red]m"])
    store.close()
    capsys.readouterr()
    assert bench("status", "scratch") == 0
    assert bench("store", "show") == 0
    printed = capsys.readouterr().out
    assert not set(printed) & set("\x00\x1b\x07\u202e")
    assert "[red]m" in printed
    assert r"old \x00\x1b[31m\x1b]0;title\x07\u202exxx" in printed
    assert len(printed) < 5000
    assert bench(*arguments("odd", "well"), "name=new") == 0
    assert len(trials(folder, "new")["error"][0].encode()) <= texts.STORED
