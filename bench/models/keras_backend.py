"""Keras, imported with the backend of choice; the only file that imports it, its backends, or knows their names."""

import importlib
import os
import random
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib import metadata
from importlib.util import find_spec
from typing import Any

import numpy as np
from threadpoolctl import ThreadpoolController

from bench.config import extras
from bench.errors import UserError, allowed

DEFAULT = "numpy"
"""The fastest for a configuration not seen before, and the smallest to install: docs/keras.md has the measurement."""

_NEEDS = {
    "numpy": ("keras", "jax"),
    "jax": ("keras", "jax"),
    "tensorflow": ("keras", "tensorflow"),
    "torch": ("keras", "torch"),
}
"""The modules that each backend imports. Keras's code for NumPy imports JAX too, which dense layers do not use."""

_DISTRIBUTIONS = {
    "numpy": (("keras",), ("numpy",), ("scipy",)),
    "jax": (("keras",), ("numpy",), ("jax",), ("jaxlib",)),
    "tensorflow": (("keras",), ("numpy",), ("tensorflow", "tensorflow-cpu", "tf-nightly", "tf-nightly-cpu")),
    "torch": (("keras",), ("numpy",), ("torch",)),
}
"""What computes, under the names it is distributed by: other names for each backend."""

_SWAYS = ("KERAS_MAX_EPOCHS", "KERAS_MAX_STEPS_PER_EPOCH", "KERAS_NNX_ENABLED")
"""Variables of the environment that would change what a fit does."""


def chosen() -> str:
    """The backend that KERAS_BACKEND names, else the default; `UserError` where it is unknown or not installed."""
    return checked(os.environ.get("KERAS_BACKEND") or DEFAULT)


def checked(backend: str) -> str:
    """The backend, where it is known and installed; else a `UserError`."""
    if backend not in _NEEDS:
        raise UserError(f"KERAS_BACKEND={backend}: unknown; {allowed(backend, _NEEDS)}")
    for module in _NEEDS[backend]:
        if find_spec(module) is None:
            who = f"KERAS_BACKEND={backend}:" if os.environ.get("KERAS_BACKEND") else "the Keras MLP"
            raise UserError(f"{who} {extras.missing(module)}")
    libraries(backend)
    return backend


def libraries(backend: str) -> tuple[str, ...]:
    """The distributions whose versions decide the bits, all of them installed.

    No backend's are another's: an evaluation's key has their names, so that backends never share one.
    """
    present = []
    for names in _DISTRIBUTIONS[backend]:
        installed = [name for name in names if _installed(name)]
        if not installed:
            raise UserError(f"KERAS_BACKEND={backend}: found no version of {names[0]}; pip install {names[0]}")
        present += installed
    return tuple(present)


def _installed(name: str) -> bool:
    try:
        return bool(metadata.version(name))
    except metadata.PackageNotFoundError:
        return False


@cache
def load(backend: str) -> Any:
    """The module `keras` with `backend`, the same whatever the user's keras.json says, which is not written either."""
    if "keras" not in sys.modules:
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # TensorFlow greets everyone with its CPU's instructions
        of_keras = {"KERAS_BACKEND": backend, "KERAS_HOME": os.devnull, **dict.fromkeys(_SWAYS)}
        with _environment(of_keras), random_states_kept():
            importlib.import_module("keras")
    keras = importlib.import_module("keras")
    if keras.config.backend() != backend:
        raise UserError(
            f"KERAS_BACKEND={backend}: this process has imported Keras with the backend {keras.config.backend()} before"
        )
    keras.config.set_floatx("float32")
    keras.config.set_epsilon(1e-7)
    if backend == "tensorflow":
        tensorflow = importlib.import_module("tensorflow")
        tensorflow.config.experimental.enable_op_determinism()
        tensorflow.get_logger().setLevel("ERROR")  # it warns of each new network that it is new
    return keras


@contextmanager
def _environment(values: dict[str, str | None]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in values}
    _set(values)
    try:
        yield
    finally:
        _set(before)


def _set(values: dict[str, str | None]) -> None:
    for name, value in values.items():
        os.environ.pop(name, None)
        if value is not None:
            os.environ[name] = value


@contextmanager
def threads_limited(backend: str, threads: int) -> Iterator[None]:
    """Within, Keras has `threads` threads, as far as the backend can be told.

    The NumPy backend has one, whatever `threads` is: a second one makes the largest networks 1.6 times as fast at
    best, and small ones up to 40 times slower where another process wants the core too; and so its bits depend on no
    number of threads. JAX heeds nothing but the cores that the process is held to, and TensorFlow only what it is
    told before its first operation.
    """
    if backend == "numpy":
        with _pools().limit(limits=1, user_api="blas"):
            yield
        return
    if backend == "torch":
        importlib.import_module("torch").set_num_threads(threads)
    if backend == "tensorflow":
        threading = importlib.import_module("tensorflow").config.threading
        if threading.get_intra_op_parallelism_threads() != threads:
            threading.set_intra_op_parallelism_threads(threads)
            threading.set_inter_op_parallelism_threads(1)
    yield


@cache
def _pools() -> ThreadpoolController:
    """Found once: looking for the libraries takes milliseconds."""
    return ThreadpoolController()


@contextmanager
def random_states_kept() -> Iterator[None]:
    """Within, the global generators may be drawn from: they then go on as if they had not been.

    Python's, NumPy's, and PyTorch's where it is loaded: it draws from that one where it predicts, too.
    """
    python, numpy = random.getstate(), np.random.get_state()  # noqa: NPY002 - it is this state that has to be kept
    torch = sys.modules.get("torch")
    of_torch = None if torch is None else torch.get_rng_state()
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)  # noqa: NPY002
        if torch is not None:
            torch.set_rng_state(of_torch)
