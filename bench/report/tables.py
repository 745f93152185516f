"""Tables of final losses: CSV in full precision, Markdown and LaTeX in as many digits as the quartiles need."""

import math
from collections.abc import Callable, Sequence

import pandas as pd

from bench.report.curves import Comparison

_ESCAPES = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
}  # fmt: skip


def csv(comparison: Comparison) -> str:
    """Every column of `statistics.final`, with names first; floats by their shortest exact form."""
    table = comparison.final.drop(columns="most")
    table.insert(0, "dataset", comparison.dataset)
    table.insert(1, "model", comparison.model)
    table.insert(2, "metric", comparison.metric)
    text: str = table.to_csv(index=False, lineterminator="\n")
    return text


def markdown(comparison: Comparison) -> str:
    """A table for the page: median [lower quartile, upper quartile]."""
    heads, rows = _cells(comparison, "∞", "-")
    return grid(heads, [[cell.replace("|", "\\|") for cell in row] for row in rows])


def grid(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table whose first column is text and whose others are numbers."""
    lines = [heads, [":--", *["--:"] * (len(heads) - 1)], *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def latex(comparison: Comparison) -> str:
    """A `tabular` for a paper that uses booktabs."""
    heads, rows = _cells(comparison, r"$\infty$", "--", escape)
    lines = [
        f"% {comparison}: {comparison.metric} after {comparison.evaluations} evaluations, median [quartiles] over runs",
        rf"\begin{{tabular}}{{l{'r' * (len(heads) - 1)}}}",
        r"\toprule",
        " & ".join(heads) + r" \\",
        r"\midrule",
        *[" & ".join(row) + r" \\" for row in rows],
        r"\bottomrule",
        r"\end{tabular}",
    ]
    return "\n".join(lines) + "\n"


def escape(text: str) -> str:
    r"""Text for LaTeX: `a_b` becomes `a\_b`."""
    return "".join(_ESCAPES.get(letter, letter) for letter in text)


def decimals(medians: Sequence[float], widths: Sequence[float]) -> int:
    """Digits after the point for one column of losses, at most 10.

    Enough for four significant digits of the least finite median (by size), and for two of the least quartile
    width that is not zero, so that a width can be seen.
    """
    needed = [0]
    for values, digits in ((medians, 4), (widths, 2)):
        sizes = [abs(value) for value in values if math.isfinite(value) and value != 0]
        if sizes:
            needed.append(digits - 1 - math.floor(math.log10(min(sizes))))
    return min(max(needed), 10)


def _cells(
    comparison: Comparison, infinite: str, missing: str, text: Callable[[str], str] = str
) -> tuple[list[str], list[list[str]]]:
    table = comparison.final
    columns = {
        "optimizer": [text(label) for label in table["label"]],
        "runs": [str(value) for value in table["runs"]],
        "trials": [str(value) for value in table["trials"]],
        "failed": [str(value) for value in table["failed"]],
        "validation loss": _losses(table, "validation", infinite, missing),
        "test loss": _losses(table, "test", infinite, missing),
        "optimizer s/trial": [_seconds(value, missing) for value in table["optimizer_seconds"]],
        "evaluation s/trial": [_seconds(value, missing) for value in table["evaluation_seconds"]],
    }
    if not comparison.has_test:
        del columns["test loss"]
    return list(columns), [list(row) for row in zip(*columns.values(), strict=True)]


def _losses(table: pd.DataFrame, kind: str, infinite: str, missing: str) -> list[str]:
    """Cells such as `0.0812 [0.0790, 0.0851]`; one run has no quartiles."""
    lower, median, upper = (table[f"{kind}_{name}"].tolist() for name in ("lower", "median", "upper"))
    digits = decimals(median, [high - low for low, high in zip(lower, upper, strict=True) if math.isfinite(high)])

    def shown(value: float) -> str:
        return f"{value:.{digits}f}" if math.isfinite(value) else (infinite if value > 0 else missing)

    cells = []
    for runs, low, middle, high in zip(table["runs"], lower, median, upper, strict=True):
        cells.append(shown(middle) + (f" [{shown(low)}, {shown(high)}]" if runs > 1 else ""))
    return cells


def _seconds(value: float, missing: str) -> str:
    return missing if math.isnan(value) else f"{value:.3g}" if value < 1000 else f"{value:.0f}"
