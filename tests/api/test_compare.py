"""`bench.compare`: the tables of the shell, what it leaves as it was, what it remembers, and what it refuses."""

import asyncio
import doctest
import importlib
import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import hydra
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from commands import ROOT, bench, wait_for, without_times
from hydra.core.global_hydra import GlobalHydra
from pictures import leave_undrawn

import bench as package
from bench import compare
from bench.api import comparing
from bench.errors import UserError
from bench.optimizers import Proposal
from bench.optimizers.random_search import RandomSearch

LINE = {"x": {"type": "float", "low": 0.0, "high": 1.0, "levels": 11}}
module_of_mine: Any = None
QUIET = {"progress": False, "settings": {"engine.workers": 1}}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def frame(rows: int = 60) -> pd.DataFrame:
    """Numbers with gaps, whole numbers, booleans, text with gaps, categories; classes that are text."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=rows)
    return pd.DataFrame(
        {
            "x": np.where(np.arange(rows) % 7 == 0, np.nan, x),
            "n": rng.integers(0, 9, rows) * 1000,
            "new": rng.random(rows) < 0.5,
            "text": [None if k % 11 == 0 else "None" if k % 3 else "NA, or 'so'" for k in range(rows)],
            "kind": pd.Categorical(rng.choice(["a", "b", "c"], rows), categories=["c", "b", "a", "unused"]),
            "leaves": np.where(x + rng.normal(size=rows) > 0, "yes", "no"),
        },
        index=[f"customer {k}" for k in range(rows)],
    )


def table(path: Path) -> tuple[pd.DataFrame, dict]:
    return without_times(pd.read_parquet(path)), json.loads(pq.read_schema(path).metadata[b"bench"])


# --- the shell's tables ---------------------------------------------------------------------------------------------


def test_a_frame_gives_the_tables_of_the_shell_on_its_file_and_leaves_the_program_as_it_was(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    argv, path, environment = list(sys.argv), list(sys.path), dict(os.environ)
    arguments = {
        "data": frame(),
        "target": "leaves",
        "model": {"config": "lightgbm", "settings": {"rounds": 3}},
        "optimizers": ["random", {"config": "random", "name": "again"}],
        "seeds": 2,
        "trials": 2,
        "name": "churn",
        "progress": False,
        "settings": {"engine.workers": 1, "dataset.drop": ["n"]},
    }
    (folder / "conf").mkdir()
    (folder / "conf/mine.yaml").write_text("answer: 42\n")
    with hydra.initialize_config_dir(str(folder / "conf"), version_base="1.3"):
        mine = GlobalHydra.instance().hydra
        result = compare(**arguments)
        assert GlobalHydra.instance().hydra is mine
        assert hydra.compose("mine").answer == 42
    assert (sys.argv, sys.path, dict(os.environ)) == (argv, path, environment)

    (file,) = (folder / "datasets/memory").iterdir()
    assert result.data == file
    common = ["dataset=file", f"dataset.path={file.relative_to(folder)}", "dataset.target=leaves", "dataset.name=churn"]
    common += ["dataset.drop=[n]", "model.settings.rounds=3", "seeds=paired", "seed=0,1", "budget.trials=2"]
    common += ["name=churn", "results_dir=shell", "engine.workers=1", "optimizer.name=random,again"]
    assert bench("run", "-m", *common) == 0
    mine, shells = (sorted(Path(name, "churn").rglob("*.parquet")) for name in ("results", "shell"))
    assert [each.relative_to("results") for each in mine] == [each.relative_to("shell") for each in shells]
    assert len(mine) == 4
    for own, other in zip(mine, shells, strict=True):
        (trials, metadata), (theirs, of_shell) = table(own), table(other)
        pd.testing.assert_frame_equal(trials, theirs)
        assert metadata == of_shell

    before = {each: each.read_bytes() for each in mine}
    shuffled = frame().reset_index(drop=True)  # the same rows
    again = compare(**{**arguments, "data": shuffled})
    assert {each: each.read_bytes() for each in mine} == before
    assert len(list((folder / "datasets/memory").iterdir())) == 1
    assert again.trials["configuration"].tolist() == result.trials["configuration"].tolist()
    leave_undrawn(monkeypatch)
    page = result.report()
    assert page == folder / "reports/churn/report.html"
    assert result.verdict in page.with_suffix(".md").read_text().replace("**", "").replace("\\_", "_")


# --- functions and classes ------------------------------------------------------------------------------------------


class Centre:
    """Asks for points ever nearer to the middle; of no module that a worker could import."""

    def __init__(self, space, seed, budget, step=2.0):
        self.step, self.asked = step, 0

    def ask(self):
        self.asked += 1
        return {"x": 0.5 + 0.5 / self.step**self.asked}

    def tell(self, configuration, loss, failed=False): ...


def parabola(centre: float):
    def loss(configuration):
        if configuration["x"] > 0.95:
            os._exit(3)
        return (configuration["x"] - centre) ** 2

    return loss


def test_a_function_is_remembered_by_its_code_and_values(folder: Path, recwarn: pytest.WarningsRecorder) -> None:
    optimizers = [{"class": Centre, "settings": {"step": 4.0}}, "random"]
    arguments = {"space": LINE, "optimizers": optimizers, "seeds": [7], "trials": 4, "name": "line", "progress": False}
    arguments["settings"] = {"engine.workers": 1, "isolation": "process"}
    result = compare(objective=parabola(0.25), **arguments)
    own = result.trials[result.trials["optimizer"] == "Centre"]
    assert [json.loads(each)["x"] for each in own["configuration"]] == [0.625, 0.53125, 0.5078125, 0.501953125]
    assert own["loss"].tolist() == [(x - 0.25) ** 2 for x in (0.625, 0.53125, 0.5078125, 0.501953125)]
    assert result.best() == json.loads(result.trials.loc[result.trials["loss"].idxmin(), "configuration"])
    assert set(result.trials["seed"]) == {7}
    before = {path: path.read_bytes() for path in folder.rglob("*.parquet")}

    compare(objective=parabola(0.25), **arguments)
    assert {path: path.read_bytes() for path in folder.rglob("*.parquet")} == before
    with pytest.raises(package.UserError, match=r"^line/function/loss/.*differs in model.function; .* overwrite=true"):
        compare(objective=parabola(0.75), **arguments)
    redone = compare(objective=parabola(0.75), **{**arguments, "overwrite": True, "optimizers": optimizers[:1]})
    redone = redone.trials[redone.trials["optimizer"] == "Centre"]
    assert redone["loss"].tolist() == [(x - 0.75) ** 2 for x in (0.625, 0.53125, 0.5078125, 0.501953125)]
    assert not redone["cached"].any()
    assert not [each for each in recwarn if each.category is UserWarning]


def test_pickle_may_ask_where_objects_are_kept_for_what_it_looks_for(folder: Path) -> None:
    """It asks every module, in the order of their import, for the name of a ufunc that does not say its own."""
    handed = importlib.import_module("bench.config.handed")
    assert not hasattr(handed, "agm")
    with pytest.raises(package.UserError, match="which that call alone has"):
        getattr(handed, f"objective_{'0' * 32}")


def test_what_was_set_in_a_module_is_what_its_runs_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "constants_of_mine.py").write_text("SCALE = 1.0\n")
    monkeypatch.syspath_prepend(folder)
    module = importlib.import_module("constants_of_mine")

    def scaled(configuration):
        return module_of_mine.SCALE * configuration["x"]

    monkeypatch.setitem(globals(), "module_of_mine", module)
    losses = {}
    for value in (1.0, 3.0):
        monkeypatch.setattr(module, "SCALE", value)
        trials = compare(
            objective=scaled, space=LINE, optimizers="random", seeds=1, trials=2, name=f"s{value:g}", **QUIET
        ).trials
        losses[value] = [
            loss / json.loads(x)["x"] for loss, x in zip(trials["loss"], trials["configuration"], strict=True)
        ]
    assert losses == {1.0: [pytest.approx(1.0)] * 2, 3.0: [pytest.approx(3.0)] * 2}
    sys.modules.pop("constants_of_mine")


def test_what_cannot_be_told_from_another_version_is_said_and_never_answered_from_the_store(folder: Path) -> None:
    with (ROOT / "LICENSE").open() as file:

        def read(configuration):
            return len(file.name) + configuration["x"]

        for _ in range(2):
            with pytest.warns(
                UserWarning, match=r"objective read: uses what cannot be distinguished .*\(file, a TextIOWrapper\)"
            ):
                trials = compare(objective=read, space=LINE, optimizers="random", seeds=1, trials=2, **QUIET).trials
            assert not trials["cached"].any()


def test_failed_runs_raise_with_the_lines_of_the_shell_and_threads_and_event_loops_may_call(folder: Path) -> None:
    class Raising(RandomSearch):
        def ask(self):
            raise RuntimeError("no more ideas")

    async def within() -> str:
        with pytest.raises(package.RunsFailed) as failed:
            compare(objective=parabola(0), space=LINE, optimizers=[Raising, "random"], seeds=2, trials=1, **QUIET)
        return str(failed.value)

    messages: list[str] = []
    thread = threading.Thread(target=lambda: messages.append(asyncio.run(within())))
    thread.start()
    thread.join()
    line = "scratch/function/loss/Raising/0: trial 0: the optimizer raised in ask: RuntimeError: no more ideas"
    assert messages == [f"{line} (and 1 more runs)\n2 of 4 runs failed; the others are finished"]


SLOW = """
import time, sys, bench
def slow(configuration):
    time.sleep(0.05)
    open("evaluated", "a").write("x")
    return configuration["x"]
try:
    bench.compare(objective=slow, space={"x": {"type": "float", "low": 0, "high": 1}}, optimizers=["random"], seeds=1,
                  trials=30, settings={"engine.workers": 1})
except KeyboardInterrupt:
    sys.exit("interrupted")
print(len(open("evaluated").read()))
"""


def test_ctrl_c_ends_a_script_without_a_guard_and_the_next_call_goes_on(folder: Path) -> None:
    Path("slow.py").write_text(SLOW)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "slow.py"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    stopped = subprocess.Popen(
        command, env=environment, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler), **pipes
    )
    wait_for(lambda: Path("evaluated").exists() and len(Path("evaluated").read_text()) > 3, stopped)
    stopped.send_signal(signal.SIGINT)
    _, errors = stopped.communicate(timeout=60)
    assert errors.endswith("stopped; the same call goes on from here\ninterrupted\n"), errors
    assert not Path("results/scratch/function/slow/random/0.parquet").exists()
    done = subprocess.run(command, env=environment, check=True, **pipes)
    assert int(done.stdout) in (30, 31)  # the one that was under way is made again


# --- what it takes --------------------------------------------------------------------------------------------------


def test_the_example_of_its_docstring_holds(folder: Path) -> None:
    outcome = doctest.DocTestRunner().run(
        doctest.DocTestFinder().find(comparing.compare, globs={"compare": compare})[0]
    )
    assert outcome.attempted == 4
    assert not outcome.failed


class Halves:
    """Random search, of which every second evaluation is at the lowest of its resources."""

    def __init__(self, space, seed, budget, resources):
        self._random, self._resources, self._asked = RandomSearch(space, seed, budget), resources, 0

    def ask(self):
        self._asked += 1
        return Proposal(self._random.ask(), self._resources[-1 if self._asked % 2 else 0])

    def tell(self, proposal, loss, failed=False):
        pass


def test_an_objective_of_several_losses_names_them_and_the_best_are_its_front() -> None:
    def losses(configuration):
        return {"price": configuration["x"] ** 2, "error": (configuration["x"] - 0.5) ** 2}

    arguments = {"space": LINE, "optimizers": ["random"], "seeds": 2, "trials": 6, "objectives": ["error", "price"]}
    result = compare(objective=losses, **arguments, **QUIET)
    every = {x: losses({"x": x}) for x in (json.loads(text)["x"] for text in result.trials["configuration"])}
    front = [
        x
        for x, mine in every.items()
        if not any(other != mine and all(other[name] <= mine[name] for name in mine) for other in every.values())
    ]
    assert 1 < len(front) < len(every)
    assert result.best() == [
        {
            "configuration": {"x": x},
            "losses": {name: every[x][name] for name in ("error", "price")},
            "test_losses": {"error": None, "price": None},
        }
        for x in sorted(front, key=lambda x: every[x]["error"])
    ]
    with pytest.raises(UserError, match=r"^objectives=\['error'\]: expected a list of at least two names"):
        compare(objective=losses, **{**arguments, "objectives": ["error"]}, **QUIET)


def test_an_objective_with_a_ladder_is_called_at_its_rungs_and_the_budget_is_a_cost():
    called = []

    def objective(configuration, fidelity):
        called.append(fidelity)
        return (configuration["x"] - 0.3) ** 2 + 1 / fidelity

    ladder = {"low": 3, "high": 9, "eta": 3}
    result = compare(
        objective=objective, space=LINE, optimizers=[Halves, "random"], seeds=1, cost=4, fidelity=ladder, **QUIET
    )
    rows = result.trials[result.trials["optimizer"] == "Halves"]
    assert list(rows["fidelity"]) == [9, 3, 9, 3, 9, 3]
    assert rows["partial_loss"].notna().tolist() == [False, True] * 3
    plain = result.trials[result.trials["optimizer"] == "random"]
    assert len(plain) == 4
    assert set(plain["cost"]) == {1}
    full = result.trials.dropna(subset=["loss"])
    assert result.best() == json.loads(full.loc[full["loss"].idxmin(), "configuration"])
    with pytest.raises(UserError, match=r"^objective objective: is called with a configuration, one dict"):
        compare(objective=objective, space=LINE, optimizers=["random"], seeds=1, trials=2, **QUIET)
