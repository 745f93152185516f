"""Seconds per new configuration of the Keras MLP: every backend, and other ways to train that were tried.

A fixed sample of the space of conf/model/keras_mlp.yaml, on one core, without early stopping. Seconds are those of the
CPU, so that a busy machine does not change them much. With no arguments, the default backend on digits against its
bound; `--all` adds every backend that is installed and the other ways, and `--otto PATH` (of Kaggle's train.csv or its
zip file) does all that on Otto. The table is Markdown; docs/keras.md has one.
"""

import argparse
import contextlib
import importlib
import itertools
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from omegaconf import OmegaConf
from sklearn.datasets import load_digits

from bench.config.catalogue import conf_dir
from bench.models import Part, keras_backend, keras_network
from bench.models.keras_mlp import KerasMLP, layers_of
from bench.models.preparation import prepared
from bench.space.parsing import parse

BOUND = 1.0
"""Seconds per new configuration on digits, 20 epochs, one core."""
METHODS = {
    "numpy": "NumPy backend, the suite's training loop (the default)",
    "jax_fit": "JAX, `compile` and `fit`",
    "jax_loop": "JAX, an epoch in one compiled loop",
    "jax_loop_cheap": "the same, cheapest XLA options",
    "jax_padded": "the same, units padded to powers of 2",
    "tensorflow_fit": "TensorFlow, `compile` and `fit`",
    "torch_fit": "PyTorch, `compile` and `fit`",
    "torch_loop": "PyTorch, a plain eager loop",
}
Train = Callable[[dict[str, Any]], object]


def main() -> int:
    """Measure, print the table, and say by the exit status whether the bound holds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--all", action="store_true", help="every backend and way")
    parser.add_argument("--otto", metavar="PATH", help="Kaggle's train.csv, or its zip file")
    parser.add_argument("--methods", default=",".join(METHODS), help="those of --all to measure, with commas")
    parser.add_argument("--configurations", type=int, default=12)
    parser.add_argument("--epochs", type=int, help="20 on digits, 3 on Otto")
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        measure(arguments.measure, arguments.otto, arguments.configurations, arguments.epochs)
        return 0
    where, epochs = ("Otto", arguments.epochs or 3) if arguments.otto else ("digits", arguments.epochs or 20)
    title = f"{where}, {epochs} epochs, {arguments.configurations} configurations, one core"
    print(f"| {title} | seconds each, new | most | the same again | install, MB |\n| --- | --- | --- | --- | --- |")
    mean = float("inf")
    for method in arguments.methods.split(",") if arguments.all or arguments.otto else ["numpy"]:
        missing = next((module for module in ("keras", *_modules(method)) if find_spec(module) is None), None)
        if missing:
            print(f"| {METHODS[method]} | not measured: {missing} is not installed | | | |")
            continue
        times = _apart(method, arguments.otto, arguments.configurations, epochs)
        again = f"{np.mean(times['again']):.2f}" if times["again"] else ""
        new = float(np.mean(times["new"]))
        print(
            f"| {METHODS[method]} | {new:.2f} | {max(times['new']):.2f} | {again} | {_megabytes(method):.0f} |",
            flush=True,
        )
        mean = new if method == "numpy" else mean
    if where == "digits" and "numpy" in arguments.methods:
        print(f"\nbound of the default: {BOUND} s each; {'holds' if mean < BOUND else 'BROKEN'}")
        return int(mean >= BOUND)
    return 0


def _modules(method: str) -> tuple[str, ...]:
    return ("jax",) if method == "numpy" else (method.split("_", maxsplit=1)[0],)


def _megabytes(method: str) -> float:
    """What is installed for Keras and the backend, beyond what the suite needs without them."""
    without = {name for name in _required({"hpo-compare"}, {"keras", "jax"}) if name != "hpo-compare"}
    tensorflow = "tensorflow-cpu" if _requirements("tensorflow-cpu") else "tensorflow"
    roots = {"keras", *(tensorflow if name == "tensorflow" else name for name in _modules(method))}
    files = [file for name in _required(roots, set()) - without for file in metadata.files(name) or []]
    return sum(file.size or 0 for file in files) / 1e6


def _required(names: set[str], but: set[str]) -> set[str]:
    """Distributions, and those that they require, as far as they are installed."""
    found: set[str] = set()
    ahead = set(names)
    while ahead:
        name = ahead.pop()
        with contextlib.suppress(metadata.PackageNotFoundError):
            metadata.version(name)
            found.add(name)
            ahead |= _requirements(name) - found - but
    return found


def _requirements(name: str) -> set[str]:
    try:
        lines = metadata.requires(name) or []
    except metadata.PackageNotFoundError:
        return set()
    plain = [line for line in lines if "extra ==" not in line]
    return {re.split(r"[^\w.-]", line, maxsplit=1)[0].lower().replace("_", "-") for line in plain}


def _apart(method: str, otto: str | None, configurations: int, epochs: int) -> dict[str, list[float]]:
    """Measured in a process of its own, which imports one backend only."""
    command = [sys.executable, __file__, "--measure", method, "--configurations", str(configurations)]
    command += ["--epochs", str(epochs), *(["--otto", otto] if otto else [])]
    one = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    environment = os.environ | one | {"KERAS_BACKEND": method.split("_", maxsplit=1)[0]}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stderr)
    times: dict[str, list[float]] = json.loads(done.stdout.splitlines()[-1])
    return times


def measure(method: str, otto: str | None, configurations: int, epochs: int) -> None:
    """Print the seconds of each configuration as JSON; those that diverge are timed to where they do."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    train, stop = _otto(otto) if otto else _digits()
    config: Any = OmegaConf.to_container(OmegaConf.load(conf_dir() / "model/keras_mlp.yaml"))
    space = parse(config["space"])
    rng = np.random.default_rng(2026)
    sample = [space.sample(rng) for _ in range(configurations + 1)]
    ways: dict[str, Callable[[Part, Part, int], Train]] = {
        "jax_loop": partial(_jax_loop, options={}, padded=False),
        "jax_loop_cheap": partial(_jax_loop, options=_CHEAP, padded=False),
        "jax_padded": partial(_jax_loop, options=_CHEAP, padded=True),
        "torch_loop": _torch_loop,
    }
    way = ways.get(method, _suite)(train, stop, epochs)
    times: dict[str, list[float]] = {"new": [], "again": []}
    for i, configuration in enumerate(sample):
        for kind in ("new",) if method.endswith("_fit") else ("new", "again"):
            start = time.process_time()
            with contextlib.suppress(FloatingPointError):
                way(configuration)
            if i:  # the first one is for the libraries' own beginnings
                times[kind].append(time.process_time() - start)
    print(json.dumps(times))


def _digits() -> tuple[Part, Part]:
    bunch = load_digits(as_frame=True)
    return _halves(bunch.data, bunch.target.to_numpy())


def _otto(path: str) -> tuple[Part, Part]:
    table = pd.read_csv(Path(path))
    codes = table["target"].str.removeprefix("Class_").astype(int).to_numpy() - 1
    return _halves(table.drop(columns=["id", "target"]).astype(float), codes)


def _halves(features: pd.DataFrame, codes: Any) -> tuple[Part, Part]:
    """Sizes as those of resampling=holdout: 60 % to train on, 20 % to stop on."""
    rows = np.random.default_rng(0).permutation(len(codes))
    cuts = np.split(rows, [int(0.6 * len(rows)), int(0.8 * len(rows))])
    train, stop = (Part(features.iloc[cut], codes[cut]) for cut in cuts[:2])
    return train, stop


def _suite(train: Part, stop: Part, epochs: int) -> Train:
    """What the suite does, with predictions for the stop part."""
    model = KerasMLP("multiclass", int(train.target.max()) + 1, epochs=epochs, patience=0)
    model.prepare(train, stop, 0, 1)
    return lambda configuration: model.fit(configuration, train, stop, 0, 1).predict(stop.features)


_CHEAP = {"xla_backend_optimization_level": 0, "xla_llvm_disable_expensive_passes": True}


def _jax_loop(train: Part, stop: Part, epochs: int, options: dict[str, Any], padded: bool) -> Train:
    """An epoch and the judging of the stop part are one executable; what is not a shape is an argument of it.

    Masks make the last batch, and with `padded` every batch and layer, as large as the array that it is in.
    """
    jax = importlib.import_module("jax")
    inputs, *_ = arrays = _arrays(train, stop)
    data = [jax.device_put(array) for array in arrays]
    compiled = jax.jit(_jax_epoch, static_argnums=(0, 1), compiler_options=options or None, donate_argnums=2)

    def power(number: int) -> int:
        return 1 << (number - 1).bit_length() if padded else number

    def fit(configuration: dict[str, Any]) -> None:
        layers = layers_of(configuration, "")
        size, batches = power(layers.batch_size), -(-len(inputs) // layers.batch_size)
        most = -(-len(inputs) // (size // 2 + 1)) if padded else batches
        rng = np.random.default_rng(0)
        widths = [inputs.shape[1], *layers.units, int(train.target.max()) + 1]
        padded_widths = [widths[0], *(power(units) for units in layers.units), widths[-1]]
        parameters = []
        for (a, b), shape in zip(itertools.pairwise(widths), itertools.pairwise(padded_widths), strict=True):
            kernel, bias = np.zeros(shape, np.float32), np.zeros(shape[1], np.float32)
            kernel[:a, :b] = rng.uniform(-1, 1, (a, b)) * np.sqrt(6 / (a + b))
            parameters += [kernel, bias]
        state: Any = parameters, *([np.zeros_like(p) for p in parameters] for _ in range(2)), np.float32(0)
        h: dict[str, Any] = {
            name: np.float32(getattr(layers, name)) for name in ("learning_rate", "momentum", "l2", "dropout")
        }
        h["masks"] = [
            (np.arange(wide) < units).astype(np.float32)
            for wide, units in zip(padded_widths[1:-1], layers.units, strict=True)
        ]
        for number in range(epochs):
            order = np.full((most, size), -1, np.int32)
            for i, rows in enumerate(_batches(rng.permutation(len(inputs)), layers.batch_size)):
                order[i, : len(rows)] = rows
            seed = np.array([0, number], np.uint32)
            state, judged = compiled(
                layers.activation, layers.optimizer, state, h, data, order, np.int32(batches), seed
            )
            if not np.isfinite(float(judged)):
                raise FloatingPointError

    return fit


def _jax_epoch(
    activation: str, optimizer: str, state: Any, h: Any, data: Any, order: Any, batches: Any, key: Any
) -> Any:
    """To be compiled: train on the rows of each batch in `order` (-1: no row), then judge the stop part."""
    jax = importlib.import_module("jax")
    update = _JAX_UPDATES[optimizer]

    def losses(z: Any, y: Any) -> Any:
        return jax.nn.logsumexp(z, axis=1) - jax.numpy.take_along_axis(z, y[:, None], axis=1)[:, 0]

    def batch(i: Any, state: Any) -> Any:
        parameters, m, v, step = state
        rows = order[i]
        weights = rows >= 0

        def objective(parameters: Any) -> Any:
            z = _jax_scores(activation, parameters, data[0][rows], h, jax.random.fold_in(key, i))
            penalty = sum((kernel**2).sum() for kernel in parameters[::2])
            return (losses(z, data[1][rows]) * weights).sum() / weights.sum() + h["l2"] * penalty

        gradient = jax.grad(objective)(parameters)
        new = [update(jax, step + 1.0, h, *arrays) for arrays in zip(parameters, gradient, m, v, strict=True)]
        return *(list(part) for part in zip(*new, strict=True)), step + 1.0

    state = jax.lax.fori_loop(0, batches, batch, state)
    return state, losses(_jax_scores(activation, state[0], data[2], h, None), data[3]).mean()


def _jax_scores(activation: str, parameters: Any, a: Any, h: Any, key: Any) -> Any:
    jax = importlib.import_module("jax")
    function = {"relu": jax.nn.relu, "tanh": jax.numpy.tanh, "gelu": partial(jax.nn.gelu, approximate=False)}[
        activation
    ]
    for i, mask in enumerate(h["masks"]):
        a = function(a @ parameters[2 * i] + parameters[2 * i + 1]) * mask
        if key is not None:
            kept = jax.random.uniform(jax.random.fold_in(key, i), a.shape) >= h["dropout"]
            a = jax.numpy.where(kept, a / (1 - h["dropout"]), 0)
    return a @ parameters[-2] + parameters[-1]


def _jax_adam(jax: Any, step: Any, h: Any, p: Any, g: Any, m: Any, v: Any) -> Any:
    m, v = m + (g - m) * 0.1, v + (g * g - v) * 0.001
    rate = h["learning_rate"] * jax.numpy.sqrt(1 - 0.999**step) / (1 - 0.9**step)
    return p - m * rate / (jax.numpy.sqrt(v) + 1e-7), m, v


def _jax_sgd(_jax: Any, _step: Any, h: Any, p: Any, g: Any, m: Any, v: Any) -> Any:
    m = m * h["momentum"] - g * h["learning_rate"]
    return p + m, m, v


def _jax_rmsprop(jax: Any, _step: Any, h: Any, p: Any, g: Any, m: Any, v: Any) -> Any:
    v = 0.9 * v + 0.1 * g * g
    return p - h["learning_rate"] * g / jax.numpy.sqrt(v + 1e-7), m, v


_JAX_UPDATES = {"adam": _jax_adam, "sgd": _jax_sgd, "rmsprop": _jax_rmsprop}


def _torch_loop(train: Part, stop: Part, epochs: int) -> Train:
    """Keras's layers on PyTorch, and its own optimisers, without `fit`."""
    torch, keras = importlib.import_module("torch"), keras_backend.load("torch")
    torch.set_num_threads(1)
    inputs, target, stop_inputs, stop_target = (torch.as_tensor(array) for array in _arrays(train, stop))
    outputs = int(train.target.max()) + 1

    def fit(configuration: dict[str, Any]) -> None:
        layers = layers_of(configuration, "")
        network = keras_network.build(keras, layers, inputs.shape[1], outputs, 0.0, 0)
        parameters = list(network.parameters())
        kernels = [layer.kernel.value for layer in network.layers if hasattr(layer, "kernel")]
        optimizer = {
            "adam": lambda: torch.optim.Adam(parameters, layers.learning_rate, eps=1e-7),
            "sgd": lambda: torch.optim.SGD(parameters, layers.learning_rate, layers.momentum),
            "rmsprop": lambda: torch.optim.RMSprop(parameters, layers.learning_rate, 0.9, 1e-7),
        }[layers.optimizer]()
        for number in range(epochs):
            order = torch.as_tensor(np.random.default_rng([0, number]).permutation(len(inputs)))
            for rows in _batches(order, layers.batch_size):
                loss = torch.nn.functional.cross_entropy(network(inputs[rows], training=True), target[rows])
                loss = loss + layers.l2 * sum((kernel**2).sum() for kernel in kernels)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            with torch.no_grad():
                judged = torch.nn.functional.cross_entropy(network(stop_inputs, training=False), stop_target)
            if not torch.isfinite(judged):
                raise FloatingPointError

    return fit


def _arrays(train: Part, stop: Part) -> tuple[Any, ...]:
    preparation = prepared(train, scale="standard")
    inputs, stop_inputs = (preparation.transform(part.features).astype(np.float32) for part in (train, stop))
    return inputs, train.target.astype(np.int64), stop_inputs, stop.target.astype(np.int64)


def _batches(order: Any, size: int) -> list[Any]:
    return [order[start : start + size] for start in range(0, len(order), size)]


if __name__ == "__main__":
    sys.exit(main())
