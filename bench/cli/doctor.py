"""What of this machine and installation matters to a result, in one screen that can be pasted into a bug report."""

import os
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

from threadpoolctl import threadpool_info

from bench import provenance
from bench.config import extras
from bench.config.extras import DISTRIBUTION
from bench.running.cores import cores

WAIT_SECONDS = 5.0

_VARIABLES = ("OMP_WAIT_POLICY", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "KERAS_BACKEND")


def lines(offline: bool = False) -> Iterator[str]:
    """What was found, a line for each subject; with `offline` nobody is asked."""
    environment = provenance.environment()
    revision = f", revision {environment['revision']}" if environment["revision"] else ""
    yield f"suite      {DISTRIBUTION} {_version(DISTRIBUTION)}{revision}"
    yield f"python     {environment['python']}, {environment['platform']}"
    yield f"processor  {environment['cpu']}: {environment['cores']} cores, {cores()} of them for this process"
    every = (name for names in extras.requirements().values() for name in names)
    yield f"libraries  {_listed(provenance.versions({*every, *environment['versions']}))}"
    yield f"extras     {'; '.join(_extras())}"
    yield f"threads    {_pools()}"
    yield f"variables  {_listed({name: os.environ[name] for name in _VARIABLES if name in os.environ}, '=')}"
    if environment["omp_wait_policy"].upper() != "PASSIVE":
        yield "warning    OMP_WAIT_POLICY is not PASSIVE: OpenMP runtimes that spin slow each other down a hundredfold"
    yield f"OpenML     {'not asked' if offline else openml()}"


def openml() -> str:
    """Whether OpenML's server, or that of the user's configuration, takes a connection; only that is tried."""
    import openml  # noqa: PLC0415 - for this alone

    server = urlsplit(openml.config.server)
    port = server.port or (443 if server.scheme == "https" else 80)
    try:
        with socket.create_connection((server.hostname or "", port), timeout=WAIT_SECONDS):
            return f"{server.hostname} is reachable"
    except OSError as error:
        return f"{server.hostname} is not reachable ({error.strerror or error}); datasets fetched before still work"


def _extras() -> Iterator[str]:
    """Each extra of the suite, and what of it is missing."""
    for extra, names in sorted(extras.requirements().items()):
        if extra:
            missing = sorted(name for name in names if _version(name) is None)
            yield f"{extra} without {', '.join(missing)}" if missing else extra


def _pools() -> str:
    """The BLAS and OpenMP libraries that NumPy, SciPy and LightGBM bring, and their threads."""
    import lightgbm  # noqa: F401, PLC0415 - loads its OpenMP
    import scipy.linalg  # noqa: F401, PLC0415

    pools = sorted({f"{pool['internal_api']} {pool.get('version') or ''}".strip() + f" x {pool['num_threads']}"
                    for pool in threadpool_info()})  # fmt: skip
    return ", ".join(pools) or "none found"


def _listed(values: dict[str, str], between: str = " ") -> str:
    return ", ".join(f"{name}{between}{value}" for name, value in values.items()) or "none"


def _version(name: str) -> str | None:
    return provenance.versions([name]).get(name)
