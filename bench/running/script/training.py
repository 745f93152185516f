"""What a model decides of a script."""

from dataclasses import dataclass

import pandas as pd

from bench.problems.data import DataProblem


@dataclass(frozen=True)
class Training:
    """The parts of a script that train and predict."""

    functions: str
    """Source of `fit(fold)` and `predict(model, rows)`, which may need the fold's train rows as a third argument."""
    constants: str = ""
    """Source that stands above, beside the dataset's config."""
    prepared: str = ""
    """Source of lines that follow the loaded `data`, its `split` and the `metric`."""
    standard: frozenset[str] = frozenset()
    """Imports of Python's own modules."""
    others: frozenset[str] = frozenset()
    own: frozenset[str] = frozenset()
    """Imports of the suite's."""
    of_fold: bool = False
    """Whether `predict` needs the fold."""

    def predict(self, rows: str) -> str:
        """The call of `predict` for some rows."""
        return f"predict(model, {rows}{', fold.train' if self.of_fold else ''})"


def weights(problem: DataProblem, rows: str) -> list[str]:
    """The argument that hands over the weights of some rows; none where there are no weights."""
    return [] if problem.dataset.weights is None else [f"weight=data.weights[{rows}]"]


def counted(problem: DataProblem) -> str:
    """A line that leaves rows of weight 0 out of train; empty where there are none."""
    given = problem.dataset.weights
    if given is None or (given > 0).all():
        return ""
    return "    train = fold.train[data.weights[fold.train] > 0]  # what is learnt from others depends on the method\n"


def train_rows(problem: DataProblem) -> str:
    """What the rows that are trained on are called."""
    return "train" if counted(problem) else "fold.train"


def categories(problem: DataProblem) -> bool:
    """Whether there are columns of categories."""
    return any(isinstance(dtype, pd.CategoricalDtype) for dtype in problem.dataset.features.dtypes)
