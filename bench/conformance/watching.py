"""What a run does to the process around it: global random state, output, files, warning filters."""

import contextlib
import io
import os
import random
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

T = TypeVar("T")

_SILENT_BY_DEFAULT = (DeprecationWarning, PendingDeprecationWarning, ImportWarning, ResourceWarning)


@dataclass(frozen=True)
class Traces:
    """What was left behind, each in words; empty where nothing was."""

    random_state: str
    printed: str
    files: str
    filters: str


def watched(action: Callable[[], T]) -> tuple[T, Traces]:
    """Do it in an empty working folder, with output and warnings caught; the state is afterwards as it was."""
    with in_empty_folder() as folder, _caught_output() as output, warnings.catch_warnings(record=True) as caught:
        warnings.resetwarnings()
        for category in _SILENT_BY_DEFAULT:
            warnings.simplefilter("ignore", category)
        filters, before = list(warnings.filters), _random_state()
        result = action()
        moved = [name for name, state in before.items() if not _equal(state, _random_state()[name])]
        other_filters = list(warnings.filters) != filters
        files = sorted(path.name for path in folder.iterdir())
    lines = "".join(output).strip().splitlines() + [f"{w.category.__name__}: {w.message}" for w in caught]
    return result, Traces(
        f"the state of {' and '.join(moved)} is another" if moved else "",
        f"said {lines[0]!r}" + (f" and {len(lines) - 1} more lines" if len(lines) > 1 else "") if lines else "",
        f"left {', '.join(files)}" if files else "",
        "warnings.filters is another" if other_filters else "",
    )


def _random_state() -> dict[str, Any]:
    states: dict[str, Any] = {"random": random.getstate(), "numpy.random": np.random.get_state()}  # noqa: NPY002
    if (torch := sys.modules.get("torch")) is not None:
        states["torch"] = torch.random.get_rng_state().numpy()
    return states


def _equal(a: Any, b: Any) -> bool:
    if isinstance(a, tuple):
        return len(a) == len(b) and all(_equal(x, y) for x, y in zip(a, b, strict=True))
    return bool(np.array_equal(a, b)) if isinstance(a, np.ndarray) else bool(a == b)


@contextlib.contextmanager
def in_empty_folder() -> Iterator[Path]:
    """With a working folder of its own, which is gone afterwards."""
    before = Path.cwd()
    with tempfile.TemporaryDirectory(prefix="hpo-compare-") as folder:
        os.chdir(folder)
        try:
            yield Path(folder)
        finally:
            os.chdir(before)


@contextlib.contextmanager
def _caught_output() -> Iterator[list[str]]:
    """What goes to standard output and error, from Python or below it, once the block has ended."""
    output: list[str] = []
    text = io.StringIO()
    with tempfile.TemporaryFile() as file:
        with contextlib.ExitStack() as stack:
            for stream in (sys.stdout, sys.stderr):
                stream.flush()
            for number in (1, 2):
                stack.callback(_restore, os.dup(number), number)
                os.dup2(file.fileno(), number)
            stack.enter_context(contextlib.redirect_stdout(text))
            stack.enter_context(contextlib.redirect_stderr(text))
            yield output
        file.seek(0)
        output += [text.getvalue(), file.read().decode(errors="replace")]


def _restore(saved: int, number: int) -> None:
    for stream in (sys.__stdout__, sys.__stderr__):
        if stream is not None:
            stream.flush()
    os.dup2(saved, number)
    os.close(saved)
