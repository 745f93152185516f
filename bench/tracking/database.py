"""MLflow's tables in a database of SQLite: there whole or not at all."""

import glob
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

from mlflow.tracking import MlflowClient
from sqlalchemy.engine import make_url


@contextmanager
def made_whole(uri: str) -> Iterator[None]:
    """Within, a database of SQLite is there with its tables, and no other process looks for them.

    MLflow makes the tables one by one: two processes at once, one that is killed or a full disk would leave them in
    pieces. So they are made in a file beside it, which takes its place when it is whole.
    """
    url = make_url(uri) if uri.startswith("sqlite") else None
    if url is None or not url.database:
        yield
        return
    path = Path(url.database)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_name(f"{path.name}.lock").open("w") as lock:
        with suppress(ImportError):  # not on every system
            import fcntl  # noqa: PLC0415

            fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():
            for left in path.parent.glob(f".{glob.escape(path.name)}.*.part*"):
                left.unlink(missing_ok=True)
            part = path.with_name(f".{path.name}.{uuid4().hex[:8]}.part")  # MLflow keeps what it opened by its name
            made = url.set(database=str(part)).render_as_string(hide_password=False)
            MlflowClient(tracking_uri=made, registry_uri=made)
            part.replace(path)
        yield
