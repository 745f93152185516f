"""hpo-compare: which hyperparameter optimiser should I use for this model on this data, and by how much?

`bench.compare` is the Python door: tables in memory, estimators and functions, in a notebook or a script. The command
is `bench` (`bench.cli`). Importing the package loads neither: each name is looked up when it is used.
"""

import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bench.api import Comparison, RunsFailed, compare
    from bench.errors import UserError

# Two OpenMP programs that spin while they wait can slow each other down a hundredfold on shared cores.
# The OpenMP runtimes read this once, when they are loaded, so it must be set before any numeric import.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

__version__ = "0.1.0"
__all__ = ["Comparison", "RunsFailed", "UserError", "__version__", "compare"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from bench import api  # noqa: PLC0415 - with pandas and Hydra

    return getattr(api, name)


def __dir__() -> list[str]:
    return __all__
