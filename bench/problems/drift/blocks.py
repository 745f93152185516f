"""A stream cut into blocks, and the problem of each: tune on the newest rows before it, be judged on it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench import provenance
from bench.datasets import Dataset
from bench.datasets.split import Fold, Split
from bench.errors import UserError
from bench.metrics import Metric
from bench.models import Model
from bench.problems import refitted
from bench.problems.contract import Recipe
from bench.problems.data import DataProblem
from bench.space import Configuration, Space

Rows = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Block:
    """A block of a stream: its number from 0, its rows, and the window of the newest rows before it."""

    number: int
    train: Rows
    valid: Rows
    """The newest rows of the window: configurations are compared on them."""
    rows: Rows
    """What comes next: a model predicts it, and no model has seen it."""

    @property
    def window(self) -> Rows:
        """Train and valid together."""
        return np.concatenate([self.train, self.valid])


@dataclass(frozen=True)
class Cut:
    """How a stream is cut, in rows."""

    window: int
    block: int
    valid: int
    """Of the window."""

    def blocks(self, rows: int) -> list[Block]:
        """The blocks of a stream of so many rows, in their order; rows that fill no block are left out."""
        starts = range(self.window, rows - self.block + 1, self.block)
        return [self._at(number, start) for number, start in enumerate(starts)]

    def _at(self, number: int, start: int) -> Block:
        split = start - self.valid
        return Block(
            number,
            np.arange(start - self.window, split, dtype=np.int64),
            np.arange(split, start, dtype=np.int64),
            np.arange(start, start + self.block, dtype=np.int64),
        )


@dataclass(frozen=True, eq=False)
class Stream:
    """A dataset in the order of its time, with the model that is tuned on it."""

    dataset: Dataset
    cut: Cut
    model: Model
    config: Mapping[str, Any]
    """Of the model: `class`, `settings`, `space`."""
    space: Space
    metric: Metric
    model_seed: int
    recipe: Recipe
    _problems: dict[int, DataProblem] = field(default_factory=dict)

    @cached_property
    def blocks(self) -> list[Block]:
        """All blocks, in their order."""
        return self.cut.blocks(len(self.dataset.target))

    def problem(self, block: Block) -> DataProblem:
        """The problem of tuning before a block: training and validation rows of its window, and no test rows."""
        if block.number not in self._problems:
            self._problems.clear()  # one at a time: a stream is passed once
            self._problems[block.number] = self._tuning(block)
        return self._problems[block.number]

    def predicted(
        self, trained: Block, block: Block, configuration: Configuration, details: Mapping[str, Any]
    ) -> NDArray[np.float64]:
        """What a model trained on all of the window of `trained` predicts of `block`.

        `details` are those of tuning's training: a model that ends early is trained for as many rounds or epochs.
        """
        problem = self.problem(block)
        model = refitted.ended(self.model, [details], self.config, self.dataset.task, len(self.dataset.classes))
        window = problem.part(trained.window)
        fitted = model.fit(dict(configuration), window, window, self.model_seed, self.recipe.threads)
        return fitted.predict(problem.part(block.rows).features)

    def loss(self, block: Block, prediction: NDArray[np.float64]) -> float:
        """The loss of a prediction of a block."""
        part = self.problem(block).part(block.rows)
        return float(self.metric.loss(part.target, prediction, part.weights))

    def errors(self, block: Block, prediction: NDArray[np.float64]) -> NDArray[np.float64]:
        """How wrong each row of a block is predicted, (rows,): 0 or 1 of a class, the distance of a number."""
        target = self.dataset.target[block.rows]
        if self.dataset.classes:
            return np.asarray(prediction.argmax(axis=1) != target, dtype=np.float64)
        return np.asarray(np.abs(prediction - target), dtype=np.float64)

    def knowing_nothing(self, block: Block) -> NDArray[np.float64]:
        """What is predicted of a block by its window's shares of classes, or mean, alone."""
        problem = self.problem(block)
        return problem.knowing_nothing(problem.part(block.window), problem.part(block.rows))

    def check(self) -> None:
        """Raise `UserError` where there is no block, or a window's train rows lack a class."""
        if not self.blocks:
            rows = f"{len(self.dataset.target):,} rows"
            raise UserError(
                f"dataset={self.dataset.name}: has {rows}, fewer than model.retuned.window={self.cut.window} and one "
                f"block of {self.cut.block}; make it longer, or the window or block shorter"
            )
        for block, name in self._lacking():
            raise UserError(
                f"model.retuned.window={self.cut.window}: the rows from {block.train[0]} to {block.train[-1]} of "
                f"dataset={self.dataset.name} have none of class {name!r}; set a larger window"
            )

    def _lacking(self) -> Iterator[tuple[Block, str]]:
        for block in self.blocks:
            seen = set(self.dataset.target[block.train].tolist()) if self.dataset.classes else set()
            yield from ((block, name) for code, name in enumerate(self.dataset.classes) if code not in seen)

    def _tuning(self, block: Block) -> DataProblem:
        split = Split((Fold(block.train, block.valid, block.valid),), None, provenance.digest(_ends(block)))
        identity = {"data": self.dataset.content, "split": split.content}
        return DataProblem(
            self.recipe, self.dataset, split, self.model, self.space, self.metric, self.model_seed, identity, ""
        )


def _ends(block: Block) -> dict[str, Any]:
    """The rows of a block and its window, as plain data."""
    ends = {"train": block.train, "valid": block.valid, "rows": block.rows}
    return {name: [int(rows[0]), int(rows[-1])] for name, rows in ends.items()}
