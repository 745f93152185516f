"""Evaluations in a child process: whatever happens there is a trial's outcome, and the run goes on."""

import re
import signal
import sys

import psutil
import pytest
from commands import TOY, bench, bench_process, table, wait_for

from bench.errors import UserError
from bench.problems import Evaluation
from bench.running import child_process
from bench.running.child_process import Limits, limits

RUN = "scratch/wine/toy/random/0"
# It asks x = 0.5, 0.83, 0.17: the second is where the toy misbehaves.
THREE = ["optimizer.class=toy.Stubborn", "+optimizer.settings={points: 3}", "budget.trials=3"]
APART = ["run", *TOY, *THREE, "+model.settings.die_above=0.7", "isolation=process"]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TOY_LOG", str(tmp_path / "log"))
    yield tmp_path
    child_process.cool()


def fits(folder) -> int:
    return len((folder / "log").read_text().split())


@pytest.mark.slow
def test_what_ends_or_hangs_an_evaluation_is_its_outcome_and_the_run_goes_on(folder):
    six = ["optimizer.class=toy.Stubborn", "+optimizer.settings={points: 6}", "budget.trials=6"]  # 0.25 to 0.92, 0.08
    ways = ["+model.settings.die_above=0.5", "+model.settings.how=[segfault,exit,loop]", "trial.timeout=0.75"]
    assert bench("run", *TOY, *six, *ways, "isolation=process") == 0
    trials = table(folder, RUN)
    assert list(trials["status"]) == ["ok", "ok", "crashed", "crashed", "timeout", "ok"]
    assert trials["error"].dropna().tolist() == [
        "the process died with signal SIGSEGV",
        "the process died with exit status 3",
        "it took longer than trial.timeout, 0.75 s",
    ]
    assert trials["loss"].notna().tolist() == [True, True, False, False, False, True]
    assert trials["evaluate_seconds"][4] == 0.75
    assert fits(folder) == 6


@pytest.mark.slow
def test_what_uses_too_much_memory_has_crashed_and_the_run_goes_on(folder):
    assert bench(*APART, "+model.settings.how=memory", "trial.memory=1G") == 0
    trials = table(folder, RUN)
    assert list(trials["status"]) == ["ok", "crashed", "ok"]
    assert re.fullmatch(r"it used 1\d\d\d MiB of memory, and trial.memory is 1024 MiB", trials["error"][1])
    assert trials["loss"].notna().tolist() == [True, False, True]
    assert fits(folder) == 3


@pytest.mark.slow
def test_a_stored_timeout_serves_limits_no_larger_than_its_own_and_is_replaced_by_what_a_larger_one_finds(folder):
    arguments = [*APART, "+model.settings.how=loop"]
    for name, timeout, count in (("a", 0.8, 3), ("b", 0.5, 3), ("c", 1.2, 4), ("d", 1.0, 4)):
        assert bench(*arguments, f"name={name}", f"trial.timeout={timeout}") == 0
        trials = table(folder, f"{name}/wine/toy/random/0")
        assert list(trials["status"]) == ["ok", "timeout", "ok"]
        assert trials["evaluate_seconds"][1] == timeout
        assert fits(folder) == count, name


def test_the_limits_are_part_of_what_a_run_is(folder, capsys):
    assert bench("run", *TOY, *THREE, "isolation=process", "trial.timeout=60") == 0
    assert bench("run", *TOY, *THREE, "isolation=process", "trial.timeout=50") == 2
    assert "differs in trial.timeout; choose another name" in capsys.readouterr().err
    assert bench("run", *TOY, *THREE, "name=other", "isolation=process") == 0
    assert bench("run", *TOY, *THREE, "name=other") == 0  # without limits it is the same run


def test_the_results_are_those_of_the_process_itself_and_that_starts_no_child(folder, monkeypatch):
    assert bench("run", *TOY, *THREE, "isolation=process", "store=sqlite:///apart.db") == 0
    child_process.cool()
    monkeypatch.setattr(child_process, "_Child", None)
    assert bench("run", *TOY, *THREE, "name=own") == 0
    same = ["configuration", "evaluation", "loss", "test_loss", "status", "details"]
    assert table(folder, RUN)[same].equals(table(folder, "own/wine/toy/random/0")[same])


@pytest.mark.slow
def test_a_child_that_lets_no_thread_run_ends_with_its_parent(folder):
    process = bench_process(*APART, "+model.settings.how=stuck", cwd=folder, TOY_LOG=str(folder / "log"))
    wait_for(lambda: (folder / "log").exists() and fits(folder) == 2, process)
    children = psutil.Process(process.pid).children(recursive=True)
    assert children
    process.send_signal(signal.SIGKILL)
    process.communicate()
    _, alive = psutil.wait_procs(children, timeout=60)
    assert not alive


def test_a_problem_that_cannot_be_built_in_the_child_ends_the_run_with_its_reason(folder, capsys, monkeypatch):
    monkeypatch.setattr(
        child_process, "environment_of_child", lambda: {"PYTHONPATH": "/nowhere", "PYTHONSAFEPATH": "1"}
    )
    monkeypatch.setattr(child_process.sys, "executable", "/bin/false")
    assert bench("run", *TOY, *THREE, "isolation=process") == 1
    assert "the child process died with exit status 1 before it evaluated anything" in capsys.readouterr().err


@pytest.mark.parametrize(("deaths", "status"), [(2, 0), (3, 1)])
def test_a_child_that_is_killed_before_it_evaluates_is_started_again(folder, capsys, monkeypatch, deaths, status):
    program = folder / "python"
    program.write_text(
        f"#!/bin/sh\necho >> {folder}/starts\n[ $(wc -l < {folder}/starts) -gt {deaths} ] || kill -9 $$\n"
        f'exec {sys.executable} "$@"\n'
    )
    program.chmod(0o755)
    monkeypatch.setattr(child_process.sys, "executable", str(program))
    assert bench("run", *TOY, *THREE, "isolation=process") == status
    said = capsys.readouterr().err
    assert ("the child process died with signal SIGKILL before it evaluated anything" in said) == bool(status)
    assert len((folder / "starts").read_text().splitlines()) == 3
    if not status:
        assert table(folder, RUN)["status"].tolist() == ["ok"] * 3


def test_what_took_longer_has_timed_out_wherever_it_was_made():
    slow = Evaluation(0.5, None, 3.0, "ok")
    assert Limits(3.0).applied(slow) == Limits().applied(slow) == slow
    cut = Limits(2.0).applied(slow)
    assert (cut.status, cut.loss, cut.seconds) == ("timeout", None, 2.0)


def test_what_more_memory_might_have_saved_does_not_serve_it():
    spent = Evaluation(None, None, 1.0, "crashed", "too much", {"limits": {"memory": 100}})
    assert [Limits(None, most).serve(spent) for most in (99, 100, 101, None)] == [True, True, False, False]
    assert Limits().serve(Evaluation(None, None, 1.0, "crashed", "signal SIGSEGV"))


@pytest.mark.parametrize(
    ("given", "expected"), [(1000, 1000), ("1000", 1000), ("500M", 500 * 2**20), ("1.5G", 1.5 * 2**30), ("2GiB", 2**31)]
)
def test_memory_is_bytes_or_a_size(given, expected):
    assert limits({"memory": given}).memory == expected


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"memory": "much"}, "trial.memory='much': expected bytes, or a size such as 500M or 2G"),
        ({"memory": True}, "trial.memory=True: expected bytes"),
        ({"memory": 0}, "trial.memory=0: expected bytes"),
        ({"timeout": 0}, "trial.timeout=0: expected a number greater than 0"),
        ({"timeout": "5s"}, "trial.timeout='5s': expected a number"),
    ],
)
def test_what_is_no_limit_is_told(given, said):
    with pytest.raises(UserError) as error:
        limits(given)
    assert str(error.value).startswith(said)


def test_limits_without_isolation_are_refused(folder, capsys):
    assert bench("run", *TOY, "trial.timeout=5") == 2
    assert "trial.timeout=5: what is evaluated in the run's own process has no limits" in capsys.readouterr().err
    assert bench("run", *TOY, "isolation=proces") == 2
    assert "allowed: none, process (did you mean process?)" in capsys.readouterr().err
