"""What is raised where a file cannot be read as trial tables."""

from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from bench.errors import UserError

if TYPE_CHECKING:
    from bench.results.identity import RunId

BROKEN = (OSError, LookupError, ValueError, TypeError, RecursionError, pa.ArrowException)
"""What reading raises where a file is not what it should be."""


class UnreadableTable(UserError):
    """A file that cannot be read as a trial table; `reason` says why, and what to do, without the path."""

    def __init__(self, path: Path, reason: str, run: "RunId | None" = None) -> None:
        super().__init__(f"{path}: {reason}")
        self.path, self.reason = path, reason
        self.run = run
        """Whose table it is, where that is known."""


class DamagedTable(UnreadableTable):
    """A parquet file that cannot be read as a trial table of any version."""

    def __init__(self, path: Path, error: Exception, run: "RunId | None" = None) -> None:
        reason = getattr(error, "strerror", None) or str(error).replace(str(path), path.name) or type(error).__name__
        super().__init__(
            path,
            f"not a readable trial table ({reason.splitlines()[0]}); delete it and run its experiment again: "
            "what the store holds is not evaluated again",
            run,
        )
