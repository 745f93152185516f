"""The table of runs with several workers: what they gain on the clock, what they lose in losses, what asking takes."""

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

from bench.report.analysis.workers import Workers
from bench.report.look.style import Style
from bench.report.runs.curves import Comparison
from bench.report.runs.workers import SECONDS
from bench.report.tables import cells
from bench.report.tables.formats import NOTHING, Tabled
from bench.report.tables.table import Cell, Head, Table


def workers(account: Workers, comparison: Comparison, styles: Mapping[str, Style]) -> Tabled:
    """A row for each optimiser and number of workers."""
    frame = account.gains
    alone = frame["workers"] == 1
    lost = frame.loc[~alone, ["blind_low", "blind_high"]].to_numpy(dtype=float)
    spans = [high - low for low, high in lost if math.isfinite(high - low) and high > low]
    digits = cells.decimals([], spans) if spans else 4
    rows = tuple(
        (
            Cell(str(row["label"]), style=styles[str(row["label"])]),
            Cell(str(row["workers"]), float(row["workers"])),
            Cell(f"{row['clock']:.4g}", float(row["clock"])),
            _interval(row, "speed_up", 2),
            _interval(row, "blind", digits),
            cells.seconds(row["asking"]),
            Cell(str(row["runs"]), float(row["runs"])),
        )
        for row in frame.to_dict("records")
    )
    within = f"[{cells.PERCENT} confidence interval]"
    heads = (
        Head("optimizer", numeric=False),
        Head("workers"),
        Head("clock" if account.unit == SECONDS else "clock, in cost", help=f"at the end, in {account.unit}; median"),
        Head("speed-up", help=f"to the higher of the two final losses, by seed {within}"),
        Head("loss lost", help=f"final loss less that with one worker, at equal evaluations {within}"),
        Head("optimizer s/trial", help="ask and tell; they do not move the clock", aside=True),
        Head("pairs", help="of runs of one seed, with one worker and with these", aside=True),
    )
    note = (
        f"The clock counts {account.unit}; asking and telling do not move it. Medians over seeds, intervals between "
        "order statistics."
    )
    named = {"dataset": comparison.dataset, "model": comparison.model}
    return Tabled(
        "workers",
        pd.DataFrame(named, index=frame.index).join(frame),
        Table(f"{comparison}: what several workers gain and lose", heads, rows, note),
    )


def _interval(row: Mapping[Any, Any], name: str, digits: int) -> Cell:
    if row["workers"] == 1 or math.isnan(row[name]):
        return Cell(NOTHING)
    return cells.interval(row[name], row[f"{name}_low"], row[f"{name}_high"], digits)
