"""The table of runs that are judged by several losses: how large their fronts are, where they end, how far they are."""

import math
from collections.abc import Mapping

import pandas as pd

from bench.metrics import label
from bench.report.analysis.fronts import OfFronts
from bench.report.look.style import Style
from bench.report.runs.curves import Comparison
from bench.report.tables import cells
from bench.report.tables.formats import NOTHING, Tabled
from bench.report.tables.table import Cell, Head, Table


def fronts(account: OfFronts, comparison: Comparison, styles: Mapping[str, Style]) -> Tabled:
    """A row for each optimiser, in the order of the main table."""
    frame, names = account.table, account.objectives.names
    known = bool(account.objectives.known)
    spans = [high - low for low, high in zip(frame["distance_low"], frame["distance_high"], strict=True)]
    of_distance = cells.decimals(frame["distance"].tolist(), [span for span in spans if 0 < span < math.inf])
    rows = tuple(
        (
            Cell(str(row["label"]), style=styles[str(row["label"])]),
            cells.number(row["points"], f"{row['points']:g}"),
            *(Cell(_lowest(row[f"lowest_{name}"]), row[f"lowest_{name}"]) for name in names),
            *(
                [cells.interval(row["distance"], row["distance_low"], row["distance_high"], of_distance)]
                if known
                else []
            ),
            Cell(str(row["runs"]), float(row["runs"])),
        )
        for row in frame.to_dict("records")
    )
    of = "test losses" if account.kind == "test" and not comparison.without_data else "losses"
    heads = (
        Head("optimizer", numeric=False),
        Head("trials on the front", help="of a run; median over runs"),
        *(Head(f"lowest {label(name)}", help=f"of the {of} of the front; median over runs") for name in names),
        *(
            [Head("IGD+", help=f"mean distance of the known front from a run's [{cells.PERCENT} confidence interval]")]
            if known
            else []
        ),
        Head("runs", aside=True),
    )
    note = f"Medians over runs, after {comparison.spent(comparison.evaluations)}. " + (
        "The front is that of the validation losses, the losses are its test losses."
        if of == "test losses"
        else "A front is what none of a run's trials is better than in every loss."
    )
    named = {"dataset": comparison.dataset, "model": comparison.model}
    return Tabled(
        "fronts",
        pd.DataFrame(named, index=frame.index).join(frame),
        Table(f"{comparison}: fronts of {' and '.join(map(label, names))}", heads, rows, note),
    )


def _lowest(loss: float) -> str:
    """In as many digits as a whole number of leaves and a small loss both need."""
    return f"{loss:.4g}".replace("-", cells.MINUS) if math.isfinite(loss) else NOTHING
