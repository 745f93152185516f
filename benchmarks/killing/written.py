"""Outcomes, kept as each case ends, and the page that shows them."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from killing.cases import Case
from killing.played import Outcome
from killing.works import WORKS

INTRO = """
# Killed by machine

What happens to sweeps on real machines, done to small ones on purpose; a command wrote this page:

```text
python benchmarks/kills.py --seed 0 --write docs/killed.md     all cases, most of an hour on two cores
python benchmarks/kills.py --case 17                           one of them again, by its number
python benchmarks/kills.py                                     a few that need no server, some two minutes
```

**What is done.** A sweep of `bench run` is disturbed at moments drawn from the seed and the case's number: when so many
evaluations have begun, or so long after the start. A kill sends signals to the command (`main`), to one of the
processes that do its runs (`worker`), to one that makes evaluations for them (`child`, with `isolation=process`), or to
the command and all that it has started (`group`); `STOP+CONT` stops it and lets it go on a second later, `STOP+KILL`
kills what has been stopped. `job` is what an operator of Slurm does. `server` ends PostgreSQL, in order (fast), at once
(immediate) or by SIGKILL, and starts it again within two seconds. Where the command has ended the same command
is started again, until the sweep is done.

**What must hold,** each of it in every case, and is looked at by `benchmarks/killing/checks.py`:

- The sweep ends with status 0, and every run's table is that of the same sweep undisturbed, with the local engine and
  SQLite: bit for bit in every column but times, and `cached`, which says which of two runs came first to a point.
- Whatever the store held at a kill it still holds, unchanged; what a trial was charged for then is what its row says.
- Nothing that was kept is evaluated again; what was begun twice is at most what was under way at a kill. The store has
  the evaluations of the undisturbed sweep and no other, no claim is left, and by the journal each run is done.
- The command ends with the status of its signal, and where it had time for a line with that line alone.
- A minute later no process, no job and no half-written file is left.

A child that is killed from outside is an outcome of its trial, `crashed`: there the other trials must be the same. With
too little of something (MiB free on the disk of the results, `ulimit -n`, `ulimit -v` in MiB) the command ends well, or
says in a line what it lacks, without a traceback; with enough of it the same command goes on. A clock is
set off for all processes of a case, but not for the server of its store.

Needed are root, for Slurm and for a disk, Debian's `postgresql`, `slurm-wlm` and `munge`, a C compiler for the clocks,
and `pip install '.[dev]'`. What is missing is named and left out. An interrupted table goes on where it stopped
(`--folder`, `build/kills` by default); a case that does not hold leaves its folder there.
"""


class Record:
    """A line of JSON for each case of a seed that has been played."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def played(self, seed: int) -> dict[int, Outcome]:
        """The outcomes so far, by case; the last of each counts."""
        lines = self._path.read_text().splitlines() if self._path.exists() else []
        entries = [entry for entry in map(json.loads, lines) if entry.pop("seed") == seed]
        return {entry.pop("case"): Outcome(**entry) for entry in entries}

    def add(self, seed: int, case: Case, outcome: Outcome) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("a") as file:
            file.write(json.dumps({"seed": seed, "case": case.number, **asdict(outcome)}) + "\n")


def line(case: Case, outcome: Outcome) -> str:
    """One case, as it is shown while they are played."""
    what = "; ".join(outcome.done) or "nothing was in time"
    came = "holds" if not outcome.findings else "DOES NOT HOLD: " + " / ".join(outcome.findings)
    return f"{case.number:3} {case.work}, {case.engine}, {case.store}: {what} ({outcome.seconds:.0f} s): {came}"


def page(seed: int, cases: Sequence[Case], outcomes: Mapping[int, Outcome], missing: Sequence[str]) -> str:
    """The page: what was done, in sum and case by case."""
    played = [(case, outcomes[case.number]) for case in cases if case.number in outcomes]
    rows = [
        "| case | sweep | engine | store | what was done to it | starts | what came of it |",
        "|--:|---|---|---|---|--:|---|",
    ]
    rows += [_row(case, outcome) for case, outcome in played]
    parts = [
        INTRO.strip(),
        "## The cases",
        _summed(seed, played, len(cases)),
        *(f"Left out: {reason}." for reason in missing),
        "\n".join(rows),
    ]
    shows = [f"| {work.name} | {work.shows} |" for work in WORKS.values()]
    parts += ["## The sweeps", "\n".join(["| sweep | what it is there for |", "|---|---|", *shows])]
    return "\n\n".join(parts) + "\n"


def _summed(seed: int, played: Sequence[tuple[Case, Outcome]], every: int) -> str:
    struck = Counter(case.engine for case, outcome in played for _ in range(outcome.kills))
    by_store = Counter(case.store for case, outcome in played for _ in range(outcome.kills))
    kills = sum(outcome.kills for _, outcome in played)
    cuts = sum(line.startswith("server") for _, outcome in played for line in outcome.done)
    starved = sum(case.starved is not None for case, _ in played)
    failed = [str(case.number) for case, outcome in played if outcome.findings]
    engines = ", ".join(f"{count} with {name}" for name, count in sorted(struck.items()))
    stores = ", ".join(f"{count} with {name}" for name, count in sorted(by_store.items()))
    whole = len(played) == every
    held = "All of it held in every case." if whole else "All of it held in these; the others have no outcome yet."
    verdict = held if not failed else f"Not all of it held in the cases {', '.join(failed)}."
    there = f"{len(played)} cases" if whole else f"{len(played)} of {every} cases"
    return (
        f"With seed {seed}: **{kills} kills** in {there} ({engines}; {stores}), {cuts} ends of the store's "
        f"server, {starved} starts\nwith too little of something. {verdict}"
    )


def _row(case: Case, outcome: Outcome) -> str:
    done = "; ".join(outcome.done) or "nothing was in time"
    came = "; ".join(outcome.findings) or "holds"
    cells = (case.number, case.work, case.engine, case.store, done, outcome.starts, came.replace("|", "/"))
    return f"| {' | '.join(map(str, cells))} |"
