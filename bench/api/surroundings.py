"""What a call of `compare` changes of the process that it is in, and leaves as it was."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from hydra.core.global_hydra import GlobalHydra

from bench.config import catalogue, folders


@contextmanager
def kept() -> Iterator[None]:
    """Within, Hydra may be begun anew and folders and variables be added; afterwards all is as it was before.

    That is the Hydra of the program around, `sys.argv`, `sys.path` and the environment.
    """
    hydra, chosen = GlobalHydra.instance().hydra, folders.chosen()
    argv, path, environment = list(sys.argv), list(sys.path), dict(os.environ)
    try:
        yield
    finally:
        GlobalHydra.instance().hydra = hydra
        sys.argv[:], sys.path[:] = argv, path
        for name in set(os.environ) - set(environment):
            del os.environ[name]
        for name, value in environment.items():
            if os.environ.get(name) != value:
                os.environ[name] = value
        if chosen is None or chosen.is_dir():
            catalogue.choose(chosen)
