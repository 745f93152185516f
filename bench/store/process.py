"""Processes as others know them: whether the holder of a claim lives."""

import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from bench.provenance import host


@dataclass(frozen=True)
class Process:
    """A process as another one can recognise it: the pid alone could since have been given to somebody else."""

    host: str
    pid: int
    process_started: float
    """On Linux in seconds since the system was started, else the time of day."""

    @classmethod
    def this(cls) -> "Process":
        """The process that asks."""
        return _this(os.getpid())

    def lives(self) -> bool:
        """Whether it is still there; it must be one of this host."""
        if self == Process.this():
            return True
        import psutil  # noqa: PLC0415 - only where somebody else holds something, or did

        try:
            process = psutil.Process(self.pid)
            return _started(self.pid) == self.process_started and process.status() != psutil.STATUS_ZOMBIE
        except (psutil.NoSuchProcess, FileNotFoundError, ProcessLookupError):
            return False

    @property
    def elsewhere(self) -> bool:
        """Whether it is on another host than this process."""
        return self.host != host()


@cache
def _this(pid: int) -> Process:
    return Process(host(), pid, _started(pid))


def _started(pid: int) -> float:
    """When a process was started: in seconds since the system was, where that is to be had.

    The time of day that psutil gives moves when somebody sets the clock, and a living process would pass for dead.
    """
    stat = Path(f"/proc/{pid}/stat")
    if not Path("/proc/self/stat").exists():
        import psutil  # noqa: PLC0415 - as above

        return float(psutil.Process(pid).create_time())
    return int(stat.read_text().rpartition(")")[2].split()[19]) / os.sysconf("SC_CLK_TCK")
