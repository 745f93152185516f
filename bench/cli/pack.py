"""What `bench pack` says of what it did."""

from collections.abc import Iterator
from pathlib import Path

from bench.results import packing
from bench.wording import plural


def lines(experiment: str, results_dir: Path, undo: bool) -> Iterator[str]:
    """Pack the runs of an experiment, or with `undo` unpack them; what that did, in lines."""
    if undo:
        done = packing.unpack(results_dir, experiment)
        yield packing.unpacked(experiment, done) if done.packs else f"{experiment}: no run is packed; nothing to do"
        return
    done = packing.pack(results_dir, experiment)
    yield from packing.lines(experiment, done)
    if not done.packs and not done.left:
        yield f"{experiment}: {plural(done.known, 'run')}, packed before; nothing to do"
