"""Give the commands inputs made from valid ones by mutation, without end, and print what did not hold.

`make fuzz` goes on until Ctrl-C, `make fuzz SECONDS=600` for so long; `--case N` repeats a case, with its commands.
What must hold: a documented exit status, one line for what is refused, no traceback, nothing written outside the
folders that a command was given, nothing lost, numbers read as they were written. A case is a number, and the same
number is the same input. At the end it says how many of each reader's lines were run. Exits with status 1 where
something did not hold, or less than 80 % of a reader's lines were run. Cases are played in processes of their own, a
thousand in each, so that one that ends or hangs its process is a finding, too; the input of each finding is kept.
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any, TextIO

ROOT = Path(__file__).resolve().parents[2]
SUPPORT = ROOT / "tests/support"
BATCH = 1000
"""Cases of one process."""
STILL = 900.0
"""Seconds on one case after which its process is taken to hang."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, help="end after so many; without it, at Ctrl-C")
    parser.add_argument("--cases", type=int, help="end after so many")
    parser.add_argument("--first", type=int, help="the number of the first case; by default drawn, and printed")
    parser.add_argument("--case", type=int, help="play this case alone, and print its commands")
    parser.add_argument("--kinds", help="of these kinds alone, with commas: tables,stores; all by default")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes side by side")
    parser.add_argument("--until-finding", action="store_true", help="end at the first finding")
    parser.add_argument(
        "--keep", type=Path, default=Path(tempfile.gettempdir()) / "fuzz-findings", help="where inputs go"
    )
    parser.add_argument("--batch", nargs=2, metavar=("FIRST", "FOLDER"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    sys.path.insert(0, str(SUPPORT))
    if given.batch:
        return batch(int(given.batch[0]), Path(given.batch[1]), given.keep, given.kinds)
    if given.case is not None:
        return one(given.case, given.keep, weights(given.kinds))
    for number in (signal.SIGINT, signal.SIGTERM):  # a shell lets what it starts in the background ignore Ctrl-C
        signal.signal(number, signal.default_int_handler)
    with tempfile.TemporaryDirectory(prefix="fuzzing-") as folder:
        first = random.SystemRandom().randrange(10**9) if given.first is None else given.first
        fuzzing = Fuzzing(Path(folder), given.keep, first, given.workers, given.kinds)
        print(f"cases from {first} on; Ctrl-C ends", flush=True)
        try:
            fuzzing.go(given.seconds, given.cases, given.until_finding)
        except KeyboardInterrupt:
            print("ending", flush=True)
        fuzzing.end()
        print(fuzzing.line(), flush=True)
        poor = [] if given.until_finding else list(coverage_lines(Path(folder)))
    return int(bool(fuzzing.findings) or any(poor))


def weights(kinds: str | None) -> dict[str, float] | None:
    """How often each kind is to come; None: as usual."""
    kinds_of = import_module("fuzzing.cases").KINDS
    if kinds is None:
        return None
    unknown = set(kinds.split(",")) - set(kinds_of)
    if unknown:
        raise SystemExit(f"--kinds={kinds}: {', '.join(sorted(unknown))} is none of {', '.join(kinds_of)}")
    return {name: kinds_of[name][0] for name in kinds.split(",")}


def quick(number: int) -> bool:
    """Every other case calls readers itself, where their command would first compose a whole config."""
    return number % 2 == 1


def one(number: int, keep: Path, kinds: dict[str, float] | None) -> int:
    """Play one case and print all of it."""
    cases, templates = import_module("fuzzing.cases"), import_module("fuzzing.templates")
    with tempfile.TemporaryDirectory(prefix="fuzzing-") as folder:
        played = cases.play(number, templates.Templates(Path(folder)), kinds, keep, quick(number))
    print(f"case {number}: {played.kind}")
    for line in played.commands:
        print(f"  {line}")
    for line in played.findings:
        print(f"FINDING {line}\n  its input is kept in {keep / str(number)}")
    return int(bool(played.findings))


# --- a process that plays cases --------------------------------------------------------------------------------------


def batch(first: int, folder: Path, keep: Path, kinds: str | None) -> int:
    """Play cases one after another, a line of JSON for each, until there are enough or a file says to stop."""
    with measured(folder, first):  # before the suite is imported
        cases, templates = import_module("fuzzing.cases"), import_module("fuzzing.templates")
        made, chosen = templates.Templates(folder / "templates"), weights(kinds)
        for number in range(first, first + BATCH):
            print(json.dumps({"begun": number}), flush=True)
            played = cases.play(number, made, chosen, keep, quick(number))
            print(
                json.dumps(
                    {
                        "played": number,
                        "kind": played.kind,
                        "commands": len(played.commands),
                        "findings": played.findings,
                    }
                ),
                flush=True,
            )
            if (folder / "stop").exists():
                break
    return 0


class measured:  # noqa: N801 - a context
    """Which lines of the readers are run within."""

    def __init__(self, folder: Path, first: int) -> None:
        from coverage import Coverage

        files = [str(ROOT / name) for names in import_module("fuzzing.readers").READERS.values() for name in names]
        self._coverage = Coverage(data_file=str(folder / f".coverage.{first}"), include=files, config_file=False)

    def __enter__(self) -> None:
        self._coverage.start()

    def __exit__(self, *_: object) -> None:
        self._coverage.stop()
        self._coverage.save()


def coverage_lines(folder: Path) -> Iterator[bool]:
    """Print the share of each reader's lines that was run; yields whether that is too little."""
    from coverage import Coverage

    readers = import_module("fuzzing.readers")
    data = Coverage(data_file=str(folder / ".coverage"), config_file=False)
    parts = [str(path) for path in folder.glob(".coverage.*")]
    if not parts:
        print("no process came to its end: nothing is known of the readers' lines")
        yield True
        return
    data.combine(parts)
    for reader, names in readers.READERS.items():
        lines = run = 0
        files = []
        for path in sorted(each for name in names for each in ROOT.glob(name)):
            _, statements, _, missing, _ = data.analysis2(str(path))
            lines, run = lines + len(statements), run + len(statements) - len(missing)
            files.append(f"{path.name} {100 - 100 * len(missing) / max(len(statements), 1):.0f}")
        share = 100 * run / lines
        few = "" if share >= readers.LEAST else "  TOO FEW"
        print(f"{reader:<16} {share:5.1f} % of {lines} lines{few} ({', '.join(files)})")
        yield share < readers.LEAST


# --- the processes, watched ------------------------------------------------------------------------------------------


@dataclass
class Worker:
    """A process that plays cases, and where it is."""

    process: subprocess.Popen[bytes]
    said: TextIO
    errors: Path
    begun: int | None = None
    at: float = field(default_factory=time.monotonic)
    rest: str = ""


@dataclass
class Fuzzing:
    """Processes that play cases, and what came of them."""

    folder: Path
    keep: Path
    next: int
    width: int
    kinds: str | None = None
    findings: list[str] = field(default_factory=list)
    cases: Counter[str] = field(default_factory=Counter)
    commands: int = 0
    began: float = field(default_factory=time.monotonic)
    workers: list[Worker] = field(default_factory=list)

    def go(self, seconds: float | None, cases: int | None, until_finding: bool) -> None:
        """Play until the time is over, there are enough cases, or there is a finding, where that is to be the end."""
        said = time.monotonic()
        while True:
            while len(self.workers) < self.width:
                self.workers.append(self.started(self.next))
                self.next += BATCH
            time.sleep(0.05)
            self.look()
            if time.monotonic() - said > 60:
                said = time.monotonic()
                print(self.line(), flush=True)
            over = seconds is not None and time.monotonic() - self.began > seconds
            if over or (cases is not None and self.cases.total() >= cases) or (until_finding and self.findings):
                return

    def started(self, first: int) -> Worker:
        command = [sys.executable, __file__, "--batch", str(first), str(self.folder), "--keep", str(self.keep)]
        command += [] if self.kinds is None else ["--kinds", self.kinds]
        said, errors = self.folder / f"said.{first}", self.folder / f"errors.{first}"
        with said.open("wb") as out, errors.open("wb") as err:
            process = subprocess.Popen(command, stdout=out, stderr=err, start_new_session=True)
        return Worker(process, said.open(), errors)

    def look(self) -> None:
        """Read what the processes say; one that has ended early, or hangs, is a finding."""
        for worker in list(self.workers):
            ended = worker.process.poll() is not None
            self.read(worker)
            if ended:
                self.workers.remove(worker)
                if worker.process.returncode:
                    self.died(worker, f"ended its process with status {worker.process.returncode}")
            elif worker.begun is not None and time.monotonic() - worker.at > STILL:
                worker.process.send_signal(signal.SIGKILL)
                worker.process.wait()
                self.workers.remove(worker)
                self.died(worker, f"took more than {STILL:.0f} s")

    def read(self, worker: Worker) -> None:
        worker.rest += worker.said.read()
        *lines, worker.rest = worker.rest.split("\n")
        for line in lines:
            entry: dict[str, Any] = json.loads(line)
            worker.at = time.monotonic()
            worker.begun = entry.get("begun")
            if "played" in entry:
                self.cases[entry["kind"]] += 1
                self.commands += entry["commands"]
                for each in entry["findings"]:
                    self.found(entry["played"], each)

    def died(self, worker: Worker, how: str) -> None:
        self.found(worker.begun or 0, f"{how}; {worker.errors.read_text(errors='replace')[-1500:]}")

    def found(self, number: int, what: str) -> None:
        self.findings.append(what)
        again = f"{Path(sys.executable)} {Path(__file__).relative_to(ROOT)} --case {number}"
        again += "" if self.kinds is None else f" --kinds {self.kinds}"
        print(f"FINDING in case {number}: {what}\n  again: {again}; its input: {self.keep / str(number)}", flush=True)

    def end(self) -> None:
        """Let each process end its case and write down which lines were run."""
        (self.folder / "stop").touch()
        until = time.monotonic() + 120
        while self.workers and time.monotonic() < until:
            time.sleep(0.05)
            self.look()
        for worker in self.workers:
            worker.process.kill()
            worker.process.wait()

    def line(self) -> str:
        kinds = ", ".join(f"{count} {kind}" for kind, count in self.cases.most_common())
        seconds = time.monotonic() - self.began
        count = f"{self.cases.total()} cases ({kinds}), {self.commands} commands"
        return f"{seconds:.0f} s: {count}, {len(self.findings)} findings"


if __name__ == "__main__":
    sys.exit(main())
