"""What a run needs of a problem, whatever is behind it, and what it gets: an evaluation."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from bench.errors import UserError
from bench.models import Step
from bench.space import Configuration, Space

NO_OUTCOME = (UserError, ImportError, OSError, MemoryError)
"""What says nothing about a configuration where it is raised in an evaluation: it is raised further."""


@dataclass(frozen=True)
class Evaluation:
    """The outcome of one configuration on one problem; loss and test loss are None where it is not ok."""

    loss: float | None
    test_loss: float | None
    seconds: float
    status: str
    """ok, failed (the model raised, or its loss is not finite), timeout or crashed (its process died)."""
    error: str | None = None
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Recipe:
    """What a problem is built from, as plain data that can be sent to another process."""

    groups: Mapping[str, Any]
    """The resolved configs of `bench.problems.GROUPS`."""
    seed: int
    """The repetition's seed, which the seeds of split and model may follow."""
    datasets_dir: str
    threads: int


class Problem(Protocol):
    """What one evaluation depends on, besides the configuration."""

    @property
    def recipe(self) -> Recipe:
        """What it was built from: another process builds the same problem from it."""
        ...

    @property
    def space(self) -> Space:
        """Where configurations come from."""
        ...

    @property
    def hash(self) -> str:
        """What may be compared: losses on problems of one hash."""
        ...

    @property
    def family(self) -> str:
        """The hash of the problem with those seeds left out that follow the repetition's seed."""
        ...

    @property
    def baseline_loss(self) -> float:
        """A finite loss of no merit: what an optimiser is told for a failure before the first success."""
        ...

    def key(self, configuration: Configuration) -> str:
        """What may be reused: the store's key of a configuration's evaluation. It does not depend on the space."""
        ...

    def evaluate(self, configuration: Configuration, step: Step | None = None) -> Evaluation:
        """The outcome of one canonical configuration; the same to the bit whatever was evaluated before.

        `step` is handed to each training (`Model.fit`), which it may end: the outcome is that of what has been trained
        until then. A problem that trains nothing does not call it.

        Raises, as no outcome, what is in `NO_OUTCOME`; whatever else goes wrong is an evaluation that failed.
        """
        ...

    def metadata(self) -> dict[str, Any]:
        """What is recorded of the problem with each run, as plain data.

        Always `problem` and `problem_family` (the hashes), `task`, `metric` (what the loss is called) and
        `baseline_loss` (None where it would have to be computed for this alone).
        """
        ...


def one_line(error: BaseException) -> str:
    """An error's type and the first line of its message."""
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__
