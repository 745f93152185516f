"""What a tracker is sent of a run and of its trials, as plain data, from the trial table and its metadata."""

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from bench import __version__
from bench.metrics import scale
from bench.provenance import digest
from bench.results import RunId, scores

TRIALS = ("none", "best", "all")
"""Which trials of a run can be sent as runs of their own, beside the curves that every run has."""
LONGEST = 4000
"""Characters of a parameter or a tag that are sent; MLflow's servers take 5,000 or more."""

COLUMNS = (
    "trial", "configuration", "evaluation", "loss", "test_loss", "best_loss", "incumbent_test_loss", "status", "error",
    "ask_seconds", "evaluate_seconds", "tell_seconds", "started_at", "fidelity", "cost", "partial_loss",
    "partial_test_loss", "details",
)  # fmt: skip
"""What is read of a trial's row."""

_OUTCOMES = {"ok": "FINISHED", "pruned": "KILLED"}


@dataclass(frozen=True)
class Point:
    """A value of a metric, at a step (a trial, from 0) and a time (milliseconds since 1970)."""

    name: str
    value: float
    step: int
    time: int


@dataclass(frozen=True)
class Record:
    """A run as a tracker keeps it: `key` is its identity there, `parent` the key of the run that it hangs under."""

    key: str
    parent: str | None
    name: str
    status: str
    """FINISHED, KILLED or FAILED; RUNNING before its end."""
    start: int
    end: int
    """Milliseconds since 1970."""
    parameters: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    points: tuple[Point, ...] = ()
    texts: Mapping[str, str] = field(default_factory=dict)
    """Small artefacts, by path."""

    @cached_property
    def content(self) -> str:
        """A hash of all that is sent: where a tracker has it already, nothing need be."""
        return digest([self.name, self.status, self.start, self.end, dict(self.parameters), dict(self.tags),
                       [[p.name, p.value, p.step, p.time] for p in self.points], dict(self.texts)])  # fmt: skip


def leaves(tree: Mapping[str, Any]) -> dict[str, str]:
    """Nested mappings as parameters: dotted names, JSON where a value is no text, nothing that is too long."""
    return cut(_flat(tree))


def metric_name(label: object) -> str:
    """What a tracker calls the metric that losses of a table are of: `auc` for `1 - auc`, `log_loss` for itself."""
    return _safe(scale(label).name.lower().replace(" ", "_"))


def of_run(run: RunId, rows: list[dict[str, Any]], metadata: Mapping[str, Any]) -> Record:
    """The record of a finished run: settings, versions and hashes, and its curves with a point a trial."""
    curves = Curves()
    points = [point for row in rows for point in curves.add(row, metadata.get("metric"))]
    return replace(
        begun(run, started(rows[0]) if rows else 0, metadata),
        status="FINISHED",
        end=max(map(_end, rows), default=0),
        tags=cut(dict(_tags(rows, metadata))),
        points=tuple(points),
        texts={"metadata.json": json.dumps(metadata, indent=1)},
    )


def begun(run: RunId, start: int, metadata: Mapping[str, Any]) -> Record:
    """What is known of a run when it begins, at `start` (milliseconds since 1970), of its `metadata` the config."""
    return Record(
        key=str(run),
        parent=run.experiment,
        name=f"{run.dataset}/{run.model}/{run.optimizer}/{run.seed}",
        status="RUNNING",
        start=start,
        end=start,
        parameters=_identity(run) | leaves(metadata.get("config") or {}),
    )


@dataclass
class Curves:
    """The curves of a run as its trials come, one after the other."""

    trials: int = 0
    """How many there have been."""
    spent: float = 0.0
    """The full evaluations that they were charged."""
    _scored: dict[float, dict[str, float | None]] = field(default_factory=dict)
    """What was recorded beside a loss, by the loss, of the first trial that has it."""

    def add(self, row: Mapping[str, Any], label: object) -> Iterator[Point]:
        """The points that the next trial adds; `label` is that of its metric.

        The metric's own name has the incumbent's value at full fidelity, in the metric's own direction, and `test_`
        before it the test part's; so have the scores that were recorded beside the loss, where the incumbent is a
        trial's. Losses below full fidelity stand under `partial_loss` alone.
        """
        name, turned = metric_name(label), scale(label).turned
        self.spent += _cost(row)
        if row["loss"] is not None:
            self._scored.setdefault(row["loss"], _scores(row))
        values = {
            "trial_loss": row["loss"],
            "partial_loss": row.get("partial_loss"),
            "fidelity": row.get("fidelity"),
            "cost": self.spent,
            "best_loss": row["best_loss"],
            "incumbent_test_loss": row["incumbent_test_loss"],
            name: _turned(row["best_loss"], turned),
            f"test_{name}": _turned(row["incumbent_test_loss"], turned),
            **self._scored.get(row["best_loss"], {}),
            **{part: row[part] for part in ("ask_seconds", "evaluate_seconds", "tell_seconds")},
        }
        self.trials += 1
        return _points(values, self.trials - 1, _end(row))


def _cost(row: Mapping[str, Any]) -> float:
    """The full evaluations that a trial is charged; one where its run knows no parts of them."""
    cost: float = row.get("cost", 1.0)
    return cost


def started(row: Mapping[str, Any]) -> int:
    """When a trial began, in milliseconds since 1970."""
    return _milliseconds(row["started_at"])


def of_trials(run: RunId, rows: list[dict[str, Any]], metadata: Mapping[str, Any], which: str) -> Iterator[Record]:
    """The records of a run's trials, of `TRIALS`; "best" is the first of the lowest loss at full fidelity, if any.

    A pruned trial is KILLED; below full fidelity a trial has `partial_loss` and its `fidelity`, and nothing under the
    name of the metric or of a score that was recorded beside it.
    """
    label = metadata.get("metric")
    name, turned = metric_name(label), scale(label).turned
    finished = [row for row in rows if row["loss"] is not None]
    chosen = {"none": [], "best": sorted(finished, key=lambda row: row["loss"])[:1], "all": rows}[which]
    for row in chosen:
        values = {
            **{key: row.get(key) for key in ("loss", "test_loss", "partial_loss", "partial_test_loss", "fidelity")},
            name: _turned(row["loss"], turned),
            f"test_{name}": _turned(row["test_loss"], turned),
            **(_scores(row) if row["loss"] is not None else {}),
            **{key: row[key] for key in ("ask_seconds", "evaluate_seconds", "tell_seconds")},
        }
        tags = {"bench.status": row["status"], "bench.evaluation": row["evaluation"]}
        tags |= {"bench.problem": str(metadata.get("problem")), "bench.optimizer": run.optimizer}
        if row["error"]:
            tags["bench.error"] = row["error"]
        number = row["trial"]
        yield Record(
            key=f"{run}/{number}",
            parent=str(run),
            name=f"{run.optimizer}/{run.seed} trial {number}",
            status=_OUTCOMES.get(row["status"], "FAILED"),
            start=started(row),
            end=_end(row),
            parameters=leaves(json.loads(row["configuration"])),
            tags=cut(tags),
            points=tuple(_points(values, number, _end(row))),
        )


def _identity(run: RunId) -> dict[str, str]:
    return {key: str(value) for key, value in vars(run).items()}


def _tags(rows: list[dict[str, Any]], metadata: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for key in ("problem", "config_hash", "metric", "ended", "task"):
        if metadata.get(key) is not None:
            yield f"bench.{key}", str(metadata[key])
    provenance = metadata.get("provenance") or {}
    for key in ("python", "platform", "cpu", "revision"):
        if provenance.get(key) is not None:
            yield f"bench.{key}", str(provenance[key])
    for library, version in sorted((provenance.get("versions") or {}).items()):
        yield _safe(f"version.{library}"), str(version)
    for status in sorted({row["status"] for row in rows}):
        yield f"bench.trials.{status}", str(sum(row["status"] == status for row in rows))
    yield "bench.exported_by", __version__


def _flat(tree: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """The leaves of nested mappings by dotted names, as JSON where they are no text."""
    leaves: dict[str, str] = {}
    for key, value in tree.items():
        if isinstance(value, Mapping) and value:
            leaves |= _flat(value, f"{prefix}{key}.")
        else:
            leaves[_safe(f"{prefix}{key}")] = value if isinstance(value, str) else json.dumps(value)
    return leaves


def cut(texts: Mapping[str, str]) -> dict[str, str]:
    """Texts by name, each at most `LONGEST` characters."""
    return {key: text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..." for key, text in texts.items()}


def _safe(name: str) -> str:
    """A name that MLflow takes: letters, digits and `_-. :/`, at most 250, no path that leads elsewhere.

    >>> _safe("a~b//c"), _safe("lambda_l1")
    ('a_b_c', 'lambda_l1')
    """
    name = re.sub(r"/+", "_", re.sub(r"[^\w\-. :/]", "_", name)) if re.search(r"[^\w\-. :/]|//|/$|^/", name) else name
    return name[:250].lstrip(".") or "_"


def _points(values: Mapping[str, float | None], step: int, time: int) -> Iterator[Point]:
    for name, value in values.items():
        if value is not None and math.isfinite(value):
            yield Point(name, float(value), step, time)


def _scores(row: Mapping[str, Any]) -> dict[str, float | None]:
    """What a trial recorded beside its loss, by the names that a tracker calls it."""
    recorded = scores.of_text(row.get("details")).items()
    return {f"{part}{_safe(name)}": pair[place] for name, pair in recorded for place, part in enumerate(("", "test_"))}


def _turned(loss: float | None, turned: Any) -> float | None:
    return None if loss is None else turned(loss)


def _end(row: Mapping[str, Any]) -> int:
    seconds = row["evaluate_seconds"]
    length = timedelta(seconds=seconds if math.isfinite(seconds) else 0)
    return _milliseconds(row["started_at"] + length)


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
