"""A PostgreSQL server of a test's own, in a temporary folder, started as a user that is not root."""

import os
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

import pytest

PASSWORD = "s3cret-of-the-store"


class Server:
    """A server that listens on this machine alone, and can be stopped and started again."""

    password = PASSWORD

    def __init__(self, programs: Path, folder: Path) -> None:
        self._programs, self.folder = programs, folder
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        word = folder / "word"
        word.write_text(PASSWORD)
        if os.getuid() == 0:
            shutil.chown(folder, "nobody", "nogroup")
            shutil.chown(word, "nobody", "nogroup")
        auth = ["--auth=scram-sha-256", "--username=me", f"--pwfile={word}"]
        self._do("initdb", "--no-sync", "--encoding=UTF8", "--locale=C", *auth)
        self.start()

    @property
    def url(self) -> str:
        """The store's URL, password included."""
        return f"postgresql://me:{PASSWORD}@127.0.0.1:{self.port}/postgres"

    def database(self, name: str) -> str:
        """The URL of a new database."""
        import psycopg

        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(f"create database {name}")
        return f"{self.url.rpartition('/')[0]}/{name}"

    def start(self) -> None:
        options = f"-p {self.port} -h 127.0.0.1 -k {self.folder} -F"
        self._do("pg_ctl", "--wait", f"--log={self.folder / 'log'}", f"--options={options}", "start")

    def stop(self, mode: str = "fast") -> None:
        self._do("pg_ctl", "--wait", f"--mode={mode}", "stop")

    def clear(self) -> None:
        """Drop every table."""
        import psycopg

        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute("drop schema public cascade")
            connection.execute("create schema public")

    def _do(self, program: str, *arguments: str) -> None:
        whose = {"user": "nobody", "group": "nogroup", "extra_groups": []} if os.getuid() == 0 else {}
        subprocess.run(
            [self._programs / program, f"--pgdata={self.folder / 'data'}", *arguments],
            check=True,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,  # the server would keep a pipe open
            **whose,
        )


def programs() -> Path | None:
    """Where PostgreSQL's own programs are: Debian keeps them out of PATH."""
    found = [Path(path).parent for path in [shutil.which("initdb")] if path is not None]
    found += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name), reverse=True)
    return next((folder for folder in found if (folder / "pg_ctl").exists()), None)


@pytest.fixture(scope="module")
def server():
    """A server for the tests of one file; skips where there is no PostgreSQL."""
    folder = programs()
    if folder is None:
        pytest.skip("no PostgreSQL here: apt-get install postgresql")
    place = Path(tempfile.mkdtemp(prefix="hpo-compare-postgres-"))
    made = Server(folder, place)
    try:
        yield made
    finally:
        made.stop("immediate")
        shutil.rmtree(place)


@pytest.fixture
def postgres(server):
    """The URL of an empty database."""
    server.clear()
    return server.url
