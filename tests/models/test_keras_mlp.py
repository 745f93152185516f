"""The Keras MLP: its own training against plain Keras, the same bits in any process and order, and what goes wrong."""

import hashlib
import json
import os
import random
import re
import subprocess
import sys
from importlib import metadata
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from commands import SUPPORT
from drawing import ALL
from omegaconf import OmegaConf
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits
from sklearn.metrics import log_loss

from bench.config.catalogue import conf_dir
from bench.errors import UserError
from bench.models import Part, keras_backend
from bench.models.keras_mlp import KerasMLP
from bench.models.keras_numpy import Layers, Table, Trainer, orders
from bench.space.parsing import parse

for package in ("keras", "jax"):
    if find_spec(package) is None:
        pytest.skip(f"{package} is not installed", allow_module_level=True)

# Keras's NumPy backend reads its own variables in a way that NumPy 2 warns of.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

SPACES = {
    name: parse(OmegaConf.to_container(OmegaConf.load(conf_dir() / f"model/{name}.yaml"))["space"])
    for name in ("keras_mlp", "lecture_mlp")
}
QUICK = {"units": 32, "num_layers": 1, "batch_size": 64, "learning_rate": 0.01}


@pytest.fixture(autouse=True)
def default_backend(monkeypatch):
    monkeypatch.delenv("KERAS_BACKEND", raising=False)


def halves(features, target, weights=None) -> list[Part]:
    """Train and stop, every other row."""
    features = pd.DataFrame(features).astype(float) if isinstance(features, np.ndarray) else features
    cuts = np.arange(0, len(target), 2), np.arange(1, len(target), 2)
    return [Part(features.iloc[cut], target[cut], None if weights is None else weights[cut]) for cut in cuts]


def digits(rows: int = 600) -> list[Part]:
    features, target = load_digits(return_X_y=True)
    return halves(features[:rows], target[:rows])


def fingerprint(model: KerasMLP, configuration, train: Part, stop: Part, seed: int = 3, threads: int = 1) -> str:
    fitted = model.fit(configuration, train, stop, seed, threads)
    return hashlib.sha256(fitted.predict(stop.features).tobytes() + str(fitted.curve).encode()).hexdigest()


def global_state() -> str:
    """Of the generators that others may be drawing from."""
    return str((random.getstate(), np.random.get_state()))  # noqa: NPY002


def child(code: str, **environment: str) -> str:
    """What a fresh process prints."""
    others = {name: value for name, value in os.environ.items() if not name.startswith("KERAS_")}
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path[:0] = {[str(Path(__file__).parent), str(SUPPORT)]}\n{code}"],
        env=others | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


PLAIN = """
import sys
import keras
import numpy as np

keras.config.set_floatx("float32")
for arguments in sys.argv[1:]:
    task, activation, optimizer, l2, batch = arguments.split()
    given = np.load(f"{task}.npz")
    regularizer = keras.regularizers.L2(float(l2))
    last = {"multiclass": "softmax", "binary": "sigmoid", "regression": "linear", "counts": "exponential"}[task]
    loss = {"multiclass": "sparse_categorical_crossentropy", "binary": "binary_crossentropy", "regression": "mse",
            "counts": "poisson"}[task]
    weights = [given[f"w{i}"] for i in range(6)]
    network = keras.Sequential([keras.Input((given["x"].shape[1],))] + [
        keras.layers.Dense(kernel.shape[1], activation=name, kernel_regularizer=regularizer)
        for kernel, name in zip(weights[::2], [activation, activation, last])
    ])
    network.set_weights(weights)
    network.compile(loss=loss, optimizer={
        "adam": keras.optimizers.Adam(0.01), "sgd": keras.optimizers.SGD(0.05),
        "momentum": keras.optimizers.SGD(0.02, momentum=0.9), "rmsprop": keras.optimizers.RMSprop(0.005),
    }[optimizer])
    losses = []
    for order in given["orders"]:
        done = network.fit(given["x"][order], given["y"][order], sample_weight=given["weights"][order], shuffle=False,
                           batch_size=int(batch), verbose=0)
        losses += done.history["loss"]
    np.savez(f"{task}-plain.npz", losses=losses, predictions=network.predict(given["x"], verbose=0))
"""

TRAINED = {
    "multiclass": ("relu", "adam"),
    "regression": ("tanh", "momentum"),
    "binary": ("gelu", "rmsprop"),
    "counts": ("tanh", "sgd"),
}
"""Activation and optimiser that each task is trained with by plain Keras."""
TASKS = TRAINED if ALL else ("multiclass", "counts")
"""Those that are trained so: JAX takes five seconds to compile each."""
ROWS, BATCH, EPOCHS, L2 = 50, 16, 4, 0.003  # a last batch of 2


@pytest.fixture(scope="module")
def plain(tmp_path_factory) -> Path:
    """What each task was trained with, and what plain Keras made of it: all in one process, which is slow to start."""
    folder = tmp_path_factory.mktemp("plain")
    for task in TASKS:
        np.savez(folder / f"{task}.npz", **given(task))
    (folder / "plain.py").write_text(PLAIN)
    subprocess.run(
        [sys.executable, "plain.py", *(f"{task} {' '.join(TRAINED[task])} {L2} {BATCH}" for task in TASKS)],
        cwd=folder,
        env=os.environ | {"KERAS_BACKEND": "jax", "KERAS_HOME": str(folder)},
        check=True,
    )
    return folder


def given(task: str) -> dict[str, np.ndarray]:
    """Rows, targets, weights, the orders of the epochs, and the first weights w0 ... w5 of a network."""
    rng = np.random.default_rng(1)
    x = rng.normal(size=(ROWS, 5)).astype(np.float32)
    signal = x @ rng.normal(size=5)
    y = {
        "multiclass": np.digitize(signal, [-1, 1]),
        "binary": (signal > 0).astype(np.float32),
        "regression": signal.astype(np.float32),
        "counts": rng.poisson(np.exp(0.3 * signal)).astype(np.float32),
    }[task]
    weights = rng.uniform(0.2, 2, ROWS).astype(np.float32)
    sizes = [5, 12, 9, 3 if task == "multiclass" else 1]
    initial = [
        array.astype(np.float32)
        for a, b in pairwise(sizes)
        for array in (rng.normal(size=(a, b)) / np.sqrt(a), rng.normal(size=b) / 10)
    ]
    order = orders(7, ROWS)
    return {
        "x": x,
        "y": y,
        "weights": weights,
        "orders": np.stack([next(order) for _ in range(EPOCHS)]),
        **{f"w{i}": array for i, array in enumerate(initial)},
    }


@pytest.mark.parametrize("task", TASKS)
def test_the_training_is_that_of_plain_keras(task, plain):
    with np.load(plain / f"{task}.npz") as file:
        x, y, weights = file["x"], file["y"], file["weights"]
        initial = [file[f"w{i}"] for i in range(6)]
    expected = np.load(plain / f"{task}-plain.npz")

    activation, optimizer = TRAINED[task]
    name, rate, momentum = {
        "adam": ("adam", 0.01, 0.0),
        "sgd": ("sgd", 0.05, 0.0),
        "momentum": ("sgd", 0.02, 0.9),
        "rmsprop": ("rmsprop", 0.005, 0.0),
    }[optimizer]
    layers = Layers((12, 9), activation, 0.0, L2, BATCH, name, rate, momentum)
    trainer = Trainer(task, layers, initial, Table(x, y, weights), seed=7)
    losses = [trainer.epoch() for _ in range(EPOCHS)]
    assert losses[-1] < losses[0]
    np.testing.assert_allclose(losses, expected["losses"], rtol=2e-5)

    keras = keras_backend.load("numpy")
    names = [activation, activation, "linear"]
    sizes = [kernel.shape[1] for kernel in initial[::2]]
    dense = [keras.layers.Dense(n, activation=name) for n, name in zip(sizes, names, strict=True)]
    network = keras.Sequential([keras.Input((5,)), *dense])
    network.set_weights(trainer.parameters())
    scores = network.predict(x, verbose=0).astype(float)
    predictions = {
        "multiclass": lambda z: np.exp(z) / np.exp(z).sum(axis=1, keepdims=True),
        "binary": lambda z: 1 / (1 + np.exp(-z)),
        "regression": lambda z: z,
        "counts": np.exp,
    }[task](scores)
    np.testing.assert_allclose(predictions, expected["predictions"], rtol=2e-3, atol=2e-5)


def test_dropout_leaves_the_mean_and_adds_the_variance_of_its_law():
    rng = np.random.default_rng(0)
    x, y, rate = rng.normal(size=(100, 4)).astype(np.float32), rng.normal(size=100).astype(np.float32), 0.3
    kernel, bias, out = (rng.normal(size=size).astype(np.float32) for size in ((4, 6), 6, (6, 1)))
    layers = Layers((6,), "relu", rate, 0.0, 32, "sgd", 0.0, 0.0)  # learns nothing
    trainer = Trainer("regression", layers, [kernel, bias, out, np.zeros(1, np.float32)], Table(x, y, None), seed=0)
    terms = np.maximum(x @ kernel + bias, 0) * out[:, 0]
    expected = ((terms.sum(axis=1) - y) ** 2 + rate / (1 - rate) * (terms**2).sum(axis=1)).mean()
    assert np.mean([trainer.epoch() for _ in range(3000)]) == pytest.approx(expected, rel=0.01)
    assert trainer.loss(Table(x, y, None)) == pytest.approx(((terms.sum(axis=1) - y) ** 2).mean(), rel=1e-5)


def test_bits_depend_neither_on_the_order_of_trials_nor_on_the_threads():
    rng = np.random.default_rng(5)
    configurations = [SPACES["keras_mlp"].sample(rng) for _ in range(3)] + [QUICK | {"dropout": 0.3}]
    train, stop = digits()
    other_train, other_stop = digits(200)

    def model():
        return KerasMLP("multiclass", 10, epochs=2)

    alone = [fingerprint(model(), configuration, train, stop) for configuration in configurations]
    assert len(set(alone)) == len(alone)
    state = global_state()
    shared = model()
    for i in (3, 1, 0, 2, 2, 3, 0):
        fingerprint(shared, configurations[i], other_train, other_stop)
        assert fingerprint(shared, configurations[i], train, stop, threads=1 + i % 2) == alone[i]
    assert global_state() == state
    assert fingerprint(shared, configurations[3], train, stop, seed=4) != alone[3]
    assert not shared.threads_matter


def test_the_same_bits_in_another_process_whose_keras_json_changes_nothing_and_is_not_written(tmp_path):
    configuration = QUICK | {"dropout": 0.3}
    code = (
        "from test_keras_mlp import *\n"
        f"print(fingerprint(KerasMLP('multiclass', 10, epochs=2), {configuration!r}, *digits(200)))"
    )
    here = fingerprint(KerasMLP("multiclass", 10, epochs=2), configuration, *digits(200))
    mine = tmp_path / "mine/.keras/keras.json"
    mine.parent.mkdir(parents=True)
    text = json.dumps({"floatx": "float16", "epsilon": 0.1, "backend": "torch", "image_data_format": "channels_last"})
    mine.write_text(text)
    assert child(code, HOME=str(tmp_path / "mine"), KERAS_MAX_EPOCHS="1") == here
    assert mine.read_text() == text
    (tmp_path / "none").mkdir()
    assert child(code, HOME=str(tmp_path / "none")) == here
    assert not (tmp_path / "none/.keras").exists()


def test_with_patience_the_best_epoch_is_kept_and_without_it_the_last():
    train, stop = digits(240)
    wild = QUICK | {"learning_rate": 0.03, "batch_size": 32, "dropout": 0.4}
    stopped = KerasMLP("multiclass", 10, epochs=100, patience=4).fit(wild, train, stop, 0, 1)
    best = int(np.argmin(stopped.curve)) + 1
    assert stopped.details() == {"epochs": best + 4, "best_epoch": best}
    assert len(stopped.curve) == best + 4 < 100
    assert log_loss(stop.target, stopped.predict(stop.features)) == pytest.approx(min(stopped.curve), rel=1e-4)

    assert (stopped.predict(stop.features.copy()) == stopped.predict(stop.features)).all()

    never = KerasMLP("multiclass", 10, epochs=best + 2, patience=0).fit(wild, train, stop, 0, 1)
    assert never.details() == {"epochs": best + 2, "best_epoch": best + 2}
    assert never.curve == stopped.curve[: best + 2]
    assert log_loss(stop.target, never.predict(stop.features)) == pytest.approx(never.curve[-1], rel=1e-4)


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_a_diverging_configuration_fails_in_one_line(optimizer):
    train, stop = digits(200)
    with pytest.raises(FloatingPointError, match=r"^the loss is (nan|inf) in epoch \d+$"):
        KerasMLP("multiclass", 10).fit(QUICK | {"optimizer": optimizer, "learning_rate": 1e30}, train, stop, 0, 1)


def test_rows_of_no_weight_are_as_if_absent_and_only_proportions_matter():
    train, stop = digits(400)
    rng = np.random.default_rng(0)
    weights = rng.integers(0, 4, (2, len(train.target))).astype(float)

    def weighted(factor: float) -> str:
        parts = [Part(p.features, p.target, factor * w) for p, w in zip((train, stop), weights, strict=True)]
        return fingerprint(KerasMLP("multiclass", 10, epochs=3), QUICK, parts[0], Part(stop.features, stop.target))

    kept = weights[0] > 0
    present = Part(train.features[kept], train.target[kept], weights[0][kept])
    model = KerasMLP("multiclass", 10, epochs=3)
    assert weighted(1) == weighted(2) == fingerprint(model, QUICK, present, stop)
    assert weighted(1) != fingerprint(model, QUICK, Part(present.features, present.target), stop)

    weighted_stop = Part(stop.features, stop.target, weights[1])
    fitted = model.fit(QUICK, train, weighted_stop, 0, 1)
    expected = log_loss(stop.target, fitted.predict(stop.features), sample_weight=weights[1])
    assert fitted.curve[fitted.best_epoch - 1] == pytest.approx(expected, rel=1e-4)


def test_regression_is_in_the_targets_unit():
    features, target = load_diabetes(return_X_y=True)
    train, stop = halves(features, 1e4 + 100 * target)
    fitted = KerasMLP("regression", 0, epochs=60, patience=8).fit(QUICK, train, stop, 0, 1)
    predicted = fitted.predict(stop.features)
    error = np.mean((predicted - stop.target) ** 2)
    assert predicted.shape == stop.target.shape
    assert error < 0.65 * stop.target.var()
    assert min(fitted.curve) == pytest.approx(error, rel=1e-3)
    constant = Part(train.features, np.full(len(train.target), 7.0))
    assert np.allclose(KerasMLP("regression", 0).fit(QUICK, constant, constant, 0, 1).predict(stop.features), 7, atol=1)


def test_counts_have_a_log_link_and_begin_at_their_mean():
    rng = np.random.default_rng(0)
    features = rng.normal(size=(800, 3))
    means = np.exp(6 + features @ [0.5, -0.3, 0.0])
    train, stop = halves(features, rng.poisson(means).astype(float))
    fitted = KerasMLP("counts", 0, epochs=60).fit(QUICK, train, stop, 0, 1)
    predicted = fitted.predict(stop.features)
    assert (predicted > 0).all()
    assert np.abs(np.log(predicted / means[1::2])).mean() < 0.1
    assert np.isfinite(KerasMLP("counts", 0).fit(QUICK, *halves(features, np.zeros(800)), 0, 1).curve).all()


def test_two_classes_have_two_columns():
    features, target = load_breast_cancer(return_X_y=True)
    train, stop = halves(features, target)
    predicted = KerasMLP("binary", 2).fit(QUICK, train, stop, 0, 1).predict(stop.features)
    assert predicted.shape == (len(stop.target), 2)
    assert predicted.sum(axis=1) == pytest.approx(1)
    assert log_loss(stop.target, predicted) < 0.2


def test_text_and_missing_values():
    rng = np.random.default_rng(0)
    colour = pd.Series(rng.choice(["red", "green", "blue"], 400)).where(rng.random(400) > 0.1)
    size = np.where(rng.random(400) < 0.2, np.nan, rng.normal(size=400))
    frame = pd.DataFrame({"size": size, "colour": colour.astype("category")})
    train, stop = halves(frame, (colour == "red").to_numpy().astype(int))
    predicted = KerasMLP("binary", 2).fit(QUICK, train, stop, 0, 1).predict(stop.features)
    assert log_loss(stop.target, predicted) < 0.2


def test_step_sees_each_epoch_and_may_end_the_training():
    train, stop = digits(200)
    seen = []
    model = KerasMLP("multiclass", 10, epochs=8, patience=0)
    fitted = model.fit(QUICK, train, stop, 0, 1, lambda epoch, loss: bool(seen.append((epoch, loss))) or epoch == 5)
    assert seen == list(enumerate(fitted.curve, start=1))
    assert len(seen) == 5


def test_every_branch_of_the_space_can_be_trained():
    train, stop = digits(120)
    space = SPACES["keras_mlp"]
    rng = np.random.default_rng(0)
    model = KerasMLP("multiclass", 10, epochs=1, patience=0)
    reached = set()
    while len(reached) < 4 * 3 * 3:
        configuration = space.sample(rng)
        branch = tuple(configuration[name] for name in ("num_layers", "activation", "optimizer"))
        if branch in reached:
            continue
        reached.add(branch)
        network = model.fit(configuration, train, stop, 0, 1).network
        widths = [array.shape[1] for array in network.get_weights()[::2]]
        assert widths == [*(configuration[f"units_{i}"] for i in range(1, branch[0] + 1)), 10]
        assert ("momentum" in configuration) == (branch[2] == "sgd")


def test_the_lectures_space_has_equal_layers_and_hyperopts_bounds():
    space = SPACES["lecture_mlp"]
    rate = next(parameter for parameter in space.parameters if parameter.name == "learning_rate")
    assert np.log([rate.low, rate.high]) == pytest.approx([-5, -2])
    config = OmegaConf.to_container(OmegaConf.load(conf_dir() / "model/lecture_mlp.yaml"))
    model = KerasMLP("multiclass", 10, **config["settings"])
    configuration = {"learning_rate": 0.01, "optimizer": "sgd", "num_layers": 3, "units": 96}
    fitted = model.fit(configuration, *digits(200), 0, 1)
    assert [array.shape[1] for array in fitted.network.get_weights()[::2]] == [96, 96, 96, 10]
    assert fitted.details() == {"epochs": 10, "best_epoch": 10}


def test_building_the_model_imports_neither_keras_nor_a_backend():
    code = (
        "import sys\nfrom bench.models.keras_mlp import KerasMLP\nKerasMLP('binary', 2)\n"
        "print([name for name in ('keras', 'jax', 'tensorflow', 'torch') if name in sys.modules])"
    )
    assert child(code) == "[]"


def test_an_unknown_or_missing_backend_is_one_line(monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "tensorflo")
    with pytest.raises(UserError, match=r"^KERAS_BACKEND=tensorflo: unknown; .*did you mean tensorflow\?\)$"):
        KerasMLP("binary", 2)
    monkeypatch.setattr(keras_backend, "find_spec", lambda name: None if name == "torch" else find_spec(name))
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    with pytest.raises(
        UserError, match=r"^KERAS_BACKEND=torch: needs the package 'torch'.*; pip install 'hpo-compare\[torch\]'$"
    ):
        KerasMLP("binary", 2)
    monkeypatch.delenv("KERAS_BACKEND")
    KerasMLP("binary", 2).prepare(*halves(np.eye(4), np.array([0, 0, 1, 1])), 0, 1)
    with pytest.raises(UserError, match="has imported Keras with the backend numpy"):
        keras_backend.load("jax")


def test_two_backends_never_share_a_key(monkeypatch):
    monkeypatch.setattr(metadata, "version", lambda _: "1")
    names = [frozenset(keras_backend.libraries(name)) for name in ("numpy", "jax", "tensorflow", "torch")]
    assert len(set(names)) == 4


@pytest.mark.parametrize(
    ("configuration", "message"),
    [
        ({"lr": 0.1}, "model.space.lr: unknown hyperparameter; allowed: "),
        ({"units_0": 3}, "model.space.units_0: unknown hyperparameter; "),
        (
            {"activation": "rulu"},
            "model.space.activation='rulu': unknown; allowed: relu, tanh, gelu (did you mean relu?)",
        ),
        ({"batch_size": 0}, "model.space.batch_size=0: expected a whole number from 1"),
        ({"units_2": 2.5}, "model.space.units_2=2.5: expected a whole number from 1"),
        ({"dropout": 1.0}, "model.space.dropout=1.0: expected a number from 0 below 1"),
        ({"learning_rate": float("nan")}, "model.space.learning_rate=nan: expected a number from 0"),
    ],
)
def test_hyperparameters_amiss_are_named(configuration, message):
    with pytest.raises(UserError, match=f"^{re.escape(message)}"):
        KerasMLP("multiclass", 10).fit(configuration, *digits(40), 0, 1)


@pytest.mark.parametrize(
    ("space", "message"),
    [
        ({"leraning_rate": {"low": 0.1, "high": 0.2}}, "space.leraning_rate: unknown hyperparameter; "),
        ({"prepare.scale": {"choices": ["minmax"]}}, "space.prepare.scale: unknown hyperparameter; "),
        ({"dropout": {"low": 0.0, "high": 1.0}}, "space.dropout=1.0: expected a number from 0 below 1"),
        ({"units_3": {"choices": [16, None]}}, "space.units_3=None: expected a whole number from 1"),
        ({"optimizer": {"choices": ["adam", "lion"]}}, "space.optimizer='lion': unknown; "),
    ],
)
def test_a_space_amiss_is_named_before_anything_is_trained(space, message):
    typed = {key: {"type": "categorical" if "choices" in value else "float", **value} for key, value in space.items()}
    with pytest.raises(UserError, match=f"^{re.escape(message)}"):
        KerasMLP("multiclass", 10).check_space(parse(typed))


def test_what_no_network_of_the_space_reads_is_a_warning():
    layers = {"type": "int", "low": 1, "high": 3}
    units, momentum = {"type": "int", "low": 16, "high": 64}, {"type": "float", "low": 0.0, "high": 0.9}
    model = KerasMLP("multiclass", 10)
    assert model.check_space(parse({"num_layers": layers, "units_3": units})) == []
    (line,) = model.check_space(parse({"num_layers": layers, "units_4": units}))
    assert line == "space.units_4: has no effect here; it needs num_layers from 4"
    (line,) = model.check_space(parse({"momentum": momentum}))
    assert line == "space.momentum: has no effect here; it needs optimizer=sgd, which is adam"
    assert KerasMLP("binary", 2, parameters={"optimizer": "sgd"}).check_space(parse({"momentum": momentum})) == []
    for name in ("keras_mlp", "lecture_mlp"):
        shipped = OmegaConf.to_container(OmegaConf.load(conf_dir() / f"model/{name}.yaml"))
        assert KerasMLP("binary", 2, **shipped["settings"]).check_space(parse(shipped["space"])) == []


def test_settings_amiss_are_named():
    for settings, key in [
        ({"epochs": 0}, "epochs=0"),
        ({"patience": -1}, "patience=-1"),
        ({"epochs": 2.0}, "epochs=2.0"),
    ]:
        with pytest.raises(UserError, match=rf"^model\.settings\.{re.escape(key)}: expected"):
            KerasMLP("binary", 2, **settings)
    with pytest.raises(UserError, match=r"^model\.settings\.parameters\.optimizer='lion': unknown"):
        KerasMLP("binary", 2, parameters={"optimizer": "lion"})


OTHER = """
from test_keras_mlp import *
(train, stop), curves = digits(200), []
weighted = Part(stop.features, stop.target, np.arange(len(stop.target)) % 3)
configuration = QUICK | {"dropout": 0.2, "l2": 1e-3, "optimizer": "sgd", "momentum": 0.5, "activation": "gelu"}
model = KerasMLP("multiclass", 10, epochs=3, patience=0)
state = global_state()
fitted = model.fit(configuration, train, weighted, 0, 1)
assert global_state() == state
loss = log_loss(stop.target, fitted.predict(stop.features), sample_weight=weighted.weights)
assert abs(loss - fitted.curve[-1]) < 1e-4 * loss, (loss, fitted.curve)
assert fitted.details() == {"epochs": 3, "best_epoch": 3}
first = fingerprint(model, QUICK, train, stop)
assert fingerprint(KerasMLP("multiclass", 10, epochs=3, patience=0), QUICK, train, stop) == first
wild = KerasMLP("multiclass", 10, epochs=100, patience=2).fit(QUICK | {"learning_rate": 0.1}, train, stop, 0, 1)
best = int(np.argmin(wild.curve)) + 1
assert wild.details() == {"epochs": best + 2, "best_epoch": best}, (wild.details(), wild.curve)
assert abs(log_loss(stop.target, wild.predict(stop.features)) / min(wild.curve) - 1) < 1e-4
seen = []
model.fit(QUICK, train, stop, 0, 1, lambda epoch, loss: bool(seen.append(epoch)) or epoch == 2)
assert seen == [1, 2]
dropping, rungs = QUICK | {"dropout": 0.2}, {}
model.fit_rungs(dropping, train, stop, 0, 1, (2, 3), lambda rung, it: rungs.update({rung: it.predict(stop.features)}))
assert np.array_equal(rungs[3], model.fit(dropping, train, stop, 0, 1).predict(stop.features)), "after a rung"
try:
    model.fit(QUICK | {"optimizer": "sgd", "learning_rate": 1e30}, train, stop, 0, 1)
except FloatingPointError as error:
    print(error)
"""


@pytest.mark.exhaustive
@pytest.mark.parametrize("backend", ["jax", "tensorflow", "torch"])
def test_the_other_backends_keep_the_contract(backend):
    if find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    assert re.fullmatch(r"the loss is (nan|inf) in epoch \d+", child(OTHER, KERAS_BACKEND=backend).splitlines()[-1])
