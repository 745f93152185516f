"""What a stream has come to so far, read from the records of predictor and trainer while they are written."""

import json
import time
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from bench.wording import plural

LATEST = 200
"""The number of predictions that what is latest is of."""


@dataclass
class Tally:
    """Predictions so far, and how many of those of rows that their version had not seen are right."""

    count: int = 0
    errors: int = 0
    """Rows that could not be predicted."""
    unseen: int = 0
    right: int = 0
    squared: float = 0.0
    keys: set[str] = field(default_factory=set)
    by_version: dict[int, int] = field(default_factory=dict)
    latest: deque[bool] = field(default_factory=lambda: deque(maxlen=LATEST))
    seconds: deque[float] = field(default_factory=lambda: deque(maxlen=LATEST))

    def add(self, entry: dict[str, Any]) -> None:
        """Count a line of the predictor's record."""
        self.count += 1
        self.keys.add(entry["key"])
        self.by_version[entry["version"]] = self.by_version.get(entry["version"], 0) + 1
        if "seconds" in entry and entry["unseen"]:
            self.seconds.append(entry["seconds"])
        if "error" in entry:
            self.errors += 1
        elif entry["unseen"] and entry["target"] is not None:
            self.unseen += 1
            if isinstance(entry["prediction"], str):
                self.latest.append(entry["prediction"] == str(entry["target"]))
                self.right += self.latest[-1]
            else:
                self.squared += (entry["prediction"] - entry["target"]) ** 2


class Lines:
    """The whole lines of a file that grows, each once."""

    def __init__(self, path: Path) -> None:
        self._path, self._at = path, 0

    def new(self) -> list[dict[str, Any]]:
        """Those that came since."""
        if not self._path.is_file():
            return []
        with self._path.open("rb") as file:
            file.seek(self._at)
            content = file.read()
        end = content.rfind(b"\n") + 1
        self._at += end
        return [json.loads(line) for line in content[:end].splitlines()]


class Summary:
    """Predictions and versions of a stream whose folder is given."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._changed = time.monotonic()
        self._predictions = Lines(folder / "predictor" / "predictions.jsonl")
        self._tunings = Lines(folder / "trainer" / "tunings.jsonl")
        self.tally = Tally()
        self.ended: list[dict[str, Any]] = []
        self.under_way: int | None = None

    def look(self) -> None:
        """Read what is new."""
        predictions, tunings = self._predictions.new(), self._tunings.new()
        if predictions or tunings:
            self._changed = time.monotonic()
        for entry in predictions:
            self.tally.add(entry)
        for event in tunings:
            if event["key"].startswith("begun"):
                self.under_way = event["rows"]
            else:
                self.under_way = None
                self.ended.append(event)

    def settled(self, seconds: float) -> bool:
        """Whether nothing was new for so long."""
        return time.monotonic() - self._changed > seconds

    @staticmethod
    def told(event: dict[str, Any]) -> str:
        """What came of a tuning, in a line."""
        if "failed" in event:
            return f"nothing came of tuning: {event['failed']}"
        old = f" against {event['champion_loss']:.4f}" if "champion_loss" in event else ""
        became = "champion" if event["better"] else "the champion stays"
        loss = f"{event['metric']} {event['loss']:.4f}{old}"
        return f"version {event['version']}, {loss}, {event['seconds']:.0f} s: {became}"

    @property
    def arriving(self) -> bool:
        """Whether the trainer has a row."""
        kept = self.folder / "trainer" / "rows.jsonl"
        return kept.is_file() and kept.stat().st_size > 0

    @property
    def versions(self) -> list[dict[str, Any]]:
        """The tunings that a version came of."""
        return [event for event in self.ended if "version" in event]

    @property
    def champion(self) -> int | None:
        """The version that was moved to last."""
        return next((event["version"] for event in reversed(self.ended) if event.get("better")), None)

    def facts(self) -> dict[str, str]:
        """Each with its name, for people."""
        tally, versions = self.tally, self.versions
        better = sum(1 for event in versions if event["better"])
        facts = {
            "predictions": f"{tally.count:,}, {plural(len(tally.keys), 'row')}"
            + (f", {tally.errors:,} could not be predicted" if tally.errors else ""),
            "versions": f"{len(versions)}, of which {better} became champion"
            + (f"; tuning on {self.under_way} rows" if self.under_way is not None else ""),
            "champion": "none yet" if self.champion is None else f"version {self.champion}",
        }
        if tally.latest:
            share, late = tally.right / tally.unseen, sum(tally.latest) / len(tally.latest)
            facts["accuracy"] = (
                f"{share:.1%} of {tally.unseen:,} rows that were new to their version; "
                f"{late:.1%} of the latest {len(tally.latest)}"
            )
        elif tally.unseen:
            error = (tally.squared / tally.unseen) ** 0.5
            facts["error"] = f"RMSE {error:.4g} on {tally.unseen:,} rows that were new to their version"
        if tally.seconds:
            facts["from sending to answer"] = f"median {median(tally.seconds):.3f} s"
        return facts
