"""What kind of problem a comparison is on: its search space, noise and budget, as its runs record them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bench.report.runs import identities, visits
from bench.report.runs.curves import Comparison
from bench.report.runs.selection import Reading
from bench.space import Categorical
from bench.wording import unmarked


@dataclass(frozen=True)
class Traits:
    """By what problems are told from each other; None where it is not recorded."""

    dimension: int | None
    """Hyperparameters with more than one value."""
    categorical: float | None
    """The share of them that are categorical."""
    conditional: bool | None
    """Whether some hyperparameter is active for some values of another only."""
    noisy: bool
    """Whether the loss depends on a seed: another split or model seed in each run, or noise on a function."""
    budget: int
    """Evaluations after which losses are compared."""
    known: Mapping[str, bool | str] = field(default_factory=dict)
    """What the runs record of a function by name, such as `multimodal`."""


def traits(comparison: Comparison, reading: Reading) -> Traits:
    """The traits of one problem, by the first of its runs."""
    metadata = reading.results.runs[identities.run_ids(comparison.runs)[0]]
    model = (metadata.get("config") or {}).get("model") or {}
    space = visits.space_of(metadata)
    searched = space.searched if space is not None else ()
    categorical = sum(isinstance(parameter, Categorical) for parameter in searched)
    return Traits(
        dimension=len(searched) if searched else None,
        categorical=categorical / len(searched) if searched else None,
        conditional=space.conditional if space is not None else None,
        noisy=bool(model.get("noise")) or comparison.runs["problem"].nunique() > 1,
        budget=comparison.evaluations,
        known={
            unmarked(name): value if isinstance(value, bool) else unmarked(value)
            for name, value in (metadata.get("traits") or {}).items()
        },
    )
