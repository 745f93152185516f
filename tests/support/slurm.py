"""A Slurm cluster of one node, this machine, which a test starts and stops: munge, controller and node daemon.

Everything lies in a temporary folder. It has no accounting, so that `sacct` knows nothing, as on many small clusters.
"""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "scontrol")


def missing() -> str | None:
    """Why there can be no cluster here; None where there can."""
    if os.getuid() != 0:
        return "a node of Slurm must be started by root"
    lacking = [name for name in PROGRAMS if shutil.which(name, path=_path()) is None]
    return f"not installed: {', '.join(lacking)} (Debian's slurm-wlm and munge)" if lacking else None


def _path() -> str:
    return os.pathsep.join([os.environ["PATH"], "/usr/sbin", "/sbin"])


def _port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


class Cluster:
    """One node with two cores; `environment` is what a command needs to find it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.chmod(0o755)
        self.environment = {"SLURM_CONF": str(folder / "slurm.conf"), "PATH": _path()}
        key = folder / "munge.key"
        key.write_bytes(os.urandom(128))
        key.chmod(0o600)
        (folder / "slurm.conf").write_text(self._config())
        self._processes: list[subprocess.Popen[bytes]] = []
        munge = ["munged", "--foreground", f"--socket={folder}/munge.socket", f"--key-file={key}", "--force"]
        munge += [
            f"--pid-file={folder}/munge.pid",
            f"--seed-file={folder}/munge.seed",
            f"--log-file={folder}/munge.log",
        ]
        self._start(*munge)
        self._wait((folder / "munge.socket").exists)
        self._start("slurmctld", "-D", "-c")
        self._start("slurmd", "-D", "-N", "here")
        self._wait(lambda: "idle" in self.do("sinfo", "--noheader", "--format=%T"))

    def _config(self) -> str:
        host = socket.gethostname()
        return f"""
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
CryptoType=crypto/munge
AuthInfo=socket={self.folder}/munge.socket
SlurmctldPort={_port()}
SlurmdPort={_port()}
SlurmctldPidFile={self.folder}/slurmctld.pid
SlurmdPidFile={self.folder}/slurmd.pid
SlurmctldLogFile={self.folder}/slurmctld.log
SlurmdLogFile={self.folder}/slurmd.log
StateSaveLocation={self.folder}/state
SlurmdSpoolDir={self.folder}/spool
ProctrackType=proctrack/pgid
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=1,bf_interval=1
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
ReturnToService=2
KillWait=5
InactiveLimit=0
MailProg=/bin/true
JobRequeue=1
NodeName=here NodeHostname={host} NodeAddr=127.0.0.1 CPUs=2 State=UNKNOWN
PartitionName=main Nodes=here Default=YES MaxTime=INFINITE State=UP
""".lstrip()

    def _start(self, *command: str) -> None:
        log = (self.folder / f"{command[0]}.out").open("wb")
        environment = {**os.environ, **self.environment}
        self._processes.append(
            subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=environment)
        )

    def do(self, *command: str) -> str:
        """What a command of Slurm prints."""
        environment = {**os.environ, **self.environment}
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, timeout=60)
        return done.stdout + done.stderr

    def _wait(self, condition) -> None:
        end = time.monotonic() + 180
        while not condition():
            if time.monotonic() > end or any(process.poll() is not None for process in self._processes):
                logs = "\n".join(
                    path.read_text(errors="replace")[-600:] for path in sorted(self.folder.glob("*.[ol]*"))
                )
                self.stop()
                pytest.skip(f"the cluster does not start here:\n{logs}")
            time.sleep(0.2)

    def stop(self) -> None:
        self.do("scancel", "--full", "--user=root")
        time.sleep(0.5)
        for process in reversed(self._processes):
            process.terminate()
        for process in self._processes:
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()


def cluster() -> Iterator[Cluster]:
    """A cluster for the tests of a module."""
    reason = missing()
    if reason:
        pytest.skip(reason)
    folder = Path(tempfile.mkdtemp(prefix="slurm-"))
    (folder / "state").mkdir()
    (folder / "spool").mkdir()
    running = Cluster(folder)
    try:
        yield running
    finally:
        running.stop()
        shutil.rmtree(folder, ignore_errors=True)
