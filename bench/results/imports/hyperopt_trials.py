"""Hyperopt's trials, as `json.dump(trials.trials, file, default=str)` writes them."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench import texts
from bench.errors import UserError
from bench.results.imports import logs
from bench.results.imports.logs import Asked, Log, Trial
from bench.space import Value

WAY = "json.dump(trials.trials, open('trials.json', 'w'), default=str)"
"""How Hyperopt's trials are written so that they can be read."""
_DONE, _ERROR = 2, 3
_WHOLE = re.compile(r"[+-]?\d{1,18}", re.ASCII)


def read(path: Path, asked: Asked, content: bytes, entries: list[Any]) -> list[Log]:
    """One run: the trials that have ended, in order of their ids."""
    trials, ids, open_ones, whole = [], [], 0, set[str]()
    for place, entry in enumerate(entries):
        try:
            state, misc = entry["state"], entry["misc"]
            ids.append(int(entry["tid"]))
            values = {texts.line(name): list(value) for name, value in misc["vals"].items()}
        except (KeyError, TypeError, ValueError, OverflowError, AttributeError):
            raise UserError(f"{path}: entry {place} is not a trial of Hyperopt's; expected what {WAY} writes") from None
        if state not in (_DONE, _ERROR):
            open_ones += 1
            ids.pop()
            continue
        configuration = {name: _value(value[0]) for name, value in values.items() if value}
        whole |= {name for name, value in configuration.items() if isinstance(value, int)}
        trials.append(_trial(path, f"trial {ids[-1]}", entry, configuration, asked))
    ordered = [trial for _, trial in sorted(zip(ids, trials, strict=True), key=lambda pair: pair[0])]
    remarks = logs.left_out(open_ones, "not finished")
    if whole:
        names = ", ".join(sorted(whole)[:6])
        remarks += (f"whole numbers ({names}) are kept as they are: of hp.choice they are the choice's index",)
    return [
        Log(
            path.name,
            logs.hashed(content),
            "Hyperopt's trials",
            ordered,
            path.stem,
            indexed=bool(whole),
            remarks=remarks,
        )
    ]


def _trial(path: Path, place: str, entry: Mapping[str, Any], configuration: dict[str, Value], asked: Asked) -> Trial:
    result = entry.get("result")
    result = result if isinstance(result, Mapping) else {}
    status = texts.line(result.get("status"))[:40]
    name = asked.theirs("value") or "loss"
    try:
        value, why = logs.observed(result.get(name))
    except ValueError:
        raise UserError(f"{path}: {place}: its result's {name!r} is not a number") from None
    if entry["state"] == _ERROR or status != "ok":
        value, why = None, f"status is {status}" if entry["state"] == _DONE else "its objective raised an error"
    start, end = logs.moment(entry.get("book_time")), logs.moment(entry.get("refresh_time"))
    return Trial(
        place=place,
        value=value,
        why=why,
        test=logs.finite(result.get(asked.theirs("test_loss") or "test_loss")),
        seconds=logs.seconds_between(start, end),
        started_at=start,
        configuration=configuration,
    )


def _value(value: Any) -> Value:
    """NumPy's integers stand there as text, since `default=str` wrote them."""
    if isinstance(value, str) and _WHOLE.fullmatch(value):
        return int(value)
    if isinstance(value, str):
        number = logs.finite(value)
        return logs.plain(value if number is None else number)
    return logs.plain(value)
