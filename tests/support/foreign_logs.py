"""Logs as other libraries write them: studies of Optuna, trials of Ray Tune, NNI's database, lines of CARP-S."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import optuna
import pandas as pd
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import TrialState, create_trial

SPACE: dict[str, BaseDistribution] = {
    "lr": FloatDistribution(1e-4, 1e-1, log=True),
    "leaves": IntDistribution(8, 64, log=True),
    "share": FloatDistribution(0.5, 1.0, step=0.25),
    "act": CategoricalDistribution(["relu", None, True]),
}


def trial(value: float | None, state: TrialState = TrialState.COMPLETE, **steps: float) -> optuna.trial.FrozenTrial:
    units = {"units": 32} if value == 3.0 else {}
    return create_trial(
        state=state,
        value=value,
        params={"lr": 0.01, "leaves": 10, "share": 0.75, "act": None, **units},
        distributions=SPACE | ({"units": IntDistribution(16, 48, step=16)} if units else {}),
        user_attrs={"test": 9.0},
        intermediate_values={int(step[1:]): each for step, each in steps.items()},
    )


def fill(storage: Any, name: str, direction: str = "minimize") -> optuna.Study:
    """A study with a trial in each state: 3, pruned, failed, infinite, 2, running, 2.5."""
    study = optuna.create_study(storage=storage, study_name=name, direction=direction)
    study.add_trial(trial(3.0, s0=5.0, s7=4.0))
    study.add_trial(trial(None, TrialState.PRUNED, s4=7.0))
    study.add_trial(trial(None, TrialState.FAIL))
    study.add_trial(trial(float("inf")))
    study.add_trial(trial(2.0))
    study.ask()
    study.add_trial(trial(2.5))
    return study


def ray_trial(experiment: Path, number: int, losses: list[float], form: str, status: str = "TERMINATED") -> str:
    """A trial as the loggers of `ray.tune.logger` write one; returns its entry in the experiment's state."""
    name = f"ab12c_{number:05d}"
    config = {"lr": 0.1 / (number + 1), "net": {"units": number + 1}}
    place = experiment / f"train_{name}_{number}_lr={config['lr']:.4f}_2026-01-01_00-00-00"
    place.mkdir(parents=True)
    (place / "params.json").write_text(json.dumps(config, indent=2, sort_keys=True))
    reports = [
        {"loss": loss, "acc": 1 - loss, "timestamp": 1_700_000_000 + 2 * step, "checkpoint_dir_name": None,
         "done": False, "training_iteration": step, "trial_id": name, "date": "2026-01-01_00-00-00",
         "time_this_iter_s": 2.0,
         "time_total_s": 2.0 * step, "pid": 1, "hostname": "h", "node_ip": "127.0.0.1", "config": config,
         "time_since_restore": 2.0 * step, "iterations_since_restore": step}
        for step, loss in enumerate(losses, 1)
    ]  # fmt: skip
    if form == "json":
        (place / "result.json").write_text("".join(json.dumps(report) + "\n" for report in reports))
    (place / "result.json").touch()
    frame = pd.DataFrame([{key: value for key, value in report.items() if key != "config"} for report in reports])
    (place / "progress.csv").write_text(frame.to_csv(index=False) if reports else "")
    if status == "ERROR":
        (place / "error.txt").write_text("Traceback")
    return json.dumps({"trial_id": name, "status": status, "config": config})


NNI_TABLES = """
create table TrialJobEvent (timestamp integer, trialJobId text, event text, data text, logPath text,
    sequenceId integer, message text, environmentId text);
create table MetricData (timestamp integer, trialJobId text, parameterId text, type text, sequence integer, data text);
create table ExperimentProfile (params text, id text, execDuration integer, startTime integer, endTime integer,
    logDir text, nextSequenceId integer, revision integer);
"""
"""As NNI 3.0 makes them (nni_node/core/sqlDatabase.js)."""


def nni_database(path: Path) -> None:
    space = {
        "lr": {"_type": "loguniform", "_value": [1e-4, 0.1]},
        "n": {"_type": "randint", "_value": [1, 5]},
        "act": {"_type": "choice", "_value": ["relu", "tanh"]},
        "w": {"_type": "normal", "_value": [0, 1]},
    }
    tuner = {"name": "Anneal", "classArgs": {"optimize_mode": "maximize"}}
    outcomes = [("SUCCEEDED", 0.75), ("FAILED", None), ("EARLY_STOPPED", None), ("RUNNING", None),
                ("SUCCEEDED", {"default": 0.5, "test_loss": 0.25})]  # fmt: skip
    with closing(sqlite3.connect(path)) as database, database:
        database.executescript(NNI_TABLES)
        profile = (json.dumps({"searchSpace": space, "tuner": tuner}), "id", 1, 1, 1, "", 5, 1)
        database.execute("insert into ExperimentProfile values (?,?,?,?,?,?,?,?)", profile)
        for number, (state, value) in reversed(list(enumerate(outcomes))):
            parameters = {"lr": 0.01, "n": number % 4 + 1, "act": "relu", "w": number / 4}
            data = json.dumps({"parameter_id": number, "parameters": parameters, "parameter_index": 0})
            events = [("WAITING", data, 0), ("RUNNING", None, 1000), (state, None, 4000)]
            database.executemany(
                "insert into TrialJobEvent values (?,?,?,?,?,?,?,?)",
                [
                    (1_700_000_000_000 + t, f"j{number}", event, part, None, number, None, None)
                    for event, part, t in events
                ],
            )
            metrics = [("PERIODICAL", step, 0.125 * step) for step in range(2)] + [("FINAL", 0, value)]
            database.executemany(
                "insert into MetricData values (?,?,?,?,?,?)",
                [(0, f"j{number}", "0", kind, step, json.dumps(json.dumps(each))) for kind, step, each in metrics],
            )


def carps_line(number: int, cost: Any, status: int = 1, budget: float | None = None) -> dict[str, Any]:
    """A line as `carps.loggers.file_logger` writes it."""
    return {
        "n_trials": number, "n_function_calls": number,
        "trial_info": {"config": [0.1 * number, "a"], "instance": None, "seed": None, "budget": budget, "name": None,
                       "checkpoint": None, "additional_info": {}, "cutoff": None},
        "trial_value": {"cost": cost, "time": 0.5, "virtual_time": 0.0, "status": status, "starttime": 1_700_000_000.0,
                        "endtime": 1_700_000_000.5, "additional_info": {}},
    }  # fmt: skip
