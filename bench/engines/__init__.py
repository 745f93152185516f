"""Engines execute the runs of an experiment: a file each, named by `class:` in conf/engine/.

An engine is a function `execute(specs, **settings) -> list[Failure]`. It does every run, whatever becomes of the
others; what a run evaluates goes to the store, from where anybody can watch it.
"""

from dataclasses import dataclass

from bench.results import RunId


@dataclass(frozen=True)
class Failure:
    """A run that could not be finished, and why, in one line."""

    run: RunId
    message: str
