"""The predictor: answers each row with the registry's champion, and takes a new one over between two batches.

What it answered stands in its own record, a line a row, and nowhere else is kept how far it is: an answer and the
place of its row are written at once. So each row has one recorded prediction, whenever the process was killed.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.errors import UserError
from bench.models.saved import FittedModel
from bench.stream import judging
from bench.stream.kafka import Broker, Message, Reader, Say, Sender
from bench.stream.messages import NoRow, Row, read
from bench.stream.record import Record
from bench.stream.registry import Registry, RegistryAway, model_of, seen

PREDICTIONS, SENT, VERSIONS = "predictions.jsonl", "sent.json", "versions"
ASK_SECONDS = 1.0
"""How often the registry is asked for its champion."""


@dataclass(frozen=True)
class Champion:
    """The version that answers."""

    version: int
    model: FittedModel
    seen: frozenset[str] | None
    """The keys of rows that it was trained or chosen on; None where they are not known."""

    def unseen(self, key: str) -> bool | None:
        """Whether the row of a key was no part of that; None where nobody knows."""
        return None if self.seen is None else key not in self.seen


class Post:
    """Keeps the champion of a registry at hand."""

    def __init__(self, registry: Registry, folder: Path, say: Say) -> None:
        self._registry, self._folder, self._say = registry, folder, say
        self._asked = -ASK_SECONDS
        self._away = False
        self._refused: int | None = None
        """The version that cannot be used, if the newest cannot."""
        self.champion: Champion | None = None

    def look(self) -> Champion | None:
        """The champion, asked for anew each second; the one before where the registry does not answer."""
        if time.monotonic() - self._asked < ASK_SECONDS:
            return self.champion
        try:
            version = self._registry.champion()
            if version is not None and version not in (self._refused, self.champion and self.champion.version):
                self._take(version)
            self._away = False
        except RegistryAway as error:
            if not self._away:
                self._say(f"{error}; the champion stays, asking again")
            self._away = True
        self._asked = time.monotonic()
        return self.champion

    def _take(self, version: int) -> None:
        folder = self._registry.fetch(version, self._folder)
        try:
            self.champion = Champion(version, model_of(folder), seen(folder))
        except UserError as error:
            self._refused = version
            self._say(f"version {version} of {self._registry.name} cannot be used: {error}")
            return
        self._refused = None
        self._say(f"version {version} of {self._registry.name} answers")


def run(
    broker: Broker,
    topic: str,
    registry: Registry,
    folder: Path,
    *,
    answers: str | None,
    rows: int | None,
    say: Say,
) -> int:
    """Answer the rows of `topic` until `rows` of them have an answer (None: for ever); returns how many have one.

    Rows wait until there is a first champion. With `answers` each answer is sent to that topic, too, at least once.
    """
    record = Record(folder / PREDICTIONS)
    post = Post(registry, folder / VERSIONS, say)
    reader = Reader(broker, topic, record.place)
    sender = None if answers is None else Sender(broker, answers, folder / SENT)
    say(f"{len(record)} rows have a prediction; reading {topic!r} at {broker.servers}")
    try:
        while rows is None or len(record) < rows:
            champion = post.look()
            if champion is None:
                time.sleep(0.1)
                continue
            messages = reader.read()
            new = [each for each in messages if _key(each) not in record.keys]
            if new:
                record.append(_entries(champion, new))
            if sender is not None:
                sender.send(record.message, len(record))
        if sender is not None:
            while not sender.settle(1.0):
                sender.send(record.message, len(record))
        return len(record)
    finally:
        reader.close()
        record.close()


def _key(message: Message) -> str:
    """The key of a message; of one without its place, which no other message has."""
    return message.key if message.key is not None else f"{message.place.topic}:{message.place.offset}"


def _entries(champion: Champion, messages: Sequence[Message]) -> list[dict[str, Any]]:
    """What is recorded of messages: the answer, or why there is none."""
    rows: list[Row | NoRow] = []
    for message in messages:
        try:
            rows.append(read(message.value))
        except NoRow as reason:
            rows.append(reason)
    given = iter(_answers(champion.model, [row for row in rows if isinstance(row, Row)]))
    now = time.time()
    return [
        {
            "key": _key(message),
            "topic": message.place.topic,
            "offset": message.place.offset,
            "version": champion.version,
            "unseen": champion.unseen(_key(message)),
            **({"seconds": round(max(0.0, now - message.sent_at), 4)} if message.sent_at is not None else {}),
            **({"error": f"message {row}"} if isinstance(row, NoRow) else {"target": row.target, **next(given)}),
        }
        for message, row in zip(messages, rows, strict=True)
    ]


def _answers(model: FittedModel, rows: Sequence[Row]) -> list[Any]:
    """The answer to each row; where the model cannot take one, the others have theirs all the same."""
    if not rows:
        return []
    try:
        return list(judging.answers(model, rows))
    except UserError as error:
        if len(rows) == 1:
            return [{"error": str(error)}]
    return [answer for row in rows for answer in _answers(model, [row])]
