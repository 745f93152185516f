"""Tables of runs with a ladder of fidelities: where the cost went, and how well low fidelities rank."""

import math
from collections.abc import Iterator, Mapping

import pandas as pd

from bench.report.analysis.fidelity import Fidelity, of
from bench.report.look.style import Style
from bench.report.runs.curves import Comparison
from bench.report.statistics.agreement import FEWEST
from bench.report.tables import cells
from bench.report.tables.formats import NOTHING, Tabled
from bench.report.tables.table import Cell, Head, Table
from bench.wording import measured, plural

Styles = Mapping[str, Style]


def tables(account: Fidelity, comparison: Comparison, styles: Styles) -> Iterator[Tabled]:
    """Those that are not empty."""
    if len(account.spending):
        yield spending(account, comparison, styles)
    if len(account.agreement):
        yield agreement(account, comparison)


def spending(account: Fidelity, comparison: Comparison, styles: Styles) -> Tabled:
    """Where the cost went: how many trials, and which share by the rung at which configurations ended."""
    frame = account.spending
    failed = frame["rung"].isna()
    ladders = frame.loc[~failed, ["unit", "of", "rung"]].drop_duplicates().sort_values(["unit", "of", "rung"])
    rungs = list(ladders.itertuples(index=False, name=None))
    counts = comparison.final.set_index("label")["runs"]
    rows = []
    for label, part in frame.groupby("label", sort=False):
        runs = int(counts[label])
        full = part[part["rung"] == part["of"]]
        shares = {(row["unit"], row["of"], row["rung"]): row["share"] for row in part.to_dict("records")}
        lost = float(part.loc[part["rung"].isna(), "share"].sum())
        rows.append(
            (
                Cell(str(label), style=styles[str(label)]),
                _mean(part["cost"].sum()),
                _mean(part["trials"].sum() / runs),
                _mean(part["pruned"].sum() / runs),
                _mean(full["configurations"].sum() / runs),
                *(_percent(shares.get(key, 0.0)) for key in rungs),
                *([_percent(lost)] if failed.any() else []),
            )
        )
    several = len({key[:2] for key in rungs}) > 1
    heads = (
        Head("optimizer", numeric=False),
        Head("cost", help="of a run, in full evaluations; mean over runs"),
        Head("trials", help="of a run, of whatever fidelity; mean over runs"),
        Head("pruned", help="of these", aside=True),
        Head("evaluated fully", help="configurations of a run; mean over runs"),
        *(
            Head(
                "full"
                if rung == high and not several
                else of(rung, high, unit)
                if several
                else measured(f"{rung:.0f}", unit),
                help="share of the cost",
            )
            for unit, high, rung in rungs
        ),
        *([Head("failed", help="share of the cost")] if failed.any() else []),
    )
    note = (
        "Shares of the cost by the highest fidelity that a configuration reached in its run, with all that it cost "
        f"until then.{_unspent(account, comparison)}"
    )
    named = {"dataset": comparison.dataset, "model": comparison.model}
    return Tabled(
        "spending",
        pd.DataFrame(named, index=frame.index).join(frame),
        Table(f"{comparison}: where the cost went", heads, tuple(rows), note),
    )


def _unspent(account: Fidelity, comparison: Comparison) -> str:
    """Why costs are below the budget, where some are and all runs have the same."""
    budgets = set(comparison.runs["budget"])
    costs = account.spending.groupby("label")["cost"].sum()
    budget = budgets.pop() if len(budgets) == 1 else math.inf
    if not math.isfinite(budget) or (costs > budget - 0.005).all():
        return ""
    return (
        f" Of the budget of {plural(round(budget), 'full evaluation')} a run leaves what its next proposal might have "
        "exceeded: of a pruner, whose every proposal may go on to the end, up to one full evaluation."
    )


def agreement(account: Fidelity, comparison: Comparison) -> Tabled:
    """Kendall's tau between each rung and full fidelity."""
    frame = account.agreement
    rows = tuple(
        (
            Cell(of(row["rung"], row["of"], row["unit"]), row["rung"] / row["of"]),
            cells.interval(row["tau"], -math.inf if math.isnan(row["low"]) else row["low"], row["high"], 2),
            Cell(str(row["configurations"]), float(row["configurations"])),
            Cell(str(row["runs"]), float(row["runs"])),
        )
        for row in frame.to_dict("records")
    )
    heads = (
        Head("fidelity", numeric=False),
        Head("Kendall's tau", help=f"between losses there and at full fidelity [{cells.PERCENT} confidence interval]"),
        Head("configurations", help="that have both losses"),
        Head("runs"),
    )
    few = f" Fewer than {FEWEST} seeds have no interval, nor have rankings that agree wholly."
    note = (
        "Tau-b over pairs of configurations of one run; its interval by the jackknife over seeds. "
        f"{account.basis}{few if frame['low'].isna().any() else ''}"
    )
    named = {"dataset": comparison.dataset, "model": comparison.model}
    return Tabled(
        "agreement",
        pd.DataFrame(named, index=frame.index).join(frame),
        Table(f"{comparison}: how well low fidelities rank configurations", heads, rows, note),
    )


def _mean(value: float) -> Cell:
    text = f"{value:.1f}"
    return Cell(text.removesuffix(".0"), float(value))


def _percent(share: float) -> Cell:
    if not share:
        return Cell(NOTHING, 0.0)
    return cells.number(share, "< 1 %" if 0 < share < 0.005 else f"{share:.0%}".replace("%", " %"))
