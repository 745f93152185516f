"""Ray Tune's experiments: a folder with one folder a trial, of `result.json` or `progress.csv` and `params.json`."""

import csv
import io
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import texts
from bench.errors import UserError, allowed
from bench.results.imports import logs, spaces
from bench.results.imports.logs import Asked, Log, Trial

FILES = ("result.json", "progress.csv")
_OWN = {
    *("timestamp", "checkpoint_dir_name", "done", "training_iteration", "trial_id", "date", "time_this_iter_s"),
    *("time_total_s", "pid", "hostname", "node_ip", "time_since_restore", "iterations_since_restore"),
    *("experiment_tag", "experiment_id", "episodes_total", "timesteps_total", "should_checkpoint"),
    *("timesteps_since_restore", "warmup_time", "trial_log_path"),
}
"""What Ray adds to each report (`ray.tune.result`)."""
_STATES = re.compile(r"experiment_state-.*\.json")


@dataclass(frozen=True)
class _Folder:
    """What one trial's folder holds."""

    path: Path
    reports: list[dict[str, Any]]
    configuration: dict[str, Any] | None
    failed: bool


def experiments(folder: Path) -> list[Path]:
    """The folders, this one or those in it, that hold folders of trials; in order of their names."""
    if trial_folders(folder):
        return [folder]
    inner = sorted(_inner(folder), key=lambda path: spaces.natural(path.name))
    return [path for path in inner if trial_folders(path)]


def trial_folders(folder: Path) -> list[Path]:
    """The folders in a folder that a trial of Ray's has written to."""
    return [path for path in _inner(folder) if any((path / name).is_file() for name in FILES)]


def read(folder: Path, asked: Asked) -> list[Log]:
    """One run: its trials that have begun, in the order in which Ray numbered them."""
    parts: list[tuple[str, str]] = []
    states = _states(folder, parts)
    paths = sorted(trial_folders(folder), key=lambda path: _place(path.name))
    found = [_folder(path, parts) for path in paths]
    running = [each for each in found if states.get(_id(each)) in ("RUNNING", "PENDING", "PAUSED")]
    ended = [each for each in found if each not in running]
    metric = _metric(folder, [report for each in ended for report in each.reports], asked)
    trials = [_trial(each, states.get(_id(each)), metric, asked) for each in ended]
    remarks = list(logs.left_out(len(running), "not finished"))
    lengths = {len(trial.steps) for trial in trials if trial.value is not None}
    if max(lengths, default=0) > 1:
        remarks.append("a trial's value is the last that it reported")
    if len(lengths) > 1:
        remarks.append(f"trials have {min(lengths)} to {max(lengths)} reports: some may have been stopped early")
    return [Log(
        folder.name,
        logs.digest_of(parts),
        "Ray Tune's folders",
        trials,
        folder.name,
        metric=metric,
        remarks=tuple(remarks),
    )]  # fmt: skip


def _inner(folder: Path) -> list[Path]:
    try:
        return [path for path in folder.iterdir() if path.is_dir() and not path.is_symlink()]
    except OSError as error:
        raise UserError(f"{folder}: cannot be read ({error.strerror})") from None


def _folder(path: Path, parts: list[tuple[str, str]]) -> _Folder:
    def part(name: str) -> bytes | None:
        if not (path / name).is_file():
            return None
        content = logs.content(path / name)
        parts.append((f"{path.name}/{name}", logs.hashed(content)))
        return content

    lines, table, parameters = part(FILES[0]), None, part("params.json")
    reports = _lines(path / FILES[0], lines) if lines else []
    if not reports:
        table = part(FILES[1])
        reports = _rows(path / FILES[1], table) if table else []
    configuration = None
    try:
        configuration = logs.loads(parameters) if parameters else reports[-1].get("config") if reports else None
    except ValueError:
        raise UserError(f"{path / 'params.json'}: not JSON") from None
    if configuration is not None and not isinstance(configuration, dict):
        raise UserError(f"{path / 'params.json'}: not a mapping from names to values")
    return _Folder(path, reports, configuration, failed=(path / "error.txt").exists())


def _lines(path: Path, content: bytes) -> list[dict[str, Any]]:
    """The reports of a file; a last line that is being written is not read."""
    reports = []
    lines = content.splitlines()
    for number, line in enumerate(lines, 1):
        try:
            report = logs.loads(line)
        except ValueError:
            if number == len(lines) and not content.endswith(b"\n"):
                break
            raise UserError(f"{path}: line {number} is not JSON; expected Ray Tune's reports") from None
        if not isinstance(report, dict):
            raise UserError(f"{path}: line {number} is no mapping; expected Ray Tune's reports")
        reports.append(
            {"config": report.pop("config", None), **logs.flat(report)}
        )  # `eval/loss`, as progress.csv has it
    return reports


def _rows(path: Path, content: bytes) -> list[dict[str, Any]]:
    try:
        return [dict(row) for row in csv.DictReader(io.StringIO(content.decode("utf-8-sig")))]
    except (UnicodeDecodeError, csv.Error):
        raise UserError(f"{path}: not a CSV file of Ray Tune's reports") from None


def _states(folder: Path, parts: list[tuple[str, str]]) -> dict[str, str]:
    """The states of trials by id, by the newest record of the experiment; empty where it has none that can be read."""
    records = sorted(path for path in folder.iterdir() if _STATES.fullmatch(path.name) and path.is_file())
    if not records:
        return {}
    content = logs.content(records[-1])
    parts.append((records[-1].name, logs.hashed(content)))
    try:
        entries = [logs.loads(text) for text, *_ in logs.loads(content)["trial_data"]]
        return {str(entry["trial_id"]): str(entry["status"]) for entry in entries}
    except (ValueError, TypeError, KeyError):
        return {}


def _metric(folder: Path, reports: Sequence[Mapping[str, Any]], asked: Asked) -> str:
    """Which of the numbers reported is what was minimised; raises `UserError` where that is not clear."""
    numbers = {name for report in reports for name, value in report.items() if logs.finite(value) is not None}
    names = sorted(texts.line(name) for name in numbers if name not in _OWN and not name.startswith("config/"))
    wanted = asked.theirs("value")
    if wanted is not None:
        if wanted not in numbers:
            raise UserError(f"--map {wanted}=loss: {folder.name} has no such number; {allowed(wanted, names[:20])}")
        return wanted
    candidates = [name for name in (asked.metric, "loss") if name in names] or (names if len(names) == 1 else [])
    if not candidates:
        which = f"one of {', '.join(names[:20])}" if names else "but it has no number"
        raise UserError(f"{folder}: which number was optimised is not recorded; say --map NAME=loss, {which}")
    return str(candidates[0])


def _trial(each: _Folder, state: str | None, metric: str, asked: Asked) -> Trial:
    steps = {}
    for number, report in enumerate(each.reports, 1):
        value = logs.finite(report.get(metric))
        if value is not None:
            steps[int(logs.finite(report.get("training_iteration")) or number)] = value
    last: Mapping[str, Any] = each.reports[-1] if each.reports else {}
    try:
        value, why = logs.observed(last.get(metric))
    except ValueError:
        value, why = None, f"its last {metric} is not a number"
    if each.failed or state == "ERROR":
        value, why = None, "ended with an error"
    seconds = logs.finite(last.get("time_total_s"))
    seconds = math.nan if seconds is None or seconds < 0 else seconds
    end = logs.finite(last.get("timestamp"))
    configuration = each.configuration
    return Trial(
        place=f"folder {texts.line(each.path.name)[:60]}",
        value=value,
        why=why or "no report",
        test=logs.finite(last.get(asked.theirs("test_loss") or "test_loss")),
        seconds=seconds,
        started_at=None if end is None else logs.moment(end - (0 if math.isnan(seconds) else seconds)),
        configuration=None if configuration is None else logs.flat(configuration),
        steps=steps,
    )


def _id(each: _Folder) -> str:
    return str(each.reports[-1].get("trial_id")) if each.reports else next(iter(_ids(each.path.name)), "")


def _ids(name: str) -> Iterator[str]:
    yield from re.findall(r"_([0-9a-f]{5,8}_\d{5,})(?=_|$)", name)


def _place(name: str) -> tuple[Any, ...]:
    """The number that Ray gave the trial, which stands in its id."""
    numbers = [int(each.rpartition("_")[2]) for each in _ids(name)]
    return (numbers[:1] or [10**9], spaces.natural(name))
