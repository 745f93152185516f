"""The trainer: keeps the rows that arrive, tunes when its policy says so, and moves the alias where that was better.

The rows stand in its own record, and what became of each tuning in another: killed at any moment it goes on from
these two, and a tuning that was under way is begun again on the same rows, of which the store has what was evaluated.
"""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from bench import files
from bench.errors import UserError
from bench.models.saved import FittedModel
from bench.stream import judging
from bench.stream.kafka import Broker, Message, Reader, Say
from bench.stream.messages import NoRow, Row, read
from bench.stream.policy import Policy
from bench.stream.record import Record
from bench.stream.registry import ROWS, SEEN, Registry, RegistryAway, model_of
from bench.stream.retuning import Outcome, Task
from bench.stream.tuner import Tuner

KEPT, TUNINGS, STREAM, VERSIONS = "rows.jsonl", "tunings.jsonl", "stream.txt", "versions"
_TAG = "bench.stream"
_AGAIN_SECONDS = 2.0
"""How soon the registry is asked again where it did not answer."""


@dataclass(frozen=True)
class Means:
    """What tunings are done with."""

    policy: Policy
    overrides: tuple[str, ...]
    datasets_dir: Path
    config_dir: Path | None


class Trainer:
    """Takes rows, and looks after one tuning at a time."""

    def __init__(self, registry: Registry, folder: Path, means: Means, say: Say) -> None:
        self._registry, self._folder, self._means, self._say = registry, folder, means, say
        self.record = Record(folder / KEPT)
        self._tunings = Record(folder / TUNINGS)
        self._stream = _identity(folder / STREAM)
        self._tuner = Tuner()
        self._outcome: Outcome | str | None = None
        self._under_way: Task | None = None
        self._not_before = self._passed_over = 0.0
        self._watched: _Watched | None = None
        events = list(self._tunings.entries())
        ended = {event["rows"] for event in events if event["key"].startswith("ended")}
        self._tuned = max((event["rows"] for event in events), default=0)
        self._left = next((event["rows"] for event in events if event["rows"] not in ended), None)

    def take(self, messages: Sequence[Message]) -> None:
        """Keep the rows of messages whose target is known."""
        entries = []
        for message in messages:
            try:
                entries.append(_entry(message, read(message.value)))
            except NoRow as reason:
                if not self._passed_over:
                    self._say(f"message {message.key!r} {reason}; such messages are passed over")
                self._passed_over += 1
        self.record.append(entries)

    def look(self) -> bool:
        """Begin what is due, and end what has come to an end; whether there was nothing of either."""
        if time.monotonic() < self._not_before:
            return False
        try:
            if self._under_way is None:
                return not self._begin()
            self._outcome = self._outcome or self._tuner.outcome()
            if self._outcome is not None:
                self._end(self._under_way, self._outcome)
                self._under_way = self._outcome = None
        except RegistryAway as error:
            self._say(f"{error}; asking again")
            self._not_before = time.monotonic() + _AGAIN_SECONDS
        return False

    def close(self) -> None:
        """End the tuning that is under way; it is begun again when this is."""
        self._tuner.close()
        self.record.close()
        self._tunings.close()

    # --- a tuning -----------------------------------------------------------------------------------------------------

    def _begin(self) -> bool:
        """Begin what was left, or is due, if anything."""
        rows = self._left if self._left is not None else self._due()
        if rows is None:
            return False
        if self._left is not None and self._finished(rows):
            self._left = None
            return True
        champion = self._registry.champion()
        place = None if champion is None else self._registry.fetch(champion, self._folder / VERSIONS)
        task = Task(
            rows,
            self._means.policy.span(rows),
            str(self.record.path),
            str(self._folder),
            str(self._means.datasets_dir),
            self._means.overrides,
            None if place is None else str(place),
            self._registry.name,
            None if self._means.config_dir is None else str(self._means.config_dir),
        )
        self._tunings.append([{"key": f"begun-{rows}", "rows": rows, "at": time.time()}])
        self._tuner.begin(task)
        self._under_way, self._left, self._tuned = task, None, rows
        return True

    def _due(self) -> int | None:
        policy, rows = self._means.policy, len(self.record)
        if policy.drop is None or not self._tuned:
            return policy.due(rows, self._tuned, None, None)
        self._watched = self._watched or _Watched(self._registry, self._folder / VERSIONS, policy.newest)
        then, now = self._watched.errors(self.record)
        due = policy.due(rows, self._tuned, now, then)
        if due is not None and now is not None and then is not None:
            self._say(
                f"{rows} rows: the champion's error is {now:.4f} on the newest {policy.newest}, it was {then:.4f}"
            )
        return due

    def _end(self, task: Task, outcome: Outcome | str) -> None:
        """Register the model, move the alias where it is better, and record that."""
        if isinstance(outcome, str):
            self._ended({"rows": task.rows, "failed": outcome})
            self._say(f"{task.rows} rows: nothing came of tuning: {outcome}")
            return
        keys = [entry["key"] for entry in self.record.entries(task.span[0], task.rows)]
        place = Path(outcome.folder) / SEEN
        try:
            files.write(place, json.dumps(keys).encode())
        except OSError as error:
            raise UserError(
                f"{place}: cannot be written ({error.strerror or error}); make room and start again"
            ) from None
        tags = {_TAG: self._stream, **_tags(outcome)}
        self._settle(self._registry.register(Path(outcome.folder), tags), tags)

    def _finished(self, rows: int) -> bool:
        """Record a tuning whose model was registered before the trainer was killed; whether it was."""
        for version, tags in self._registry.versions().items():
            if (tags.get(_TAG), tags.get(ROWS)) == (self._stream, str(rows)):
                self._settle(version, tags)
                return True
        return False

    def _settle(self, version: int, tags: Mapping[str, str]) -> None:
        better = tags["bench.better"] == "True"
        if better and (self._registry.champion() or 0) < version:
            self._registry.promote(version)
        facts = {name.removeprefix("bench."): _number(value) for name, value in tags.items() if name != _TAG}
        self._ended({**facts, "version": version, "better": better})
        old = f" against {float(tags['bench.champion_loss']):.4f}" if "bench.champion_loss" in tags else ""
        if "bench.champion_refused" in tags:
            self._say(f"{tags[ROWS]} rows: the champion before could not be judged: {tags['bench.champion_refused']}")
        self._say(
            f"{tags[ROWS]} rows: version {version}, {tags['bench.metric']} {float(tags['bench.loss']):.4f}{old} on the "
            f"newest {self._means.policy.newest}: {'the champion now' if better else 'the champion stays'}"
        )

    def _ended(self, facts: Mapping[str, Any]) -> None:
        self._tunings.append([{"key": f"ended-{facts['rows']}", **facts, "at": time.time()}])


class _Watched:
    """The champion's error when it became one, and now."""

    def __init__(self, registry: Registry, folder: Path, newest: int) -> None:
        self._registry, self._folder, self._newest = registry, folder, newest
        self._model: FittedModel | None = None
        self._version: int | None = None
        self._rows = 0
        self._errors: tuple[float | None, float | None] = (None, None)

    def errors(self, record: Record) -> tuple[float | None, float | None]:
        """Then, and on the newest rows, which are looked at whenever a tenth of them is new; None where unknown."""
        if len(record) - self._rows < max(1, self._newest // 10) or len(record) < self._newest:
            return self._errors
        self._rows = len(record)
        version = self._registry.champion()
        if version is None:
            return None, None
        if version != self._version:
            place = self._registry.fetch(version, self._folder)
            error = self._registry.versions().get(version, {}).get("bench.error")
            self._version, self._model = version, None
            self._errors = (None if error is None else float(error)), None
            with suppress(UserError):  # none of ours, which the next tuning says
                self._model = model_of(place)
        if self._model is None:
            return self._errors
        rows = list(rows_of(record.entries(len(record) - self._newest)))
        try:
            (judged,) = judging.judge([self._model], rows, "")
        except UserError:  # it cannot take them; the next tuning says so
            return self._errors
        then = judged.error if self._errors[0] is None else self._errors[0]
        self._errors = then, judged.error
        return self._errors


def run(
    broker: Broker,
    topic: str,
    registry: Registry,
    folder: Path,
    means: Means,
    *,
    rows: int | None,
    say: Say,
) -> int:
    """Keep rows and tune until there are `rows` of them and nothing is due (None: for ever); returns how many."""
    trainer = Trainer(registry, folder, means, say)
    reader = Reader(broker, topic, trainer.record.place)
    say(f"{len(trainer.record)} rows are kept; reading {topic!r} at {broker.servers}")
    try:
        while True:
            trainer.take(reader.read())
            idle = trainer.look()
            if rows is not None and len(trainer.record) >= rows and idle:
                return len(trainer.record)
    finally:
        reader.close()
        trainer.close()


def rows_of(entries: Iterator[Mapping[str, Any]]) -> Iterator[Row]:
    """The rows in entries of the trainer's record."""
    return (Row(entry["features"], entry["target"]) for entry in entries)


def _entry(message: Message, row: Row) -> dict[str, Any]:
    if row.target is None:
        raise NoRow("has no target")
    key = message.key if message.key is not None else f"{message.place.topic}:{message.place.offset}"
    place = {"topic": message.place.topic, "offset": message.place.offset}
    return {"key": key, **place, "features": row.features, "target": row.target}


def _tags(outcome: Outcome) -> dict[str, str]:
    """An outcome as tags of its version."""
    facts = {name: value for name, value in asdict(outcome).items() if name != "folder"}
    known = {name: str(value) for name, value in {**facts, "better": outcome.better}.items() if value is not None}
    return {f"bench.{name}": value for name, value in known.items()}


def _number(text: str) -> float | str:
    try:
        return int(text) if text.isdigit() else float(text)
    except ValueError:
        return text


def _identity(path: Path) -> str:
    """What tells the versions of this stream from those of another: made once, and kept in a file."""
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        files.write(path, uuid4().hex.encode())
        return path.read_text(encoding="utf-8")
