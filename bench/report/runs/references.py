"""What scores are measured by: each problem's best known loss and random search's, stored with the report.

A report keeps the values that it was first made with (`references.json` in its folder), so that a score does not
change because other runs were loaded beside it. `bench report ... --new-references` takes new ones.
"""

import json
import os
from collections.abc import Container, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench import files
from bench.errors import UserError
from bench.report.runs import curves, identities
from bench.report.runs.curves import Comparison
from bench.report.statistics import random_search
from bench.report.statistics.random_search import Reference
from bench.results import Results, RunId

FILE = "references.json"

_FORMAT = 1
_RANDOM = ("bench.optimizers.random_search.RandomSearch", "bench.optimizers.random_search.RandomRungs")
"""The classes that draw from the space and evaluate everything fully."""


@dataclass(frozen=True)
class Stored:
    """One problem's reference values, and from how many draws of random search they were taken."""

    reference: Reference
    draws: int


Pools = Mapping[str, NDArray[np.float64]]
"""Random search's losses, by the hash of the problem."""

References = dict[str, Stored]
"""By the hash of the problem."""


def read(folder: Path) -> References:
    """The references that a report was made with; none where it is new. Raises `UserError` for a damaged file."""
    path = folder / FILE
    if not os.path.lexists(path):  # nor can it be, where the name is too long or none
        return {}
    try:
        content = json.loads(files.regular(path).read_text(encoding="utf-8"))
        if content["format"] != _FORMAT:
            raise ValueError(f"has format {content['format']}, this version reads {_FORMAT}")
        return {
            problem: Stored(Reference.from_json(json.dumps(entry)), int(entry["draws"]))
            for problem, entry in content["problems"].items()
        }
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise UserError(
            f"{path}: no readable reference values ({error}); delete it, or give --new-references, and scores are "
            "measured by what is loaded now"
        ) from None


def to_json(references: Mapping[str, Stored]) -> str:
    """The text of the file, in order of the hashes; +inf as null."""
    problems = {
        problem: {**json.loads(entry.reference.to_json()), "draws": entry.draws}
        for problem, entry in sorted(references.items())
    }
    return json.dumps({"format": _FORMAT, "problems": problems}, indent=2, allow_nan=False) + "\n"


def find(comparison: Comparison, results: Results, drawn: Pools | None = None) -> References:
    """The references of the comparison's problems, from what is loaded; `drawn` are its `pools`, where they are known.

    Best is the known minimum where the problem is a function without noise, else the least loss of any run; random's is
    its exact median after as many evaluations as final losses stand after (`baseline.reference`).
    """
    drawn = pools(comparison, results) if drawn is None else drawn
    best = results.trials["best_loss"]
    references: References = {}
    for problem, part in comparison.runs.groupby("problem"):
        pool = drawn.get(str(problem), np.empty(0))
        ran = part[part["trials"] > 0]
        places = curves.positions(ran) if comparison.ladders else (ran["first"] + ran["trials"] - 1).to_numpy()
        others = curves.losses(best.iloc[places]).tolist()  # an incumbent's loss may rise on a ladder of fidelities
        metadata = results.runs[identities.run_ids(part.iloc[:1])[0]]
        minimum = metadata.get("known_minimum")
        if minimum is not None and not metadata.get("noise"):
            others.append(float(minimum))
        references[str(problem)] = Stored(random_search.reference(pool, comparison.evaluations, others), len(pool))
    return references


def kept(stored: References, now: References) -> References:
    """Those of `now`, with the stored one in its place wherever it stands after as many evaluations."""
    return {
        problem: stored[problem]
        if problem in stored and stored[problem].reference.evaluations == entry.reference.evaluations
        else entry
        for problem, entry in now.items()
    }


def outdated(comparison: Comparison, used: References, now: References) -> str | None:
    """A line where loaded runs are better than the best loss that the stored references know; None where none is."""
    ours = {problem: (used[problem].reference.best, now[problem].reference.best) for problem in now}
    beaten = [pair for pair in ours.values() if pair[1] < pair[0]]
    if not beaten:
        return None
    before, best = beaten[0]
    more = f" and on {len(beaten) - 1} more problems" if len(beaten) > 1 else ""
    return (
        f"{comparison}: scores are measured by the references stored with the report, whose best known loss "
        f"{before:.6g} is beaten by {best:.6g}{more}: such scores are below 0; --new-references takes new ones"
    )


def pools(comparison: Comparison, results: Results, seeds: Container[int] | None = None) -> Pools:
    """The losses of all draws that random search made, by the hash of the problem, +inf for failures.

    Runs of one seed draw the same sequence, so that of those the longest counts alone. What began as a shared Sobol
    design is left out: its points are not independent. A run that evaluates below full fidelity is none of them.
    Of runs that are judged by several losses there are none: what a front comes to is no minimum over single draws.
    Of all seeds, or of those given.
    """
    if comparison.objectives is not None:
        return {}
    chosen: dict[tuple[str, int], tuple[int, int, bool]] = {}
    runs = comparison.runs
    for run, problem, first, count in zip(
        identities.run_ids(runs), runs["problem"], runs["first"], runs["trials"], strict=True
    ):
        if seeds is not None and run.seed not in seeds:
            continue
        metadata = results.runs[run]
        partly = run in comparison.ladders and not comparison.ladders[run].full.all()
        if is_random(run, metadata) and not partly and count > chosen.get((problem, run.seed), (0, 0))[1]:
            chosen[problem, run.seed] = (first, count, _sobol(metadata))
    parts: dict[str, list[NDArray[np.float64]]] = {}
    for (problem, _), (first, count, sobol) in chosen.items():
        rows = results.trials.iloc[first : first + count]
        drawn = curves.losses(rows["loss"])
        parts.setdefault(problem, []).append(drawn[~rows["initial"].to_numpy(dtype=bool)] if sobol else drawn)
    return {problem: np.concatenate(losses) for problem, losses in parts.items()}


def is_random(run: RunId, metadata: Mapping[str, Any]) -> bool:
    """Whether the run is of the suite's own random search, under whatever name, or of an imported one named random.

    Draws without replacement are another method: what follows from independent draws does not hold of them.

    With a ladder of fidelities it may look at every rung, as long as it ends nothing below the highest.
    """
    optimizer = (metadata.get("config") or {}).get("optimizer") or {}
    if "class" not in optimizer:
        return run.optimizer == "random"
    return optimizer["class"] in _RANDOM and (optimizer.get("settings") or {}).get("replace", True) is True


def _sobol(metadata: Mapping[str, Any]) -> bool:
    design = (metadata.get("config") or {}).get("initial_design")
    return isinstance(design, Mapping) and design.get("method") == "sobol"
