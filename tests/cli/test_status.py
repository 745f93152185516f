"""What `bench status` says of trials: how many, how fast, and how long the runs begun will take."""

from bench.cli import status

START = "2026-01-01T00:00:00.000000+00:00"
AFTER_30_SECONDS = "2026-01-01T00:00:30.000000+00:00"


def journalled(run: str, state: str, trials: int, cached: int = 0, optimizer: str = "random") -> dict[str, object]:
    counts = {"trials": trials, "cached": cached, "alive": state == "running"}
    times = {"started_at": START, "updated_at": AFTER_30_SECONDS}
    return {"run": run, "dataset": "wine", "model": "toy", "optimizer": optimizer, "state": state, **counts, **times}


def test_the_pace_is_that_of_the_runs_under_way_and_their_goal_that_of_one_that_is_done():
    runs = [journalled("a", "done", 100, 30), journalled("b", "running", 20), journalled("c", "running", 30)]
    line = status._said_of_trials(runs)
    assert line == "150 trials, 20 % from the store, 100 a minute, about 2 min left for the runs begun"


def test_a_run_makes_as_many_trials_as_one_of_its_own_optimiser():
    """Under a budget of cost others may make many more."""
    done = [journalled("a", "done", 500, optimizer="halving"), journalled("b", "done", 40)]
    line = status._said_of_trials([*done, journalled("c", "running", 20)])
    assert line.endswith("40 a minute, about 30 s left for the runs begun")
    line = status._said_of_trials([*done, journalled("c", "running", 20, optimizer="other")])
    assert line.endswith("40 a minute, about 12 min left for the runs begun")


def test_without_a_run_that_is_done_nothing_is_said_of_the_time_left():
    assert status._said_of_trials([journalled("b", "running", 20)]) == "20 trials, 0 % from the store, 40 a minute"


def test_where_nothing_is_under_way_there_is_no_pace():
    assert status._said_of_trials([journalled("a", "done", 100)]) == "100 trials, 0 % from the store"
