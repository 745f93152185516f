"""Doing it: which processes a sweep has, and what is sent to them."""

import os
import random
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

from killing.cases import CLUSTER, SLURM, Case, Strike

MARKER = "HPO_COMPARE_KILLS"
"""The variable by which processes of a case are known."""
PATIENCE = 1200.0
"""Seconds after which something is taken to hang; a machine may be that busy."""


class Impatient(Exception):
    """Something took too long; the message says what."""


def wait_for(condition: Callable[[], object], what: str, seconds: float = PATIENCE, every: float = 0.02) -> None:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise Impatient(f"after {seconds:.0f} s still not: {what}")
        time.sleep(every)


def family(token: str) -> list[psutil.Process]:
    """Every living process that was started by a case, whoever its parent is by now."""
    wanted, found = f"{MARKER}={token}".encode(), []
    for entry in Path("/proc").iterdir():
        with suppress(OSError, psutil.Error):
            if entry.name.isdecimal() and wanted in (entry / "environ").read_bytes().split(b"\0"):
                process = psutil.Process(int(entry.name))
                if process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
    return found


def workers(case: Case, token: str) -> list[psutil.Process]:
    """The processes that do runs; those of a cluster of Ray are this script's."""
    among = psutil.Process().children(recursive=True) if case.engine == CLUSTER else family(token)
    return [process for process in among if _is_worker(process)]


def _is_worker(process: psutil.Process) -> bool:
    with suppress(psutil.Error):
        line = " ".join(process.cmdline())
        return "LokyProcess" in line or "submitit.core._submit" in line or line.startswith("ray::_work")
    return False


def children(token: str) -> list[psutil.Process]:
    """The processes that make evaluations for a run."""
    found = []
    for process in family(token):
        with suppress(psutil.Error):
            if "bench.running.child_process" in process.cmdline():
                found.append(process)
    return found


def strike(case: Case, what: Strike, main: subprocess.Popen[str], token: str, slurm: Any, rng: random.Random) -> bool:
    """Do it; returns whether somebody was there to be struck."""
    if what.target == "job":
        return _strike_job(what.how, slurm, rng)
    if what.target == "main":
        send: Callable[[int], None] = main.send_signal
    elif what.target == "group":

        def send(number: int) -> None:
            os.killpg(main.pid, number)
    else:
        among = children(token) if what.target == "child" else workers(case, token)
        if not among:
            return False
        send = rng.choice(sorted(among, key=lambda process: process.pid)).send_signal
    for place, name in enumerate(what.how.split("+")):
        if place:
            time.sleep(rng.uniform(0.5, 1.5))
        with suppress(ProcessLookupError, psutil.NoSuchProcess):
            send(getattr(signal, f"SIG{name}"))
    return True


def _strike_job(how: str, slurm: Any, rng: random.Random) -> bool:
    running = slurm.do("squeue", "--noheader", "--format=%i", "--states=R").split()
    if not running:
        return False
    one = rng.choice(sorted(running))
    slurm.do(*(["scancel", one] if how == "cancel" else ["scontrol", "requeue", one]))
    return True


def ends_the_command(what: Strike) -> bool:
    """Whether the command is to end by it."""
    return what.target in ("main", "group") and what.how != "STOP+CONT"


def gone(case: Case, token: str, slurm: Any, all_jobs: bool) -> str | None:
    """Wait until nobody of a case is left; what is, where somebody stays.

    `all_jobs`: whether Slurm's jobs are to end too, which outlive a command that had no time to cancel them.
    """

    def left() -> list[str]:
        mine = family(token)
        if case.engine == CLUSTER:
            mine += workers(case, token)
        if case.engine == SLURM and not all_jobs:
            mine = [process for process in mine if not _of_job(process)]
        lines = [f"{process.pid} {_line(process)}" for process in mine]
        if case.engine == SLURM and all_jobs:
            lines += [f"job {number}" for number in slurm.do("squeue", "--noheader", "--format=%i").split()]
        return lines

    try:
        wait_for(lambda: not left(), "the end of every process", 60, 0.2)
    except Impatient:
        return "; ".join(left()) or None
    return None


def _of_job(process: psutil.Process) -> bool:
    """Whether it was started by a node of Slurm, and not by the command."""
    with suppress(OSError):
        return b"\0SLURM_JOB_ID=" in b"\0" + Path(f"/proc/{process.pid}/environ").read_bytes()
    return False


def _line(process: psutil.Process) -> str:
    with suppress(psutil.Error):
        return " ".join(process.cmdline())[:100]
    return "gone"
