"""Runs that passed a stream under a policy of re-tuning: what each block cost, and when hyperparameters were tuned."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bench import results
from bench.checks import is_number, is_whole
from bench.report.runs import identities
from bench.report.runs.curves import Comparison
from bench.report.runs.selection import Reading
from bench.results import RunId, UnreadableTable


@dataclass(frozen=True)
class Passed:
    """One pass of a stream; arrays by block."""

    label: str
    seed: int
    optimizer: str
    """Who tuned, and `policy`, when: the configuration of the run."""
    policy: str
    evaluations: int
    studies: int
    rows: NDArray[np.int64]
    """The first row of each block."""
    losses: NDArray[np.float64]
    tuned: NDArray[np.bool_]
    detected: NDArray[np.bool_]
    """Whether a change of the errors was detected in it."""


def passed(comparison: Comparison, reading: Reading) -> list[Passed]:
    """The successful runs of a comparison, in its order; raises `UnreadableTable` where one is of something else."""
    runs = []
    for run, label in zip(identities.run_ids(comparison.runs), comparison.runs["label"], strict=True):
        rows, _ = results.read_run(reading.results_dir, run, ["status", "configuration", "details"], {})
        for row in rows.to_pylist() if hasattr(rows, "to_pylist") else rows.to_dict("records"):
            if row["status"] == "ok":
                runs.append(_one(run, str(label), row, reading))
                break
    return runs


def _one(run: RunId, label: str, row: Mapping[str, Any], reading: Reading) -> Passed:
    try:
        configuration, details = json.loads(row["configuration"]), json.loads(row["details"])
        blocks = pd.DataFrame(details["blocks"])[["row", "loss", "tuned", "detections"]]
        losses = blocks["loss"].to_numpy(dtype=np.float64)
        sound = len(blocks) > 0 and all(map(is_whole, blocks["row"].tolist())) and all(map(is_number, losses.tolist()))
        evaluations, studies = details["evaluations"], details["studies"]
        if not sound or not all(is_whole(number, 0) for number in (evaluations, studies)):
            raise ValueError
        return Passed(
            label,
            run.seed,
            str(configuration["optimizer"]),
            str(configuration["policy"]),
            evaluations,
            studies,
            blocks["row"].to_numpy(dtype=np.int64),
            losses,
            blocks["tuned"].to_numpy(dtype=bool),
            np.array([len(places) > 0 for places in blocks["detections"]]),
        )
    except (ValueError, TypeError, LookupError):
        path = results.place(reading.results_dir, run) or run.path(reading.results_dir)
        reason = "its details are not those of a pass of a stream; delete it and run its experiment again"
        raise UnreadableTable(path, reason, run) from None
