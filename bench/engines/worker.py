"""What engines share: a run done in a worker, what a worker is told at its start, and stores that serve many hosts."""

import os
from collections.abc import Mapping, Sequence

from bench.errors import UserError
from bench.running.child import environment_of_child
from bench.running.run import RunSpec, execute
from bench.running.trial_loop import RunFailed

DEATHS = 3
"""At how many deaths in a row a run may get no further. What kills two holders is evaluated apart at the third."""

ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


def work(spec: RunSpec) -> str | None:
    """Do one run; returns why it failed, or None."""
    try:
        execute(spec)
    except (RunFailed, UserError) as error:
        return str(error)
    return None


def environment(threads: int) -> dict[str, str]:
    """The environment variables of a worker on any host: this very package, threads that sleep while they wait.

    The variables of libraries that this process has set for itself go with it.
    """
    own = {name: os.environ[name] for name in ("KERAS_BACKEND", "CUDA_VISIBLE_DEVICES") if name in os.environ}
    return environment_of_child() | {"OMP_WAIT_POLICY": "PASSIVE"} | own | (ONE_THREAD if threads == 1 else {})


def threads_of(specs: Sequence[RunSpec]) -> int:
    """The most threads that any of the runs has."""
    return max((spec.threads for spec in specs), default=1)


def refuse_sqlite(engine: str, specs: Sequence[RunSpec]) -> None:
    """Raise `UserError` where runs on several hosts would share an SQLite file, which locks on one host alone."""
    for spec in specs:
        if spec.store.startswith("sqlite"):
            raise UserError(
                f"engine={engine}: its runs may be on several hosts, which an SQLite file cannot serve; set "
                "store=postgresql://USER@HOST/DATABASE, which docs/engines.md shows how to have"
            )


def mapping(key: str, value: object) -> Mapping[str, object]:
    """The setting as a mapping; raises `UserError` where it is none."""
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise UserError(f"engine.{key}={value!r}: expected a mapping such as {{constraint: skylake}}")
    return {str(name): entry for name, entry in value.items()}
