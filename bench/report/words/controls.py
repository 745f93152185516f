"""Words on problems that are controls: what was done to the losses, and what must not come of it."""

from collections.abc import Iterator

from bench.report.runs.curves import Comparison

_SAID = {
    "permuted": (
        "This is a control, not a result: each configuration has the loss of another, drawn anew for each seed, so "
        "that no optimiser can do better than random search without replacement but by chance."
    ),
    "decorrelated": (
        "This is a control, not a result: below full fidelity each configuration has the loss of another, drawn anew "
        "for each seed, so that cheap evaluations say nothing of full ones."
    ),
}


def sentences(comparison: Comparison) -> Iterator[str]:
    """That the problem is a control; nothing of others."""
    if comparison.control:
        yield _SAID.get(comparison.control, f"This is a control ({comparison.control}), not a result.")
