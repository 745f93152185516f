"""Words on problems that are replayed: what answered in the place of trainings, and how far it can be trusted."""

from collections.abc import Iterator

from bench.report.analysis.replay import stated
from bench.report.runs.curves import Comparison


def sentences(comparison: Comparison) -> Iterator[str]:
    """That losses are a surrogate's, and its error out of group; nothing of others."""
    if comparison.replay is None:
        return
    yield f"These losses are replayed: {stated(comparison.replay)}."
    if comparison.replay.get("forced"):
        yield "The surrogate was refused for its error, and its use forced: nothing said here is a result."
