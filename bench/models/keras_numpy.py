"""Training dense layers in NumPy: what Keras's `compile` and `fit` compute, with nothing to compile.

Keras has a NumPy backend that cannot train; this is the missing part of it, for dense layers. The matrix products are
those of the BLAS that NumPy brings; everything else works in place on arrays made once a fit.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bench.models.keras_formulas import ACTIVATIONS, LOSSES, OPTIMIZERS, Floats

_ROWS = 1024
"""Rows that are judged at a time."""


@dataclass(frozen=True)
class Table:
    """Rows to train on or to judge."""

    inputs: Floats
    """Shape (rows, columns)."""
    target: NDArray[np.int64] | Floats
    """Codes of classes for "multiclass"; else numbers, for "binary" 0 and 1. Shape (rows,)."""
    weights: Floats | None
    """Shape (rows,), above 0; None where all rows weigh the same."""


@dataclass(frozen=True)
class Layers:
    """A stack of dense layers and how it is trained; the names and laws are Keras's."""

    units: tuple[int, ...]
    """Of the hidden layers."""
    activation: str
    """relu, tanh or gelu (the exact one)."""
    dropout: float
    """After every hidden layer."""
    l2: float
    """Of every kernel, the output's included; of no bias."""
    batch_size: int
    optimizer: str
    """adam, sgd or rmsprop."""
    learning_rate: float
    momentum: float
    """Of sgd."""


def orders(seed: int, rows: int) -> Iterator[NDArray[np.int64]]:
    """The order in which each epoch takes the rows."""
    rng = np.random.default_rng([seed, 0])
    while True:
        yield rng.permutation(rows)


class Epoch(NamedTuple):
    """Where a training stands after an epoch."""

    number: int
    training_loss: float
    stop_loss: float
    best: int
    """The epoch that a training would keep which ended here."""
    parameters: Callable[[], Sequence[Floats]]
    """Copies that epoch's kernels and biases, in Keras's order."""


After = Callable[[Epoch], bool]
"""Called after each epoch; training ends where it returns True."""


def fit(trainer: "Trainer", stop: Table, epochs: int, patience: int, after: After) -> int:
    """Train for at most `epochs`, ending after `patience` epochs without a lesser stop loss, with the best's.

    With patience 0 all epochs are done and the last one's parameters kept. Returns the epoch that they are of.
    """
    best, best_epoch, kept = math.inf, 0, trainer.parameters()
    for number in range(1, epochs + 1):
        training_loss, stop_loss = trainer.epoch(), trainer.loss(stop)
        if stop_loss < best or not patience:
            best, best_epoch = stop_loss, number
            kept = trainer.parameters() if patience else kept
        parameters = partial(list, kept) if patience else trainer.parameters
        if after(Epoch(number, training_loss, stop_loss, best_epoch, parameters)):
            break
        if patience and number - best_epoch >= patience:
            break
    if patience:
        trainer.restore(kept)
    return best_epoch


class Trainer:
    """The layers' parameters, under training.

    `parameters` are the initial kernels and biases in Keras's order (kernel, bias, kernel, ...); they are copied.
    """

    def __init__(self, task: str, layers: Layers, parameters: Sequence[Floats], table: Table, seed: int) -> None:
        self._task = task
        self._layers = layers
        self._table = table
        self._orders = orders(seed, len(table.inputs))
        self._masks = np.random.SFC64([seed, 1])
        shapes = [parameter.shape for parameter in parameters]
        self._all = np.concatenate([parameter.ravel() for parameter in parameters], dtype=np.float32)
        self._gradient = np.empty_like(self._all)
        parts, slopes = _views(self._all, shapes), _views(self._gradient, shapes)
        self._kernels, self._biases = parts[::2], parts[1::2]
        self._kernel_slopes, self._bias_slopes = slopes[::2], slopes[1::2]
        self._decay = np.concatenate(  # of a kernel's numbers 2 l2, of a bias's 0
            [np.full(math.prod(shape), 2 * layers.l2 * (len(shape) == 2)) for shape in shapes], dtype=np.float32
        )
        self._room = np.empty_like(self._all)
        self._optimizer, arrays = OPTIMIZERS[layers.optimizer]
        self._memory = [np.zeros_like(self._all) for _ in range(arrays)]
        self._steps = 0
        batch = min(layers.batch_size, len(table.inputs))
        self._inputs = np.empty((batch, table.inputs.shape[1]), dtype=np.float32)
        widths = [kernel.shape[1] for kernel in self._kernels]
        self._outputs, self._slopes, self._errors = (
            [np.empty((batch, width), dtype=np.float32) for width in widths] for _ in range(3)
        )

    def parameters(self) -> list[Floats]:
        """A copy of the kernels and biases as they are now, in Keras's order."""
        return [part.copy() for pair in zip(self._kernels, self._biases, strict=True) for part in pair]

    def restore(self, parameters: Sequence[Floats]) -> None:
        """Put back what `parameters` gave."""
        np.concatenate([part.ravel() for part in parameters], out=self._all)

    def epoch(self) -> float:
        """Train on all rows once; returns the mean loss of the batches, penalties included, as Keras shows it.

        It ends at the first batch with a loss that is not finite, and returns that.
        """
        order = next(self._orders)
        total = 0.0
        with np.errstate(all="ignore"):
            for start in range(0, len(order), self._layers.batch_size):
                rows = order[start : start + self._layers.batch_size]
                loss = self._batch(rows)
                if not math.isfinite(loss):
                    return loss
                total += loss * len(rows)
                self._update()
        return total / len(order)

    def loss(self, table: Table) -> float:
        """The weighted mean loss of rows, without penalties and dropout."""
        total = weight = 0.0
        with np.errstate(all="ignore"):
            for start in range(0, len(table.inputs), _ROWS):
                part = slice(start, start + _ROWS)
                outputs = table.inputs[part]
                for i, (kernel, bias) in enumerate(zip(self._kernels, self._biases, strict=True)):
                    outputs = outputs @ kernel
                    outputs += bias
                    if i + 1 < len(self._kernels):
                        ACTIVATIONS[self._layers.activation](outputs, None)
                losses = LOSSES[self._task](outputs, table.target[part])
                weights = np.ones_like(losses) if table.weights is None else table.weights[part]
                total += float(np.dot(losses, weights))
                weight += float(weights.sum())
        return total / weight

    def _batch(self, rows: NDArray[np.int64]) -> float:
        """Set the gradient of the mean loss of `rows`, penalties included; returns that loss."""
        count = len(rows)
        weights = None if self._table.weights is None else self._table.weights[rows]
        layer_inputs = [np.take(self._table.inputs, rows, axis=0, out=self._inputs[:count], mode="clip")]
        last = len(self._kernels) - 1
        for i, (kernel, bias) in enumerate(zip(self._kernels, self._biases, strict=True)):
            outputs = np.matmul(layer_inputs[-1], kernel, out=self._outputs[i][:count])
            outputs += bias
            if i < last:
                slopes = self._slopes[i][:count]
                ACTIVATIONS[self._layers.activation](outputs, slopes)
                if self._layers.dropout > 0:
                    mask = self._mask(outputs.shape)
                    outputs *= mask
                    slopes *= mask
                layer_inputs.append(outputs)
        losses = LOSSES[self._task](outputs, self._table.target[rows])  # and the outputs are now their gradient
        errors = outputs
        if weights is not None:
            losses *= weights
            errors *= weights[:, None]
        errors *= np.float32(1 / count)
        ones = np.ones(count, dtype=np.float32)
        for i in range(last, -1, -1):
            np.matmul(layer_inputs[i].T, errors, out=self._kernel_slopes[i])
            np.matmul(ones, errors, out=self._bias_slopes[i])
            if i > 0:
                errors = np.matmul(errors, self._kernels[i].T, out=self._errors[i - 1][:count])
                errors *= self._slopes[i - 1][:count]
        return float(losses.sum()) / count + self._penalise()

    def _penalise(self) -> float:
        """Add the penalties' gradient; returns the penalties."""
        if self._layers.l2 <= 0:
            return 0.0
        np.multiply(self._decay, self._all, out=self._room)
        self._gradient += self._room
        return float(np.dot(self._room, self._all)) / 2

    def _update(self) -> None:
        """One step of the optimiser."""
        self._steps += 1
        rate, momentum = self._layers.learning_rate, self._layers.momentum
        self._optimizer(self._steps, rate, momentum, self._all, self._gradient, *self._memory)

    def _mask(self, shape: tuple[int, ...]) -> Floats:
        """0 with the probability of dropout, else what keeps the mean; drawn in steps of 2**-16."""
        size = math.prod(shape)
        drawn = self._masks.random_raw(-(-size // 4)).view(np.uint16)[:size].reshape(shape)
        dropped = min(round(self._layers.dropout * 2**16), 2**16 - 1)
        return np.multiply(drawn >= dropped, np.float32(2**16 / (2**16 - dropped)), dtype=np.float32)


def _views(flat: Floats, shapes: Sequence[tuple[int, ...]]) -> list[Floats]:
    ends = np.cumsum([0, *(math.prod(shape) for shape in shapes)])
    return [flat[start:end].reshape(shape) for (start, end), shape in zip(pairwise(ends), shapes, strict=True)]
