"""The sensor: sends the rows of a dataset as messages, at a rate, and all of them again where the topic was lost."""

import time
from collections.abc import Callable
from pathlib import Path

from bench.stream.kafka import Broker, Say, Sender
from bench.stream.messages import Source

STATE = "sensor.json"
_PAUSE, _SETTLING = 0.02, 1.0


def run(
    source: Source,
    broker: Broker,
    topic: str,
    folder: Path,
    *,
    rate: float,
    rows: int,
    stay: bool,
    say: Say,
    clock: Callable[[], float] = time.monotonic,
) -> int:
    """Send `rows` rows, `rate` a second (0: as fast as they are taken); returns how many are delivered.

    How far it is stands in `folder`: it goes on there. With `stay` it does not end, but sends everything again where
    the broker has lost it. Raises `UserError` where the broker refuses.
    """
    folder.mkdir(parents=True, exist_ok=True)
    sender = Sender(broker, topic, folder / STATE)
    sender.send(source.message, 0)
    start, begun, told = clock(), None, False
    while True:
        begun = sender.sent if begun is None and sender.ready else begun
        due = rows if not rate else min(rows, (begun or 0) + int((clock() - start) * rate))
        sender.send(source.message, due)
        if sender.delivered >= rows and sender.settle(_SETTLING):
            if not told:
                say(f"{rows} rows are sent" + ("; staying, in case the broker loses them" if stay else ""))
            told = True
            if not stay:
                return sender.delivered
        time.sleep(_SETTLING / 2 if told else _PAUSE)
