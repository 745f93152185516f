"""Kafka, by its client, in the one file that talks to a broker: read by own offsets, sent until it is delivered.

A topic is used by its first partition, so that its rows have one order. A topic's content can be lost: a broker that
keeps it in memory alone is started again and gives readers neither an error nor data. That is seen by the topic's id,
which is asked for each second, and by offsets of deliveries that go back; reading and sending then begin anew.
"""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicCollection, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from bench import files, texts
from bench.errors import UserError
from bench.stream.record import Place

CHECK_SECONDS = 1.0
"""How often a topic's id is asked for."""
PATIENCE = 10.0
"""Seconds that a broker has to answer when a command starts; later it is waited for."""
OWN = ("bootstrap.servers", "group.id", "enable.auto.commit", "auto.offset.reset", "message.timeout.ms")
"""Settings that are not the user's."""
Say = Callable[[str], None]


@dataclass(frozen=True)
class Message:
    """A message as it was read."""

    key: str | None
    value: bytes | None
    place: Place
    sent_at: float | None
    """Seconds since 1970, by the sender's clock."""


def settings(path: Path | None) -> dict[str, str]:
    """A client's settings from a file of lines such as `security.protocol=SASL_SSL`; # begins a comment."""
    if path is None:
        return {}
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError) as error:
        raise UserError(f"--client-config={path}: cannot be read ({error})") from None
    found = {}
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        name, separator, value = (part.strip() for part in line.partition("="))
        if not separator or not name:
            raise UserError(f"--client-config={path}: line {number} is no setting; expected name=value")
        if name in OWN:
            raise UserError(f"--client-config={path}: line {number} sets {name}, which is set here; leave it out")
        found[name] = value
    return found


class Broker:
    """The brokers of a cluster, as a command was given them. Raises `UserError` where none answers, or refuses."""

    def __init__(self, servers: str, options: Mapping[str, str], say: Say = lambda _: None) -> None:
        self.servers, self.say = servers, say
        self._options = {**options, "bootstrap.servers": servers, "log_level": 0}
        self._heard = ""
        self._away = False
        self._admin: Any = self.client(AdminClient)
        end = time.monotonic() + PATIENCE
        while not self._answers():
            if time.monotonic() > end:
                reason = f" ({self._heard})" if self._heard else ""
                raise UserError(
                    f"--bootstrap-servers={servers}: no Kafka answers there{reason}; start one, or name another; "
                    "'bench stream demo' brings one of its own"
                )

    def client(self, kind: Callable[[dict[str, Any]], Any], **more: Any) -> Any:
        """A client of the library; `UserError` for a setting that it does not take."""
        try:
            return kind({**self._options, "error_cb": self._hear, **more})
        except (KafkaException, ValueError, TypeError) as error:
            raise UserError(f"--client-config: {_reason(error)}") from None

    def topic_id(self, topic: str) -> str | None:
        """The id of a topic, which is made where there is none; None where no broker answers now."""
        try:
            found = str(self._described(topic))
        except KafkaException as error:
            if error.args[0].code() != KafkaError.UNKNOWN_TOPIC_OR_PART:
                self._lost(error)
                return None
            self._make(topic)
            return None  # asked for again soon
        if self._away:
            self.say(f"{self.servers} answers again")
        self._away = False
        return found

    def _described(self, topic: str) -> Any:
        (found,) = self._admin.describe_topics(TopicCollection([topic]), request_timeout=5.0).values()
        return found.result().topic_id

    def _make(self, topic: str) -> None:
        """With one partition, and as many copies as the cluster is set to keep."""
        (made,) = self._admin.create_topics([NewTopic(topic, 1, -1)], operation_timeout=5.0).values()
        try:
            made.result()
        except KafkaException as error:
            code = error.args[0].code()
            if code in (KafkaError.TOPIC_AUTHORIZATION_FAILED, KafkaError.TOPIC_EXCEPTION, KafkaError.POLICY_VIOLATION):
                raise UserError(f"topic {topic!r}: cannot be made ({_reason(error)}); make it by hand") from None

    def _lost(self, error: KafkaException) -> None:
        if not self._away:
            self.say(f"{self.servers} does not answer ({_reason(error)}); waiting for it")
        self._away = True

    def _answers(self) -> bool:
        try:
            self._admin.list_topics(timeout=1.0)
        except KafkaException:
            return False
        return True

    def _hear(self, error: KafkaError) -> None:
        self._heard = texts.line(error.str(), 200)
        if error.code() in (KafkaError._AUTHENTICATION, KafkaError._SSL):  # noqa: SLF001 - how the library names them
            self.say(f"{self.servers}: {self._heard}")


class Reader:
    """Reads a topic from a place on; where the topic is another one by now, that from its beginning."""

    def __init__(self, broker: Broker, topic: str, after: Place | None) -> None:
        self._broker, self._topic, self._after = broker, topic, after
        self._id: str | None = None
        self._checked = -CHECK_SECONDS
        self._consumer: Any = broker.client(
            Consumer,
            **{"group.id": "bench", "enable.auto.commit": False, "auto.offset.reset": "earliest"},
            **{"fetch.wait.max.ms": 20},
        )

    def read(self, most: int = 500, seconds: float = 0.2) -> list[Message]:
        """What is there, at most so many; waits so long for the first of them."""
        self._check()
        if self._id is None:
            time.sleep(seconds)
            return []
        first = self._consumer.poll(seconds)
        if first is None:
            return []
        every = [first, *self._consumer.consume(most - 1, 0)]
        return [self._message(each) for each in every if each.error() is None]

    def close(self) -> None:
        """Leave the broker."""
        self._consumer.close()

    def _check(self) -> None:
        now = time.monotonic()
        if now - self._checked < (CHECK_SECONDS if self._id else 0.1):
            return
        self._checked = now
        found = self._broker.topic_id(self._topic)
        if found is None or found == self._id:
            return
        known = self._id if self._after is None or self._id else self._after.topic
        goes_on = self._id is None and self._after is not None and self._after.topic == found
        if known is not None and not goes_on:
            self._broker.say(f"topic {self._topic!r} is another one than before; reading it from its beginning")
        offset = self._after.offset + 1 if goes_on and self._after is not None else 0
        self._consumer.assign([TopicPartition(self._topic, 0, offset)])
        self._id = found

    def _message(self, message: Any) -> Message:
        key = message.key()
        kind, at = message.timestamp()
        assert self._id is not None
        return Message(
            None if key is None else key.decode("utf-8", "backslashreplace"),
            message.value(),
            Place(self._id, message.offset()),
            at / 1000 if kind else None,
        )


class Sender:
    """Sends messages with numbers 0, 1, 2, ... in their order, each until it is delivered.

    How far it is stands in a file. Where the topic is another one by now, all are sent again: whoever reads them
    knows their keys.
    """

    def __init__(self, broker: Broker, topic: str, state: Path) -> None:
        self._broker, self._topic, self._state = broker, topic, state
        self._id: str | None = None
        self._round, self._offset = 0, -1
        self._checked = self._saved = -CHECK_SECONDS
        self.sent = self.delivered = 0
        """The number of the next message to send, and how many are delivered."""
        self._producer: Any = broker.client(
            Producer,
            **{"acks": "all", "message.timeout.ms": 0, "max.in.flight.requests.per.connection": 1},
            **{"linger.ms": 5, "compression.type": "gzip", "queue.buffering.max.kbytes": 65536},
        )

    @property
    def ready(self) -> bool:
        """Whether the topic is known, and with it what was sent before."""
        return self._id is not None

    def send(self, message: Callable[[int], tuple[str, bytes]], until: int) -> None:
        """Send those with numbers below `until` that were not sent yet; does not wait for their delivery."""
        self._check()
        while self._id is not None and self.sent < until:
            key, value = message(self.sent)
            try:
                heard = partial(self._hear, self.sent, self._round)
                self._producer.produce(self._topic, value, key, partition=0, on_delivery=heard)
            except BufferError:
                break
            except KafkaException as error:
                raise UserError(f"message {self.sent}: cannot be sent ({_reason(error)})") from None
            self.sent += 1
            if self.sent % 256 == 0:
                self._producer.poll(0)
        self._producer.poll(0)

    def settle(self, seconds: float) -> bool:
        """Wait for deliveries, at most so long; whether all that was sent is delivered, to the topic that is there."""
        left = self._producer.flush(seconds)
        self._checked = -CHECK_SECONDS
        self._check()
        self._save()
        return not left and self.delivered == self.sent

    def _check(self) -> None:
        now = time.monotonic()
        if now - self._checked < (CHECK_SECONDS if self._id else 0.1):
            return
        self._checked = now
        found = self._broker.topic_id(self._topic)
        if found is not None and found != self._id:
            before = self._read()
            self.delivered = self.sent = before.get("delivered", 0) if before.get("topic") == found else 0
            if before and not self.sent:
                self._broker.say(f"topic {self._topic!r} is another one than before; sending everything again")
            self._id, self._offset = found, -1
            self._round += 1
            self._producer.purge(in_queue=True, in_flight=False)
        self._save()

    def _hear(self, number: int, of_round: int, error: Any, message: Any) -> None:
        """Of a delivery: it came about, or not."""
        if of_round != self._round:
            return
        if error is not None:
            self._round += 1
            self.sent = min(self.sent, number)
            return
        if message.offset() <= self._offset:
            self._checked = -CHECK_SECONDS
        self._offset = message.offset()
        self.delivered = max(self.delivered, number + 1)

    def _read(self) -> dict[str, Any]:
        try:
            state = json.loads(self._state.read_bytes())
        except (OSError, ValueError):
            return {}
        sound = isinstance(state, dict) and isinstance(state.get("delivered"), int)
        return state if sound else {}

    def _save(self) -> None:
        if self._id is not None:
            state = json.dumps({"topic": self._id, "delivered": self.delivered})
            try:
                files.write(self._state, state.encode())
            except OSError as error:
                raise UserError(f"{self._state}: cannot be written ({error.strerror or error}); make room") from None


def _reason(error: BaseException) -> str:
    found = error.args[0] if error.args else error
    return texts.line(found.str() if isinstance(found, KafkaError) else str(error), 200)
