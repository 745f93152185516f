"""Too little of something: a disk that is full, few descriptors, a small address space."""

import contextlib
import resource
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from killing.places import Missing


@dataclass
class Limits:
    """What a start is given too little of, and how to give it enough."""

    overrides: tuple[str, ...] = ()
    in_child: Callable[[], None] | None = None
    meanwhile: Callable[[Callable[[], int]], None] = lambda _count: None
    enough: Callable[[], None] = lambda: None


@contextlib.contextmanager
def of_too_little(what: str | None, folder: Path) -> Iterator[Limits | None]:
    """The limits of a case: `disk MB`, `descriptors NUMBER` or `address space MB`."""
    if what is None:
        yield None
        return
    kind, _, amount = what.rpartition(" ")
    if kind == "descriptors":
        yield Limits(in_child=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (int(amount), int(amount))))
    elif kind == "address space":
        limit = int(amount) * 2**20
        yield Limits(in_child=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)))
    else:
        yield _on_disk(folder / "results", float(amount))


def _on_disk(place: Path, megabytes: float) -> Limits:
    """A small disk of its own for the results, on which `megabytes` are free."""
    place.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(place)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise Missing(f"a disk of its own cannot be mounted here ({done.stderr.strip()})")
    filler = place / "filler"
    _fill(filler, int((16 - megabytes) * 2**20))
    return Limits(enough=filler.unlink)


def _fill(path: Path, size: int) -> None:
    with contextlib.suppress(OSError), path.open("wb", buffering=0) as file:
        while (left := size - file.tell()) > 0:
            file.write(b"\0" * min(left, 4096))


def unmount(place: Path) -> None:
    """Give a disk back, if one is there."""
    if place.is_mount():
        for _ in range(20):
            if subprocess.run(["umount", str(place)], capture_output=True, check=False).returncode == 0:
                return
            time.sleep(0.5)


def of_end(status: int, err: str) -> Iterator[str]:
    """A command that had too little ends well, or with a line for each cause, and no traceback."""
    lines: list[Any] = [line for line in err.splitlines() if line.startswith("bench: ")]
    if status not in (0, 1, 2):
        yield f"exit status {status} with too little, expected 0, 1 or 2: {err.strip()[-200:]!r}"
    elif status and not lines:
        yield f"exit status {status} and no line that says why: {err.strip()[-200:]!r}"
    if "Traceback" in err:
        last = err.strip().splitlines()[-1]
        yield f"a traceback on stderr, ending in {last[:160]!r}"
    if len(lines) > 8:
        yield f"{len(lines)} lines for one cause: {lines[0][:120]!r}"
