"""A multilayer perceptron of plain Keras layers, and its training by Keras's own `compile` and `fit`."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.models.keras_backend import random_states_kept
from bench.models.keras_formulas import Floats
from bench.models.keras_numpy import After, Epoch, Layers, Table

_ROWS = 1024
"""Rows that are predicted at a time."""


def build(keras: Any, layers: Layers, columns: int, outputs: int, bias: float, seed: int) -> Any:
    """A built `keras.Sequential` that gives the task's scores: logits, a number, or the logarithm of a count.

    Kernels are drawn by Keras's default law (Glorot and Bengio 2010, uniform), each layer's from a seed of its own.
    Biases begin at 0, the outputs' at `bias`.
    """
    drawn = np.random.SeedSequence([seed, 2]).generate_state(2 * len(layers.units) + 1)
    seeds = iter(int(number) % 2**31 for number in drawn)  # PyTorch's are of 31 bits

    def dense(units: int, activation: str | None, bias: float) -> Any:
        return keras.layers.Dense(
            units,
            activation=activation,
            kernel_initializer=keras.initializers.GlorotUniform(seed=next(seeds)),
            bias_initializer=keras.initializers.Constant(bias),
            kernel_regularizer=keras.regularizers.L2(layers.l2) if layers.l2 > 0 else None,
            dtype="float32",
        )

    stack = [keras.Input((columns,), dtype="float32")]
    for units in layers.units:
        stack.append(dense(units, layers.activation, 0.0))
        if layers.dropout > 0:
            stack.append(keras.layers.Dropout(layers.dropout, seed=next(seeds), dtype="float32"))
    return keras.Sequential([*stack, dense(outputs, None, bias)])


def compile_network(keras: Any, network: Any, task: str, layers: Layers) -> None:
    """Give `network` its loss and optimiser; the metric `judged` is the weighted mean loss without the penalties."""
    rate = layers.learning_rate
    optimizer = {
        "adam": lambda: keras.optimizers.Adam(rate),
        "sgd": lambda: keras.optimizers.SGD(rate, momentum=layers.momentum),
        "rmsprop": lambda: keras.optimizers.RMSprop(rate),
    }[layers.optimizer]()
    loss = _loss(keras, task)
    judged = keras.metrics.MeanMetricWrapper(loss, name="judged")
    network.compile(optimizer=optimizer, loss=loss, weighted_metrics=[judged])


def _loss(keras: Any, task: str) -> Any:
    losses, ops = keras.losses, keras.ops
    return {
        "multiclass": lambda y, z: losses.sparse_categorical_crossentropy(y, z, from_logits=True),
        "binary": lambda y, z: losses.binary_crossentropy(y, z, from_logits=True),
        "regression": losses.mean_squared_error,
        "counts": lambda y, z: ops.mean(ops.exp(z) - y * z, axis=-1),  # Poisson with a log link
    }[task]


def fit(
    keras: Any,
    network: Any,
    task: str,
    layers: Layers,
    train: Table,
    stop: Table,
    seed: int,
    epochs: int,
    patience: int,
    after: After,
) -> int:
    """What `bench.models.keras_numpy.fit` does, by Keras itself, on any backend that can train."""

    class Watch(keras.callbacks.Callback):  # type: ignore[misc]
        def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
            losses.append(logs["val_judged"])
            best = int(np.argmin(losses)) + 1 if patience else epoch + 1
            parameters = (lambda: stopper.best_weights) if patience else self.model.get_weights
            if after(Epoch(epoch + 1, logs["loss"], logs["val_judged"], best, parameters)):
                self.model.stop_training = True

    losses: list[float] = []
    stopper = keras.callbacks.EarlyStopping("val_judged", patience=patience, mode="min", restore_best_weights=True)
    callbacks = [*([stopper] if patience else []), Watch()]
    compile_network(keras, network, task, layers)
    with random_states_kept():
        keras.utils.set_random_seed(seed % 2**32)  # the order of the batches
        network.fit(
            train.inputs,
            _column(train.target),
            sample_weight=train.weights,
            batch_size=layers.batch_size,
            epochs=epochs,
            validation_data=(stop.inputs, _column(stop.target), *(() if stop.weights is None else (stop.weights,))),
            validation_batch_size=_ROWS,
            callbacks=callbacks,
            verbose=0,
        )
    return int(np.argmin(losses)) + 1 if patience else len(losses)


def scores(network: Any, inputs: Floats) -> NDArray[np.float64]:
    """What `network` gives for rows: shape (rows, outputs)."""
    return np.asarray(network.predict(inputs, batch_size=_ROWS, verbose=0), dtype=np.float64)


def _column(target: NDArray[Any]) -> NDArray[Any]:
    return target[:, None]
