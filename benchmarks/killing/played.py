"""A case from its start to its end: struck, started again until it is done, and compared with the undisturbed sweep."""

import contextlib
import fcntl
import json
import os
import random
import shlex
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from killing import checks, kept, starved, strikes
from killing.cases import CLOCKS, LOCAL, SLURM, SQLITE, Case, Strike
from killing.parts import LOG, MARK
from killing.places import Missing, Places, restart
from killing.works import WORKS, Work

ROOT = Path(__file__).resolve().parents[2]
WORKERS = 2
"""How many evaluations are under way at a time, at most."""
TIMEOUT = 1800
"""Seconds after which a command is."""


@dataclass
class Outcome:
    """What became of a case."""

    done: list[str] = field(default_factory=list)
    """What was done to it."""
    kills: int = 0
    starts: int = 0
    seconds: float = 0.0
    findings: list[str] = field(default_factory=list)


class Played:
    """One case in a folder of its own."""

    def __init__(self, case: Case, folder: Path, calm: Path, places: Places, seed: int) -> None:
        self.case, self.folder, self.places = case, folder, places
        self.work: Work = WORKS[case.work]
        self.rng = random.Random(f"{seed}/{case.number}/moments")
        self.token = f"{os.getpid()}-{case.number}"
        self.outcome = Outcome()
        self.marks: list[tuple[int, kept.Kept]] = []
        self.process: subprocess.Popen[str] | None = None
        self.calm = calm
        folder.mkdir(parents=True)
        (folder / MARK).write_text(json.dumps({"sleep": self.work.sleep}))
        self.slurm = places.slurm() if case.engine == SLURM else None
        self.url = places.store(case, folder)
        self.clock = folder / "clock"

    def play(self) -> Outcome:
        """Do it all; what does not hold is among the outcome's findings."""
        began = time.perf_counter()
        try:
            self.prepare()
            with starved.of_too_little(self.case.starved, self.folder) as limits:
                if limits is not None:
                    self._starve(limits)
            for strike in self.case.strikes:
                self._suffer(strike)
            self._finish()
            self._compare()
        except strikes.Impatient as error:
            self.outcome.findings.append(str(error))
        finally:
            self._clean()
        self.outcome.seconds = time.perf_counter() - began
        return self.outcome

    # --- started and struck ---

    def prepare(self) -> None:
        """Set the clock right, and do the sweep that is to be done before."""
        self.clock.write_text("0\n")
        if self.work.before:
            self.to_end(*shlex.split(self.work.before))
            (self.folder / LOG).unlink(missing_ok=True)

    def start(self, *more: str, limits: Any = None) -> None:
        """Start the command in a session of its own; what it prints goes to files."""
        arguments = [*self.work.command, *self.places.overrides(self.case), *more]
        environment = {
            **os.environ,
            **self.places.environment(self.case),
            strikes.MARKER: self.token,
            "BENCH_STORE": self.url,
            "PYTHONPATH": os.pathsep.join(map(str, (ROOT / "tests/support", ROOT / "benchmarks", ROOT))),
        }
        if self.case.clocked:
            environment |= faked(self.clock, self.folder)

        def prepare() -> None:
            for number in (
                signal.SIGINT,
                signal.SIGHUP,
            ):  # who runs in the background may have been told to ignore them
                signal.signal(number, signal.SIG_DFL)
            if limits is not None:
                limits()

        with (self.folder / "out").open("w") as out, (self.folder / "err").open("w") as err:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "bench", *arguments],
                cwd=self.folder,
                env=environment,
                preexec_fn=prepare,  # noqa: PLW1509 - this script has no other thread
                start_new_session=True,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                text=True,
            )
        self.outcome.starts += 1

    def to_end(self, *more: str) -> None:
        """Start the command, and let it come to its end."""
        self.start(*more)
        self._finish()

    @property
    def begun(self) -> list[str]:
        """The configurations whose evaluation was begun, in order."""
        path = self.folder / LOG
        return path.read_text().splitlines() if path.exists() else []

    @property
    def err(self) -> str:
        return (self.folder / "err").read_text(errors="replace")

    def _suffer(self, strike: Strike) -> None:
        """Let the sweep run until a strike is due, and do it."""
        if self.process is None:
            self.start()
        process = self.process
        assert process is not None
        if not self._due(strike, process):
            return  # it was done before
        if strike.clock is not None:
            self.clock.write_text(f"{CLOCKS[strike.clock]}\n")
            time.sleep(0.3)
        if strike.target == "server":
            restart(self.places.postgresql(), strike.how, self.rng.uniform(0.2, 2.0))
            self.outcome.done.append(str(strike))
            return
        if not strikes.strike(self.case, strike, process, self.token, self.slurm, self.rng):
            return
        self.outcome.done.append(str(strike))
        self.outcome.kills += 1
        if strikes.ends_the_command(strike):
            self._ended(strike, process)

    def _due(self, strike: Strike, process: subprocess.Popen[str]) -> bool:
        """Wait for the moment; whether the command is still there."""
        if strike.share is not None:
            target = len(self.begun) + max(1, round(strike.share * (self.work.evaluations - len(set(self.begun)))))
            strikes.wait_for(
                lambda: len(self.begun) >= target or process.poll() is not None, f"{target} evaluations begun"
            )
        time.sleep(strike.delay)
        return process.poll() is None

    def _ended(self, strike: Strike, process: subprocess.Popen[str]) -> None:
        """What a command that was ended leaves behind at once."""
        try:
            status = process.wait(timeout=300)
        except subprocess.TimeoutExpired:
            raise strikes.Impatient(f"the command does not end by {strike}") from None
        self.process = None
        if status == 0 or (status > 0 and "KILL" in strike.how):
            return  # it was quicker
        self.outcome.findings += [f"{strike}: {line}" for line in checks.of_end(status, self.err, strike.how)]
        left = strikes.gone(self.case, self.token, self.slurm, all_jobs=status > 0)
        if left:
            self.outcome.findings.append(f"{strike}: processes outlive the command: {left}")
        there = kept.of_store(self.url)
        self.marks.append((len(self.begun), there))

    def _starve(self, limits: "starved.Limits") -> None:
        """Start the command with too little of something: it ends well, or says in a line what it lacks."""
        self.start(*limits.overrides, limits=limits.in_child)
        assert self.process is not None
        limits.meanwhile(lambda: len(self.begun))
        try:
            status = self.process.wait(timeout=TIMEOUT)
        except subprocess.TimeoutExpired:
            raise strikes.Impatient(f"the command does not end with too little ({self.case.starved})") from None
        self.process = None
        self.outcome.done.append(f"{self.case.starved}: exit status {status}")
        self.outcome.findings += starved.of_end(status, self.err)
        left = strikes.gone(self.case, self.token, None, all_jobs=True)
        if left:
            self.outcome.findings.append(f"processes outlive the command: {left}")
        limits.enough()
        self.marks.append((len(self.begun), kept.of_store(self.url)))

    def _finish(self) -> None:
        """Let the sweep come to its end, with status 0."""
        if self.process is None:
            self.start()
        assert self.process is not None
        try:
            status = self.process.wait(timeout=TIMEOUT)
        except subprocess.TimeoutExpired:
            raise strikes.Impatient("the sweep does not end") from None
        self.process = None
        if status:
            self.outcome.findings.append(f"exit status {status} at the end: {self.err.strip()[-300:]!r}")
        if "Traceback" in self.err:
            self.outcome.findings.append("a traceback on stderr")

    # --- compared ---

    def _compare(self) -> None:
        left = strikes.gone(self.case, self.token, self.slurm, all_jobs=True)
        if left:
            self.outcome.findings.append(f"processes are left at the end: {left}")
        calm = undisturbed(self.work, self.calm, self.places)
        crashed = sum("child" in line and "CONT" not in line for line in self.outcome.done)
        rough = kept.of_results(self.folder / "results")
        after = kept.of_store(self.url)
        moments = [there for _, there in self.marks]
        calm_left, calm_kept = kept.of_results(calm), kept.of_store(f"sqlite:///{calm / 'store.sqlite'}")
        self.outcome.findings += checks.of_tables(calm_left, rough, crashed)
        self.outcome.findings += checks.of_store(calm_kept, moments, after, rough, self.work.stored)
        if self.work.once:
            in_flight = WORKERS * (self.outcome.kills + (self.case.starved is not None))
            self.outcome.findings += checks.of_log(self.begun, self.marks, in_flight)

    def _clean(self) -> None:
        """End what a case has left, so that it disturbs no other."""
        for process in strikes.family(self.token):
            with contextlib.suppress(Exception):
                process.kill()
        if self.slurm is not None:
            self.slurm.do("scancel", "--user=root")
        starved.unmount(self.folder / "results")


def undisturbed(work: Work, calm: Path, places: Places) -> Path:
    """The results folder of the sweep as it is when nothing happens to it, made where it is missing."""
    place = calm / work.name.replace(" ", "-")
    calm.mkdir(parents=True, exist_ok=True)
    with (calm / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # several scripts may share a folder
        _made(work, place, calm, places)
    return place / "results"


def _made(work: Work, place: Path, calm: Path, places: Places) -> None:
    if not (place / "done").exists():
        shutil.rmtree(place, ignore_errors=True)
        played = Played(Case(-1, work.name, LOCAL, SQLITE), place, calm, places, 0)
        (place / MARK).write_text(json.dumps({"sleep": 0.0}))
        played.prepare()
        played.to_end()
        if played.outcome.findings:
            raise SystemExit(f"{work.name}, undisturbed: {played.outcome.findings}")
        (place / "done").touch()


def faked(clock: Path, folder: Path) -> dict[str, str]:
    """The environment in which processes set their time of day off by the seconds that a file holds."""
    library = folder / "clock.so"
    source = Path(__file__).with_name("clock.c")
    compiler = shutil.which("cc")
    if compiler is None:
        raise Missing("no C compiler, for the clock that is set off")
    if not library.exists():
        subprocess.run([compiler, "-shared", "-fPIC", "-O2", "-o", library, source, "-ldl"], check=True)
    return {"LD_PRELOAD": str(library), "KILLS_CLOCK": str(clock)}
