"""Documents for the tests of the page: what a report of three optimisers and a baseline on two problems would hold."""

import numpy as np

from bench.report import page
from bench.report.look import style

LABELS = ("skopt_gp", "optuna_tpe", "hyperopt_tpe", "optuna_cmaes", "random", "default")
LOOKS = style.styles(LABELS)
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c63f8ffff3f0005fe02fe"
    "a7356981f40000000049454e44ae426082"
)
SVG = (
    b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 600 360"><rect width="600" height="360" fill="#fff"/>'
    b'<path d="M40 40H200V150H330V230H560" style="fill: none; stroke: #0173b2; stroke-width: 3"/></svg>'
)


def evaluations(key: str = "evaluations") -> page.Axis:
    return page.Axis(key, key, "evaluations" if key == "evaluations" else "charged seconds", log=key != "evaluations")


VALIDATION = page.Axis("validation", "validation loss", "best validation loss (log loss)")
TEST = page.Axis("test", "test loss", "test loss of the incumbent (log loss)")
REGRET = page.Axis("regret", "regret", "simple regret", log=True)


def series(label: str, seed: int, length: int = 100, seconds: float = 1.0) -> page.Series:
    """Ten runs that get better by chance, one of them late in its first success."""
    random = np.random.default_rng(seed)
    losses = 0.4 + np.minimum.accumulate(random.gamma(2, 0.2 / (1 + seed), (10, length)), axis=1)
    losses[:, 0] += 1
    losses[:7, :2] = np.inf
    curves = {}
    for kind, shift in (("validation", 0.0), ("test", 0.03), ("regret", -0.4)):
        lower, median, upper = np.quantile(losses + shift, (0.25, 0.5, 0.75), axis=0, method="nearest")
        for key, x in (("evaluations", np.arange(1, length + 1)), ("seconds", seconds * np.arange(1, length + 1) / 3)):
            curves[key, kind] = page.Curve(x.tolist(), median.tolist(), lower.tolist(), upper.tolist())
    return page.Series(label, LOOKS[label], curves, "10 runs")


def chart(seed: int = 0, length: int = 100) -> page.Chart:
    return page.Chart(
        tuple(series(label, seed + place, length) for place, label in enumerate(LABELS)),
        (evaluations(), evaluations("seconds")),
        (VALIDATION, TEST, REGRET),
    )


def table() -> page.Table:
    heads = [page.Head("optimizer", numeric=False), page.Head("runs"), page.Head("failed")]
    heads += [
        page.Head("validation loss"),
        page.Head("test loss", help="of the incumbent"),
        page.Head("optimizer s/trial"),
    ]
    losses = [0.4021, 0.4087, 0.4102, 0.4333, 0.4419, np.inf]
    marks: list[page.document.Mark] = ["best", "tied", "", "", "", ""]
    rows = []
    for label, loss, mark in zip(LABELS, losses, marks, strict=True):
        shown = f"{loss:.4f}" if np.isfinite(loss) else "∞"
        rows.append(
            (
                page.Cell(label, style=LOOKS[label]),
                page.Cell("10", 10),
                page.Cell("3 of 1000" if label == "optuna_tpe" else "0", 3 if label == "optuna_tpe" else 0),
                page.Cell(f"{shown} [{loss - 0.01:.4f}, {loss + 0.01:.4f}]", loss, mark),
                page.Cell("-", np.nan) if label == "default" else page.Cell(f"{loss + 0.03:.4f}", loss + 0.03, mark),
                page.Cell(f"{0.1 / (1 + loss):.3g}", 0.1 / (1 + loss)),
            )
        )
    return page.Table(
        "Log loss after 100 evaluations, median [quartiles] over runs",
        tuple(heads),
        tuple(rows),
        "Bold: the least median. Underlined: not told apart from it with these seeds.",
    )


def figure() -> page.Figure:
    files = (
        page.Download("digits-validation.pdf", b"%PDF-1.4\n\x00\xff", "application/pdf"),
        page.Download("digits-validation.png", PIXEL, "image/png"),
    )
    shown = page.Download("digits-validation.svg", SVG, "image/svg+xml")
    return page.Figure(
        "Best validation loss against evaluations", "Curves of six optimisers that fall in steps", shown, files
    )


def document() -> page.Document:
    data = page.Download("digits-lightgbm.csv", "label,loss\nskopt_gp,0.4021\nü,1\n".encode(), "text/csv")
    sections = tuple(
        page.Section(
            title,
            ("`optuna_tpe` cannot be told from `skopt_gp` with these 10 seeds (p = 0.21, corrected for 15 pairs).",),
            chart(place, 100 - 40 * place),
            (table(),),
            (figure(),),
            (data,),
            ("Curves are step functions; nothing is interpolated between evaluations.",),
            (page.Fact("resampling", "holdout of 0.25, seed 0"), page.Fact("metric", "log loss")),
        )
        for place, title in enumerate(("digits · lightgbm", "wine · keras_mlp"))
    )
    return page.Document(
        "Default experiment",
        "bench report default",
        (
            "optuna_tpe reaches what random search finds in 50 evaluations after 17 (95 % interval 13 to 24).",
            "It cannot be told from skopt_gp with these 10 seeds; about 34 seeds would be needed.",
        ),
        sections,
        facts=(
            page.Fact("seeds", "0-9"),
            page.Fact("budget", "100 trials"),
            page.Fact("versions", "lightgbm 4.6.0, optuna 5.0.0, scikit-optimize 0.10.2, hyperopt 0.3.0"),
        ),
        findings=(
            page.Finding("ok", "Budgets", "All runs have made 100 evaluations."),
            page.Finding("warning", "wine · keras_mlp", "runs come from different environments (`cpu`: A, B)"),
            page.Finding("error", "digits · lightgbm", "grid: 2 of 10 runs are missing"),
            page.Finding("note", "Seeds", "Fewer than ten."),
        ),
        downloads=(page.Download("all.csv", b"a,b\n1,2\n", "text/csv"),),
    )
