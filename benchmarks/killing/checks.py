"""What must hold of a sweep that was disturbed, in sentences that say what does not."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from killing.kept import TIMES, Kept, Left

STOPPED = "bench: stopped; the same command goes on from here"
_NOISE = ("runs ", "best loss", "note: ", "warning: ")
_STATUSES = {
    "KILL": {-9},
    "TERM": {143, -15},  # by the signal itself, where the command is only starting
    "HUP": {129, -1},
    "INT": {130, -2},
}


def of_tables(calm: Left, rough: Left, crashed: int = 0) -> Iterator[str]:
    """Every run has the table that it has undisturbed, in every column that is no time; `crashed` trials may differ."""
    if calm.trials.keys() != rough.trials.keys():
        yield f"runs differ: {sorted(calm.trials.keys() ^ rough.trials.keys())}"
    left = crashed
    for run in calm.trials.keys() & rough.trials.keys():
        expected, actual = _timeless(calm, run), _timeless(rough, run)
        if crashed:
            expected, actual, here = _without_crashed(expected, actual)
            left -= here
        if list(expected.columns) != list(actual.columns) or len(expected) != len(actual):
            yield f"{run}: {len(actual)} rows and {len(expected)} undisturbed, or other columns"
            continue
        for name in expected:
            if not expected[name].astype(object).equals(actual[name].astype(object)):  # categories may differ
                yield f"{run}: {name} differs from the undisturbed run's"
    if left < 0:
        yield f"{crashed - left} trials crashed by {crashed} kills"
    for run in calm.metadata.keys() & rough.metadata.keys():
        yield from _of_metadata(run, calm.metadata[run], rough.metadata[run])
    extra = rough.files - calm.files
    if extra:
        yield f"files that nobody needs: {sorted(extra)}"


def _timeless(left: Left, run: str) -> pd.DataFrame:
    """A run's table without what is measured, and without which of two runs was first at a point that both want.

    The seconds stand in the details of rungs, too, and may move the clock.
    """
    trials = left.trials[run].drop(columns=[*TIMES, "cached"])
    if "clock" in trials and left.metadata[run]["config"].get("workers", {}).get("clock") != "cost":
        trials = trials.drop(columns="clock")
    details = [json.loads(text) for text in trials["details"]]
    for each in details:
        each["rungs"] = [rung[:-1] for rung in each.get("rungs", [])]
    return trials.assign(details=[json.dumps(each, sort_keys=True) for each in details])


def _without_crashed(expected: pd.DataFrame, actual: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame, int]:
    """Without the rows whose child was killed, which is what such a trial is, and without what follows from a loss."""
    keep = actual["status"] != "crashed"
    follows = ["best_loss", "incumbent_test_loss"]
    return expected[keep].drop(columns=follows), actual[keep].drop(columns=follows), int((~keep).sum())


def _of_metadata(run: str, calm: Mapping[str, Any], rough: Mapping[str, Any]) -> Iterator[str]:
    if rough["diverged_at"] is not None:
        yield f"{run}: its optimiser went another way than before, from trial {rough['diverged_at']}"
    for name in calm.keys() | rough.keys():
        if name not in ("provenance", "objectives") and calm.get(name) != rough.get(name):
            yield f"{run}: {name} of its metadata differs"


def of_store(calm: Kept, moments: Sequence[Kept], after: Kept, rough: Left, stored: bool) -> Iterator[str]:
    """What was kept at a kill is there, unchanged; the same is evaluated as undisturbed; nobody holds anything."""
    for number, kept in enumerate(moments, 1):
        lost = [key for key, row in kept.evaluations.items() if after.evaluations.get(key) != row]
        if lost:
            yield f"{len(lost)} evaluations that the store had at strike {number} are lost or changed"
        yield from _of_journal(number, kept, rough)
    if after.claims:
        yield f"{len(after.claims)} claims are left"
    unfinished = {run: state for run, state in after.states.items() if state != "done"}
    if unfinished:
        yield f"the journal has unfinished runs: {unfinished}"
    if stored and calm.configurations.keys() != after.configurations.keys():
        missing = len(calm.evaluations.keys() - after.evaluations.keys())
        more = len(after.evaluations.keys() - calm.evaluations.keys())
        yield f"the store lacks {missing} evaluations of the undisturbed sweep and has {more} that it has not"


def _of_journal(number: int, kept: Kept, rough: Left) -> Iterator[str]:
    """What trials were charged for before a kill is what their rows say."""
    wrong = 0
    for (run, trial), (_key, ask, tell, started) in kept.journal.items():
        table = rough.trials.get(run)
        if table is None:
            continue  # said of the tables
        place = "proposal" if "proposal" in table else "trial"
        rows = table[table[place] == trial]
        charged = (rows["ask_seconds"] == ask) & (rows["tell_seconds"] == tell)
        wrong += not charged.any() or pd.Timestamp(started) not in set(pd.to_datetime(rows["started_at"], utc=True))
    if wrong:
        yield f"{wrong} trials of the journal at strike {number} are charged otherwise in the tables"


def of_log(begun: Sequence[str], marks: Sequence[tuple[int, Kept]], in_flight: int) -> Iterator[str]:
    """What was kept was not evaluated again, and no more was begun twice than was under way at a kill.

    `begun` are configurations in order; `marks` say what was kept, and how many had been begun by then.
    """
    for number, (count, kept) in enumerate(marks, 1):
        there = {_canonical(text) for text in kept.configurations.values()}
        again = [text for text in begun[count:] if text in there]
        if again:
            yield f"{len(again)} evaluations that the store had at strike {number} were made again"
    twice = sum(times - 1 for times in Counter(begun).values())
    if twice > in_flight:
        yield f"{twice} evaluations were begun again, and at most {in_flight} were under way when something was killed"


def _canonical(text: str) -> str:
    return json.dumps(json.loads(text), sort_keys=True)


def of_end(status: int, err: str, how: str) -> Iterator[str]:
    """A command that was ended says so in one line, and by its status."""
    last = how.rpartition("+")[2]
    if status not in _STATUSES[last]:
        yield f"exit status {status} after {how}, expected one of {sorted(_STATUSES[last])}"
    yield from of_words(err, [STOPPED] if status > 0 else [])


def of_words(err: str, expected: Sequence[str]) -> Iterator[str]:
    """stderr has what is expected, beside progress and notes."""
    lines = [line for line in err.splitlines() if line.strip() and not line.startswith(_NOISE)]
    if lines != list(expected):
        yield f"stderr: {' | '.join(lines[:3])[:300]!r} ({len(lines)} lines)"
