"""How many threads the numeric libraries of this process use: one where an optimiser works, more for an evaluation.

To find the libraries takes milliseconds, as every shared object of the process is looked at; to tell one how many
threads it may use takes a microsecond. So they are looked for again only where modules have been imported since.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from threadpoolctl import ThreadpoolController


@dataclass
class _Loaded:
    """The thread pools of this process."""

    pools: dict[str, Any] = field(default_factory=dict)
    """By the file of its library, what sets a pool's threads."""
    own: dict[str, int] = field(default_factory=dict)
    """How many threads each had when it was found."""
    modules: int = 0
    """How many modules were imported when they were looked for."""

    def look(self) -> bool:
        """Find what has been loaded since the last look, where any module was imported; returns whether it looked."""
        if len(sys.modules) == self.modules:
            return False
        for pool in ThreadpoolController().lib_controllers:
            if pool.filepath not in self.pools:
                self.pools[pool.filepath] = pool
                self.own[pool.filepath] = pool.num_threads
        self.modules = len(sys.modules)
        return True


_loaded = _Loaded()
_within: list[int] = []  # the limits of the bodies that are being executed, the innermost last


@contextmanager
def limited(threads: int) -> Iterator[None]:
    """Within, the numeric libraries use `threads` threads; afterwards as many as before.

    A library that the body itself loads has its own number of threads until the body, or a limit within it, ends.
    """
    looked = _loaded.look()
    other = looked or not _within or _within[-1] != threads
    before = {} if _within else {name: pool.num_threads for name, pool in _loaded.pools.items()}
    for pool in _loaded.pools.values() if other else ():
        pool.set_num_threads(threads)
    _within.append(threads)
    try:
        yield
    finally:
        _within.pop()
        other = _loaded.look() or other
        for name, pool in _loaded.pools.items() if other else ():
            pool.set_num_threads(_within[-1] if _within else before.get(name, _loaded.own[name]))
