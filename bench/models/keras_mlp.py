"""A multilayer perceptron in Keras 3, on any of its backends; the default one compiles nothing."""

import math
import re
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bench.checks import is_number, is_whole, mapping, whole
from bench.errors import UserError, allowed
from bench.models import At, Part, Step, keras_backend, keras_network, keras_numpy
from bench.models.boosting import SEARCHED
from bench.models.inactive import Rule, above, one_of, warnings
from bench.models.keras_numpy import After, Epoch, Layers, Table, Trainer
from bench.models.preparation import Preparation, counting, prepared
from bench.models.rungs import Rungs
from bench.models.saved.keras_part import of_scores
from bench.space import Space, Value

ACTIVATIONS = ("relu", "tanh", "gelu")
OPTIMIZERS = ("adam", "sgd", "rmsprop")
_NUMBERS = {
    "num_layers": (2, 0, math.inf),
    "units": (64, 1, math.inf),
    "dropout": (0.0, 0.0, 1.0),
    "batch_size": (32, 1, math.inf),
    "learning_rate": (1e-3, 0.0, math.inf),
    "momentum": (0.0, 0.0, 1.0),
    "l2": (0.0, 0.0, math.inf),
}
"""Of each hyperparameter: its value where a configuration has none, its least, and what it is less than."""
_WHOLE = ("num_layers", "units", "batch_size")
_RULES = (
    Rule(("momentum",), {"optimizer": one_of("sgd")}, "optimizer=sgd"),
    Rule(("activation", "dropout", "units"), {"num_layers": above(0)}, "num_layers above 0"),
)
_UNITS_OF = re.compile(r"units_[1-9][0-9]*")


class KerasMLP:
    """Dense layers on standardised inputs, trained for at most `epochs` epochs.

    With `patience` above 0, training ends after so many epochs without a lesser loss on the stop part, and the best
    epoch's weights are kept; with 0 all epochs are done and the last one's kept. Hyperparameters: num_layers (of hidden
    layers), units_1, units_2, ... (or `units` for those that are not given), activation (relu, tanh, gelu), dropout
    (after each hidden layer), batch_size, learning_rate, optimizer (adam, sgd, rmsprop), momentum (of sgd), l2 (on the
    kernels). What a configuration does not have is taken from `parameters`, else it is Keras's own default; a network
    then has two layers of 64.

    The loss trained on is the cross-entropy, the squared error of the standardised target, or for counts Poisson's with
    a log link. Rows count by their weights, of which only the proportions matter.
    """

    revision = 1
    preparation = {"impute": "median", "scale": "standard"}  # noqa: RUF012 - said, and never changed

    def __init__(
        self,
        task: str,
        classes: int,
        epochs: int = 50,
        patience: int = 5,
        parameters: Mapping[str, Any] | None = None,
    ) -> None:
        whole("model.settings.epochs", epochs, 1)
        whole("model.settings.patience", patience, 0, otherwise="; 0 is never")
        self.task = task
        self.outputs = classes if task == "multiclass" else 1
        self.epochs = epochs
        self.patience = patience
        self.fixed = mapping("model.settings.parameters", parameters)
        layers_of(self.fixed, "model.settings.parameters")
        self.backend = keras_backend.chosen()
        self.libraries = keras_backend.libraries(self.backend)
        self.threads_matter = self.backend != "numpy"
        self._tables: WeakKeyDictionary[Part, WeakKeyDictionary[Part, Table]] = WeakKeyDictionary()
        self._scales: WeakKeyDictionary[Part, Scale] = WeakKeyDictionary()

    def check_space(self, space: Space, features: pd.DataFrame | None = None) -> list[str]:
        """Warnings of hyperparameters that no configuration reads; raises `UserError` for names and values amiss."""
        for parameter in space.parameters:
            place = _UNITS_OF.fullmatch(parameter.name)
            deep = {"num_layers": int(parameter.name[6:])} if place else {}  # else nobody looks at its value
            for value in parameter.representatives:
                layers_of({**self.fixed, **deep, parameter.name: value}, SEARCHED)
        names = [parameter.name for parameter in space.parameters]
        layers = [Rule((name,), {"num_layers": above(int(name[6:]) - 1)}, f"num_layers from {name[6:]}")
                  for name in names if _UNITS_OF.fullmatch(name)]  # fmt: skip
        usual = {"num_layers": _NUMBERS["num_layers"][0], "optimizer": OPTIMIZERS[0]}
        return warnings(space, [*layers, *_RULES], {}, usual | self.fixed, ())

    def fit(
        self,
        configuration: Mapping[str, Value],
        train: Part,
        stop: Part,
        seed: int,
        threads: int,
        step: Step | None = None,
    ) -> "FittedKerasMLP":
        training = _Training(self, configuration, train, stop, seed, threads)
        curve = training.curve

        def after(epoch: Epoch) -> bool:
            return step is not None and bool(step(epoch.number, curve[-1]))

        with training.computing():
            best = training.run(self.epochs, after)
        return training.fitted(curve, best)

    def fit_rungs(
        self,
        configuration: Mapping[str, Value],
        train: Part,
        stop: Part,
        seed: int,
        threads: int,
        rungs: Sequence[int],
        at: At,
    ) -> None:
        training, ladder = _Training(self, configuration, train, stop, seed, threads), Rungs(rungs, at)

        def after(epoch: Epoch) -> bool:
            with keras_backend.random_states_kept():  # PyTorch draws where it predicts, and batches after that
                return ladder.reached(epoch.number, lambda: training.fitted_so_far(epoch))

        with training.computing():
            best = training.run(rungs[-1], after)
            ladder.ended(lambda: training.fitted(training.curve, best))

    def prepare(self, train: Part, stop: Part, seed: int, threads: int) -> None:
        """Import Keras, and derive from the data what every fit needs."""
        keras_backend.load(self.backend)
        self.derived(train, stop)

    def derived(self, train: Part, stop: Part) -> tuple["Scale", Table, Table]:
        """The target's scale, and the parts as a network takes them; made once for each pair of parts."""
        if train not in self._scales:
            self._scales[train] = _scale(self.task, counting(train))
        tables = self._tables.setdefault(train, WeakKeyDictionary())
        for part in (train, stop):
            if part not in tables:
                tables[part] = _table(self.task, counting(part), prepared(train, scale="standard"), self._scales[train])
        return self._scales[train], tables[train], tables[stop]


class _Training:
    """One training of a `KerasMLP`, and what can be made of it on the way."""

    def __init__(
        self, model: KerasMLP, configuration: Mapping[str, Value], train: Part, stop: Part, seed: int, threads: int
    ) -> None:
        self.model, self.seed, self.threads = model, seed, threads
        self.layers = layers_of(model.fixed | dict(configuration), "model.space")
        self.scale, self.train, self.stop = model.derived(train, stop)
        self.preparation = prepared(train, scale="standard")
        whole_part = len(stop.features) == len(self.stop.inputs)
        self.known = (stop.features, self.stop.inputs) if whole_part else None
        self.curve: list[float] = []
        self.keras = keras_backend.load(model.backend)

    def computing(self) -> AbstractContextManager[None]:
        """What a training is run in."""
        return keras_backend.threads_limited(self.model.backend, self.threads)

    def run(self, epochs: int, after: After) -> int:
        """Train; the epoch whose parameters `network` then has. `after` is called once `curve` has the epoch's loss."""

        def noted(epoch: Epoch) -> bool:
            for loss in (epoch.training_loss, epoch.stop_loss):
                if not math.isfinite(loss):
                    raise FloatingPointError(f"the loss is {loss:g} in epoch {epoch.number}")
            self.curve.append(epoch.stop_loss * self.scale.spread**2)
            return after(epoch)

        model, patience = self.model, self.model.patience
        self.keras.utils.clear_session(free_memory=False)
        self.network = self._network()
        if model.backend != "numpy":
            return keras_network.fit(
                self.keras, self.network, model.task, self.layers, self.train, self.stop, self.seed, epochs, patience,
                noted,
            )  # fmt: skip
        trainer = Trainer(model.task, self.layers, self.network.get_weights(), self.train, self.seed)
        best = keras_numpy.fit(trainer, self.stop, epochs, patience, noted)
        self.network.set_weights(trainer.parameters())
        return best

    def fitted(self, curve: list[float], best: int, network: Any = None) -> "FittedKerasMLP":
        return FittedKerasMLP(
            self.model, network or self.network, self.preparation, self.known, self.scale, self.threads, curve, best
        )

    def fitted_so_far(self, epoch: Epoch) -> "FittedKerasMLP":
        """What a training would give that ended after `epoch`, in a network of its own."""
        network = self._network()
        network.set_weights(epoch.parameters())
        return self.fitted(list(self.curve), epoch.best, network)

    def _network(self) -> Any:
        columns, first = self.train.inputs.shape[1], self.scale.first_score
        return keras_network.build(self.keras, self.layers, columns, self.model.outputs, first, self.seed)


class FittedKerasMLP:
    """A trained network, and the stop loss after each epoch (for regression in the target's unit, squared)."""

    def __init__(
        self,
        model: KerasMLP,
        network: Any,
        preparation: Preparation,
        known: tuple[pd.DataFrame, NDArray[np.float32]] | None,
        scale: "Scale",
        threads: int,
        curve: list[float],
        best_epoch: int,
    ) -> None:
        self.backend = model.backend
        self.network = network
        """The `keras.Sequential`; its outputs are scores: logits, a standardised number, or the log of a count."""
        self.curve = curve
        self.best_epoch = best_epoch
        self._model = model
        self.preparation = preparation
        self._known = known
        self.scale = scale
        self._threads = threads

    def predict(self, features: pd.DataFrame) -> NDArray[np.float64]:
        if self._known is not None and features is self._known[0]:  # the stop part, on which the loss is taken too
            inputs = self._known[1]
        else:
            inputs = self.preparation.transform(features).astype(np.float32)
        with keras_backend.threads_limited(self._model.backend, self._threads), np.errstate(all="ignore"):
            scores = keras_network.scores(self.network, inputs)
            return of_scores(self._model.task, scores, self.scale.centre, self.scale.spread)

    def details(self) -> dict[str, Any]:
        return {"epochs": len(self.curve), "best_epoch": self.best_epoch}

    def size(self) -> int:
        """The network's weights and biases."""
        return int(self.network.count_params())


@dataclass(frozen=True)
class Scale:
    """How the target is put to the network: `target = centre + spread * score` for regression."""

    centre: float = 0.0
    spread: float = 1.0
    first_score: float = 0.0
    """What the outputs' biases begin at."""


def _scale(task: str, train: Part) -> Scale:
    if task == "counts":  # as if no input said anything: else a mean far from 1 takes many epochs to reach
        mean = float(np.average(train.target, weights=train.weights))
        return Scale(first_score=math.log(mean) if mean > 0 else 0.0)
    if task != "regression":
        return Scale()
    target = train.target.astype(np.float64)
    centre = float(np.average(target, weights=train.weights))
    spread = math.sqrt(float(np.average((target - centre) ** 2, weights=train.weights)))
    return Scale(centre, spread if spread > 0 else 1.0)


def _table(task: str, part: Part, preparation: Preparation, scale: Scale) -> Table:
    inputs = np.ascontiguousarray(preparation.transform(part.features), dtype=np.float32)
    weights = None if part.weights is None else (part.weights / part.weights.mean()).astype(np.float32)
    if task == "multiclass":
        return Table(inputs, part.target.astype(np.int64), weights)
    target = (part.target.astype(np.float64) - scale.centre) / scale.spread
    return Table(inputs, target.astype(np.float32), weights)


def layers_of(values: Mapping[str, Any], where: str) -> Layers:
    """The layers of hyperparameters, those that are absent at their defaults; `UserError` for a name or value amiss."""
    for name in values:
        if name not in (*_NUMBERS, "activation", "optimizer") and not _UNITS_OF.fullmatch(name):
            known = [*_NUMBERS, "units_1", "units_2", "activation", "optimizer"]
            raise UserError(f"{where}.{name}: unknown hyperparameter; {allowed(name, known)}")

    def number(name: str, default: Any = None) -> Any:
        kind = "units" if _UNITS_OF.fullmatch(name) else name
        usual, least, beyond = _NUMBERS[kind]
        value = values.get(name, usual if default is None else default)
        numeric = is_whole(value) if kind in _WHOLE else is_number(value)
        if not numeric or not least <= value < beyond:
            expected = f"a {'whole ' if kind in _WHOLE else ''}number from {least:g}"
            raise UserError(
                f"{where}.{name}={value!r}: expected {expected}" + (f" below {beyond:g}" if beyond < math.inf else "")
            )
        return value

    def choice(name: str, choices: tuple[str, ...]) -> str:
        value = values.get(name, choices[0])
        if value not in choices:
            raise UserError(f"{where}.{name}={value!r}: unknown; {allowed(value, choices)}")
        return str(value)

    units = number("units")
    return Layers(
        units=tuple(number(f"units_{i}", units) for i in range(1, number("num_layers") + 1)),
        activation=choice("activation", ACTIVATIONS),
        dropout=float(number("dropout")),
        l2=float(number("l2")),
        batch_size=number("batch_size"),
        optimizer=choice("optimizer", OPTIMIZERS),
        learning_rate=float(number("learning_rate")),
        momentum=float(number("momentum")),
    )
