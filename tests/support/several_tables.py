"""Trial tables made by hand of runs with several losses, for tests that start from results."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from trials import metadata, trial_rows

from bench.results import RunId, write_run

NAMES = ("log_loss", "size")
BOX = {"ideal": [0.0, 0.0], "reference": [4.0, 4.0], "draws": 200, "failed": 0, "seed": 0, "problem": "p"}

Losses = tuple[float, ...]
Trial = tuple[Losses, Losses | None] | None
"""Validation and test losses of a trial; None where it failed."""


def put_several(
    results_dir: Path,
    run: RunId,
    trials: Sequence[Trial],
    box: Mapping[str, Any] | None = BOX,
    names: Sequence[str] = NAMES,
    front: Sequence[Sequence[float]] | None = None,
    **changed: Any,
) -> None:
    """Write a run whose trials propose x = seed, seed + 0.01, ..."""
    firsts = [None if each is None else each[0][0] for each in trials]
    tests = [None if each is None or each[1] is None else each[1][0] for each in trials]
    rows = []
    for place, (row, each) in enumerate(zip(trial_rows(run, firsts, tests), trials, strict=True)):
        losses = None
        if each is not None:
            test = each[1] or (None,) * len(names)
            losses = json.dumps({name: list(pair) for name, *pair in zip(names, each[0], test, strict=True)})
        own = {
            "configuration": json.dumps({"x": run.seed + place / 100}),
            **dict.fromkeys(("fidelity", "partial_loss", "partial_test_loss", "clock")),
            "cost": 1.0,
            "proposal": place,
            "continues": 0,
            "incumbent_uncharged": False,
            "worker": 0,
            "losses": losses,
        }
        rows.append(row | own)
    objectives = {"names": list(names), "measured": [], "told": list(names), "box": None if box is None else dict(box)}
    objectives |= {} if front is None else {"front": [list(point) for point in front]}
    write_run(run.path(results_dir), rows, metadata(run, len(trials), objectives=objectives, **changed), 2)
