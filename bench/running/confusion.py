"""What a fitted classifier takes the classes of the test part for: counted, as JSON, and drawn."""

import json
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import ConfusionMatrixDisplay, confusion_matrix

from bench import results
from bench.errors import UserError
from bench.models.saved import FittedModel
from bench.problems.data import DataProblem
from bench.report.figures import canvas
from bench.running.fit import fit

MOST_NUMBERED, MOST_DRAWN = 20, 60
"""Classes of which each count is written in the figure, and of which there is a figure."""
_CELL, _MARGIN = 0.42, 2.2
"""Inches: of a class, and around all of them."""
_A_LINE = 13
"""Characters of the title that stand on an inch."""


def counts(model: FittedModel, problem: DataProblem) -> NDArray[np.int64] | None:
    """How often a row of the test part of each class (rows) was predicted to be of each (columns), by scikit-learn.

    The class of the highest probability counts, the first of equal ones. None of a regression, and without test part.
    """
    classes = problem.dataset.classes
    if problem.test is None or not classes:
        return None
    predicted = model.predict(problem.test.features).to_numpy().argmax(axis=1)
    counted: NDArray[np.int64] = confusion_matrix(problem.test.target, predicted, labels=np.arange(len(classes)))
    return counted


def files(model: FittedModel, problem: DataProblem) -> dict[str, bytes]:
    """The matrix as confusion_matrix.json and, of few classes, confusion_matrix.png; nothing where there is none."""
    counted = counts(model, problem)
    if counted is None:
        return {}
    classes, trained = list(problem.dataset.classes), model.card["trained_on"]
    content = {
        "of": model.card["problem"],
        "target": model.card["target"],
        "trained_on": trained["rows"],
        "seen_in_training": trained["rows"] == "all",
        "rows": int(counted.sum()),
        "classes": classes,
        "counts": counted.tolist(),
        "axes": ["class", "predicted class"],
    }
    made = {"confusion_matrix.json": (json.dumps(content, indent=1, ensure_ascii=False) + "\n").encode()}
    if len(classes) <= MOST_DRAWN:
        seen = ", seen in training" if content["seen_in_training"] else ""
        title = f"{model.card['problem']}\n{content['rows']:,} test rows{seen}"
        made["confusion_matrix.png"] = _drawn(counted, classes, title)
    return made


def of_winners(
    experiment: str, results_dir: Path, datasets_dir: Path, say: Callable[[str], None], **options: Any
) -> Iterator[tuple[str, Mapping[str, bytes] | None]]:
    """The matrix of each problem's winner, trained once more as its trial was: a line about it, and its files.

    `options` are those of `fit`. What cannot be trained, for want of its data say, has None in their place.
    """
    problems = dict.fromkeys(f"{run.dataset}/{run.model}" for run in results.find_some(results_dir, experiment))
    for name in problems:
        made = dict[str, bytes]()

        def look(model: FittedModel, problem: DataProblem, made: dict[str, bytes] = made) -> None:
            made |= files(model, problem)

        try:
            with TemporaryDirectory() as folder:
                fit(
                    experiment,
                    problem=name,
                    out=Path(folder, "model"),
                    results_dir=results_dir,
                    datasets_dir=datasets_dir,
                    look=look,
                    say=say,
                    **options,
                )
        except UserError as error:
            yield f"{name}: no confusion matrix: {error}", None
            continue
        where = f"confusion/{name.replace('/', '-')}"
        line = "sent" if made else "none: no classes, or no test part"
        yield f"{name}: confusion matrix: {line}", {f"{where}/{file}": content for file, content in made.items()}


def _drawn(counted: NDArray[np.int64], classes: Sequence[str], title: str) -> bytes:
    count = len(classes)
    cell = _CELL if count <= MOST_NUMBERED else _CELL / 2
    with canvas.look():
        side = _MARGIN + cell * count
        figure = canvas.blank(side, side)
        figure.set_layout_engine("constrained")
        axes = figure.subplots()
        shown = [name if len(name) <= 20 else f"{name[:19]}…" for name in classes]
        display = ConfusionMatrixDisplay(counted, display_labels=shown)
        rotated = "vertical" if max(map(len, shown)) > 4 else "horizontal"
        numbered = count <= MOST_NUMBERED
        display.plot(
            ax=axes, cmap="Blues", colorbar=not numbered, include_values=numbered, values_format="d",
            xticks_rotation=rotated,
        )  # fmt: skip
        axes.grid(visible=False)
        axes.set(xlabel="predicted class", ylabel="class")
        folded = [part for line in title.split("\n") for part in textwrap.wrap(line, int(_A_LINE * side))]
        figure.suptitle("\n".join(folded), x=0.02, ha="left", fontsize=canvas.sheet().title)
        return canvas.render(figure, formats=("png",))["png"]
