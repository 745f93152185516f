"""The table of policies of re-tuning: the loss of each over its stream, what it spent, and what that gained."""

from bench.report.analysis.comparison import Analysis
from bench.report.analysis.drift import Drift
from bench.report.tables import cells
from bench.report.tables.formats import NOTHING, Tabled
from bench.report.tables.table import Cell, Head, Table


def drift(account: Drift, analysis: Analysis, styles: cells.Styles) -> Tabled:
    """A row for each optimiser and policy, in the order of the main table."""
    frame, comparison = account.spent, analysis.comparison
    losses = dict(zip(analysis.final["label"], cells.losses(analysis, "validation"), strict=True))
    known = frame[frame["gain"].notna()]
    digits = cells.decimals([], (known["gain_high"] - known["gain_low"]).tolist()) if len(known) else 4
    rows = tuple(
        (
            Cell(str(row["label"]), style=styles[str(row["label"])]),
            losses[row["label"]],
            cells.interval(row["evaluations"], row["evaluations_low"], row["evaluations_high"], 0),
            Cell(f"{row['studies']:g}", float(row["studies"])),
            cells.interval(row["gain"], row["gain_low"], row["gain_high"], digits)
            if row["pairs"]
            else Cell(NOTHING, float("nan")),
            Cell(str(row["worse_than"]), float(row["worse_than"])),
            Cell(str(row["runs"]), float(row["runs"])),
        )
        for row in frame.to_dict("records")
    )
    within = f"[{cells.PERCENT} confidence interval]"
    heads = (
        Head("optimizer and policy", numeric=False),
        Head("prequential loss", help=f"mean over blocks, median over runs {within}"),
        Head("evaluations", help=f"of all studies, median over runs {within}"),
        Head("studies", help="median over runs"),
        Head(
            "gain over never", help=f"the loss of never, same optimiser and seed, less this; median over runs {within}"
        ),
        Head("worse than", help="how many are significantly better, by the tests of the verdict"),
        Head("runs", aside=True),
    )
    note = (
        "Underlined: those that are significantly worse than none; bold: where that is one alone. Gain over never: "
        "above 0 tuning anew lowered the loss. Intervals are between order statistics and uncorrected; tests are "
        "corrected."
    )
    caption = (
        f"{comparison}: mean prequential {comparison.metric} {comparison.spent(comparison.evaluations)}, and its cost"
    )
    named = {"dataset": comparison.dataset, "model": comparison.model}
    return Tabled("policies", frame.assign(**named)[[*named, *frame.columns]], Table(caption, heads, rows, note))
