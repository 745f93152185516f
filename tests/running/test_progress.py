"""What a display says of runs on their way: how far they are, and what is left."""

import pytest

from bench.results import RunId
from bench.running import progress
from bench.running.run import RunSpec

KEY = ("wine", "toy", "grid")


def spec(seed: int, trials: int | None = 100) -> RunSpec:
    run = RunId("e", *KEY, seed)
    budget = {"trials": trials} if trials else {"seconds": 5}
    return RunSpec(run, {"budget": budget, "optimizer": {}}, "hash", "results", "datasets", "sqlite://", 1)


def journalled(seed: int, state: str, trials: int) -> dict[str, object]:
    names = dict(zip(("dataset", "model", "optimizer"), KEY, strict=True))
    counts = {"trials": trials, "cached": 0, "failures": 0, "best_loss": 0.5}
    return {"run": str(spec(seed).run), "state": state, **names, **counts}


class Journal:
    """A store of which only the journal is read."""

    def __init__(self, *runs: dict[str, object]) -> None:
        self._runs = list(runs)

    def runs(self, _experiment: str) -> list[dict[str, object]]:
        return self._runs


@pytest.fixture
def clock(monkeypatch):
    seconds = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: seconds[0])
    return seconds


def line(watch, *runs):
    return watch.line(watch.rows(Journal(*runs)))


def test_the_time_left_is_that_of_trials_to_be_made(clock):
    watch = progress._Watch([spec(0), spec(1)], 0, {})
    clock[0] = 3.0
    assert "left" not in line(watch, journalled(0, "running", 0))
    clock[0] = 10.0
    assert line(watch, journalled(0, "running", 50)).endswith(
        "trials 50/200, 0 % from the store, 10 s elapsed, about 30 s left"
    )


@pytest.mark.parametrize("state", ["done", "failed"])
def test_trials_that_an_ended_run_never_makes_are_not_waited_for(clock, state):
    watch = progress._Watch([spec(0), spec(1)], 0, {})
    clock[0] = 3.0
    line(watch, journalled(0, "running", 0))
    clock[0] = 10.0
    assert line(watch, journalled(0, state, 20), journalled(1, "running", 80)).endswith("about 2 s left")


def test_nothing_is_left_when_all_runs_have_ended(clock):
    watch = progress._Watch([spec(0), spec(1)], 0, {})
    clock[0] = 3.0
    line(watch, journalled(0, "running", 0))
    clock[0] = 10.0
    assert "left" not in line(watch, journalled(0, "done", 12), journalled(1, "failed", 30))


def test_a_budget_of_seconds_has_no_trials_to_be_made(clock):
    watch = progress._Watch([spec(0, None)], 0, {})
    clock[0] = 3.0
    line(watch, journalled(0, "running", 1))
    clock[0] = 10.0
    text = line(watch, journalled(0, "running", 50))
    assert "trials 50," in text
    assert "left" not in text


def test_runs_of_others_in_the_same_experiment_are_not_counted(clock):
    watch = progress._Watch([spec(0)], 3, {})
    assert line(watch, journalled(0, "done", 12), journalled(7, "done", 99)).startswith("runs 4/4, trials 12/100")
