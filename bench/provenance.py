"""What a result depends on besides its configuration: versions, hardware, threads, revision."""

import hashlib
import json
import os
import platform
import subprocess
from collections.abc import Iterable
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

_LIBRARIES = ("hpo-compare", "numpy", "pandas", "scikit-learn", "scipy")
"""What every run computes with; those of its model and optimiser are recorded beside, as their classes name them."""


def digest(content: Any) -> str:
    """A SHA-256 over the canonical JSON of plain data, in hexadecimal."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def versions(libraries: Iterable[str]) -> dict[str, str]:
    """The versions of those of `libraries` (names of distributions) that are installed."""
    return {name: version for name in sorted(libraries) if (version := _version(name)) is not None}


@cache
def environment() -> dict[str, Any]:
    """The environment of this process, as it is recorded with every run.

    The host is a hash of its name: enough to tell two hosts apart, not enough to name one in a published table.
    """
    return {
        "versions": versions(_LIBRARIES),
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
        "cpu": cpu(),
        "cores": os.cpu_count(),
        "host": host(),
        "omp_wait_policy": os.environ.get("OMP_WAIT_POLICY", ""),
        "revision": revision(),
    }


@cache
def host() -> str:
    """A short hash of this host's name."""
    return hashlib.sha256(platform.node().encode()).hexdigest()[:8]


@cache
def cpu() -> str:
    """The processor's name as the system gives it."""
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text(errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


@cache
def revision() -> str | None:
    """The git revision of the checkout that this package runs from, `+` where it was changed; None when installed."""
    root = Path(__file__).resolve().parent.parent
    if not (root / ".git").exists():
        return None
    try:
        head = _git(root, "rev-parse", "--short=12", "HEAD")
        return head + ("+" if _git(root, "status", "--porcelain", "--untracked-files=no") else "")
    except (OSError, subprocess.SubprocessError):
        return None


def _git(root: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=True, timeout=10)
    return done.stdout.strip()


@cache
def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except (metadata.PackageNotFoundError, ValueError):  # or it is no name at all
        return None
