"""NNI's experiments: the database `nni.sqlite` of one, and what `nnictl experiment export` writes as JSON.

The tables, and how a trial's state follows from its events, are those of NNI 2 and 3 (`ts/nni_manager/core`).
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench import texts
from bench.errors import UserError
from bench.results.imports import logs, spaces, sqlite
from bench.results.imports.logs import Asked, Log, Trial
from bench.space import Value

TABLES = {"TrialJobEvent", "MetricData", "ExperimentProfile"}
"""What tells a database of NNI's from others."""
_ENDED = {
    "SUCCEEDED": "",
    "FAILED": "failed",
    "EARLY_STOPPED": "stopped early by the assessor",
    "USER_CANCELED": "cancelled by its user",
    "SYS_CANCELED": "cancelled by NNI",
}
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,60}")
_STATES = {*_ENDED, "UNKNOWN", "WAITING", "RUNNING"}


@dataclass
class _Job:
    state: str = "UNKNOWN"
    parameters: Any = None
    sequence: int | None = None
    start: float | None = None
    end: float | None = None
    final: Any = None
    steps: dict[int, float] = field(default_factory=dict)


def read_sqlite(path: Path, asked: Asked) -> list[Log]:
    """One run: the experiment's trials that have ended, in the order of their numbers."""
    sha256 = sqlite.digest(path)
    with sqlite.readable(path) as uri, sqlite.rows(path, uri) as database:
        jobs: dict[str, _Job] = {}
        for job, event, stamp, data, sequence in database.execute(
            "SELECT trialJobId, event, timestamp, data, sequenceId FROM TrialJobEvent ORDER BY rowid"
        ):
            if job:
                _follow(jobs.setdefault(str(job), _Job()), str(event), stamp, data, sequence)
        for job, kind, step, data in database.execute(
            "SELECT trialJobId, type, sequence, data FROM MetricData ORDER BY rowid"
        ):
            if str(job) in jobs:
                _measured(jobs[str(job)], str(kind), step, data, asked)
        profile = _profile(database.execute("SELECT params FROM ExperimentProfile ORDER BY revision DESC").fetchone())
    ended = [job for job in jobs.values() if job.state in _ENDED and job.parameters is not None]
    ended.sort(key=lambda job: math.inf if job.sequence is None else job.sequence)
    tuner = _mapping(profile.get("tuner"))
    name = tuner.get("name") or tuner.get("builtinTunerName")
    mode = _mapping(tuner.get("classArgs")).get("optimize_mode") or profile.get("optimize_mode")
    return [Log(
        file=path.name,
        sha256=sha256,
        source="NNI's database",
        trials=[_trial(number, job, asked) for number, job in enumerate(ended)],
        title=path.stem,
        names={"optimizer": name.lower()} if isinstance(name, str) and _NAME.fullmatch(name) else {},
        space=_space(profile.get("searchSpace")),
        maximized={"maximize": True, "minimize": False}.get(str(mode)),
        remarks=logs.left_out(len(jobs) - len(ended), "not finished"),
    )]  # fmt: skip


def read_json(path: Path, asked: Asked, content: bytes, entries: Sequence[Any]) -> list[Log]:
    """One run: what `nnictl experiment export --type json` lists, the trials that succeeded."""
    trials = []
    for place, entry in enumerate(entries):
        if not isinstance(entry, Mapping) or not isinstance(entry.get("parameter"), Mapping):
            raise UserError(
                f"{path}: entry {place} is no trial of NNI's; expected what 'nnictl experiment export' writes"
            )
        raw = entry.get("intermediate")
        steps = [_number(_decoded(each), asked) for each in raw] if isinstance(raw, list) else []
        value, why = _final(_decoded(entry.get("value")), asked)
        trials.append(Trial(
            place=f"entry {place}",
            value=value,
            why=why,
            test=_test(_decoded(entry.get("value")), asked),
            configuration=logs.flat(entry["parameter"]),
            steps={step: number for step, number in enumerate(steps) if number is not None},
        ))  # fmt: skip
    remark = "trials that did not succeed are not in what NNI exports, so that the budget is unknown"
    return [Log(path.name, logs.hashed(content), "NNI's export", trials, path.stem, remarks=(remark,))]


def _follow(job: _Job, event: str, stamp: Any, data: Any, sequence: Any) -> None:
    """Bring a trial to the state that it has after an event."""
    time = logs.finite(stamp)
    if event in ("RUNNING", "WAITING") and (event == "RUNNING" or job.start is None):
        job.start = time
    if event in _ENDED:
        job.end = time
    job.state = "USER_CANCELED" if event == "USER_TO_CANCEL" else event if event in _STATES else job.state
    if job.sequence is None and isinstance(sequence, int):
        job.sequence = sequence
    parameters = _mapping(_decoded(data)).get("parameters")
    if isinstance(parameters, Mapping) and job.parameters is None:
        job.parameters = parameters


def _measured(job: _Job, kind: str, step: Any, data: Any, asked: Asked) -> None:
    value = _decoded(data)
    if kind == "FINAL" and job.final is None:
        job.final = value
    number = _number(value, asked)
    if kind == "PERIODICAL" and number is not None and isinstance(step, int):
        job.steps[step] = number


def _trial(number: int, job: _Job, asked: Asked) -> Trial:
    place = f"trial {number if job.sequence is None else job.sequence}"
    value, why = (None, _ENDED[job.state]) if job.state != "SUCCEEDED" else _final(job.final, asked)
    start, end = (logs.moment(None if stamp is None else stamp / 1000) for stamp in (job.start, job.end))
    return Trial(
        place=place,
        value=value,
        why=why,
        test=None if value is None else _test(job.final, asked),
        seconds=logs.seconds_between(start, end),
        started_at=start,
        configuration=logs.flat(job.parameters),
        steps=job.steps,
    )


def _final(metric: Any, asked: Asked) -> tuple[float | None, str]:
    if isinstance(metric, Mapping):
        metric = metric.get(asked.theirs("value") or "default")
    try:
        return logs.observed(metric)
    except ValueError:
        return None, "its final result is not a number"


def _number(metric: Any, asked: Asked) -> float | None:
    return logs.finite(metric.get(asked.theirs("value") or "default") if isinstance(metric, Mapping) else metric)


def _test(metric: Any, asked: Asked) -> float | None:
    return logs.finite(metric.get(asked.theirs("test_loss") or "test_loss")) if isinstance(metric, Mapping) else None


def _decoded(data: Any) -> Any:
    """What NNI's texts hold; its metrics are JSON within JSON."""
    for _ in range(3):
        if not isinstance(data, str):
            break
        try:
            data = logs.loads(data)
        except ValueError:
            break
    return data


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _profile(row: Any) -> Mapping[str, Any]:
    return _mapping(_decoded(row[0])) if row else {}


def _space(recorded: Any) -> spaces.Entries | None:
    """A search space of NNI's as ours; hyperparameters of other kinds (normal, nested) are left to their values."""
    entries = {
        texts.line(name): entry
        for name, described in _mapping(_decoded(recorded)).items()
        if (entry := _entry(_mapping(described).get("_type"), _mapping(described).get("_value")))
    }
    return entries or None


def _entry(kind: Any, values: Any) -> dict[str, Any] | None:
    """One parameter: `choice`, `randint` without its upper end, `uniform`, `loguniform` and `quniform`."""
    if not isinstance(values, list) or not values:
        return None
    if kind == "choice":
        nested = any(isinstance(value, Mapping) for value in values)
        choices: list[Value] = [logs.plain(value) for value in values]
        return None if nested else {"type": "categorical", "choices": choices}
    if len(values) < 2 or any(logs.finite(value) is None for value in values):
        return None
    low, high, *step = values
    entries: dict[str, dict[str, Any]] = {
        "uniform": {"type": "float", "low": low, "high": high},
        "loguniform": {"type": "float", "low": low, "high": high, "log": True},
    }
    if kind == "randint" and isinstance(high, int):
        entries["randint"] = {"type": "int", "low": low, "high": high - 1}
    if step:
        entries["quniform"] = {"type": "float", "low": low, "high": high, "step": step[0]}
    return entries.get(str(kind))
