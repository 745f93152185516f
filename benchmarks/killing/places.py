"""Where sweeps run: stores and engines, real servers of their own, started where a case first asks for one."""

import contextlib
import itertools
import os
import shutil
import signal
import subprocess
import tempfile
import time
from importlib import import_module
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from killing.cases import CLUSTER, LOCAL, POSTGRESQL, RAY, SLURM, Case

NOT_NICE = {"RAY_worker_niceness": "0"}
"""Ray's workers are else so nice that on a busy machine they do not come to work."""


class Missing(Exception):
    """Something that a case needs is not installed here; the message says what."""


class Places:
    """The servers of a session, which end with it."""

    def __init__(self) -> None:
        self._stack = contextlib.ExitStack()
        self._servers: dict[str, Any] = {}
        self._databases = itertools.count()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stack.close()

    def store(self, case: Case, folder: Path) -> str:
        """The URL of an empty store for a case."""
        if case.store != POSTGRESQL:
            return f"sqlite:///{folder / 'results/store.sqlite'}"
        url: str = self.postgresql().database(f"case_{case.number}_{next(self._databases)}")
        return url

    def overrides(self, case: Case) -> list[str]:
        """The overrides of a case's engine and store."""
        engine = {
            LOCAL: ["engine.workers=2"],
            RAY: ["engine=ray"],
            CLUSTER: ["engine=ray"],
            SLURM: ["engine=slurm", "engine.memory=null", "engine.minutes=20", "engine.runs_per_job=2"],
        }[case.engine]
        if case.engine == CLUSTER:
            engine.append(f"engine.address='{self.ray().address}'")
        return [*engine, *(["store='${oc.env:BENCH_STORE}'"] if case.store == POSTGRESQL else [])]

    def environment(self, case: Case) -> dict[str, str]:
        """What the command of a case finds its engine by."""
        found: dict[str, str] = self.slurm().environment if case.engine == SLURM else {}
        return {**found, **NOT_NICE}

    def postgresql(self) -> Any:
        return self._server("PostgreSQL", self._start_postgresql)

    def slurm(self) -> Any:
        return self._server("Slurm", self._start_slurm)

    def ray(self) -> Any:
        return self._server("Ray", self._start_ray)

    def _server(self, name: str, start: Any) -> Any:
        if name not in self._servers:
            try:
                self._servers[name] = start()
            except ModuleNotFoundError as error:
                raise Missing(f"{name}: needs the package {error.name}") from None
        return self._servers[name]

    def _start_postgresql(self) -> Any:
        postgres: Any = import_module("postgres")
        programs = postgres.programs()
        if programs is None:
            raise Missing("PostgreSQL is not installed")
        folder = Path(tempfile.mkdtemp(prefix="kills-postgres-"))
        server = postgres.Server(programs, folder)
        self._stack.callback(shutil.rmtree, folder, ignore_errors=True)
        self._stack.callback(server.stop, "immediate")
        return server

    def _start_slurm(self) -> Any:
        slurm: Any = import_module("slurm")
        reason = slurm.missing()
        if reason:
            raise Missing(reason)
        try:
            return self._stack.enter_context(contextlib.contextmanager(slurm.cluster)())
        except import_module("pytest").skip.Exception as reason:
            raise Missing(str(reason)) from None

    def _start_ray(self) -> Any:
        from ray.cluster_utils import Cluster

        os.environ.update(NOT_NICE)
        cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 2, "include_dashboard": False})
        self._stack.callback(cluster.shutdown)
        return cluster


def restart(server: Any, how: str, seconds: float) -> None:
    """End a PostgreSQL server, and start it again after `seconds`."""
    if how == "KILL":
        number = int((server.folder / "data/postmaster.pid").read_text().split()[0])
        os.kill(number, signal.SIGKILL)
        while Path(f"/proc/{number}").exists() and _state(number) != "Z":
            time.sleep(0.05)
        time.sleep(1)  # its children go when they see it
    else:
        server.stop(how)
    time.sleep(seconds)
    until = time.monotonic() + 60
    while not _started(server, last=time.monotonic() > until):
        time.sleep(1)


def _started(server: Any, last: bool) -> bool:
    """Start it; False where what a killed server has left still holds its memory."""
    try:
        server.start()
    except subprocess.CalledProcessError:
        if last:
            raise
        return False
    return True


def _state(number: int) -> str:
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return "Z"
