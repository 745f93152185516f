"""What every child process is started with: its environment, where it finds modules, and its end with its parent."""

import os
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path


def environment_of_child() -> dict[str, str]:
    """What a child process needs to import this very package, and not a folder of the same name where it is started."""
    root = str(Path(__file__).resolve().parent.parent.parent)
    before = os.environ.get("PYTHONPATH")
    return {"PYTHONSAFEPATH": "1", "PYTHONPATH": root if not before else os.pathsep.join([root, before])}


def die_with_parent(parent: int, poll_seconds: float = 0.5) -> None:
    """End this process soon after its parent has died, whatever it is doing; works wherever there are threads.

    `parent` is the pid that the parent gave: it may have died before this process could ask for it.
    """

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(poll_seconds)
        os._exit(1)

    threading.Thread(target=watch, daemon=True, name="die-with-parent").start()


def import_path() -> list[str]:
    """Where this process finds modules: a user's own classes, which its children must find too."""
    return [os.path.abspath(folder) for folder in sys.path]  # noqa: PTH100 - `resolve` would follow links


def take_import_path(folders: Sequence[str]) -> None:
    """Find modules where a parent did, after this process's own places."""
    sys.path[:] = [*sys.path, *(folder for folder in folders if folder not in sys.path)]
