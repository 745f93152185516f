"""What sweeps of an engine left behind, to be compared with what the local engine makes of the same."""

import contextlib
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from commands import bench, without_times

from bench import results


def lines(log: Path) -> list[str]:
    """The points that were evaluated, in order; see `toy`."""
    return log.read_text().split() if log.exists() else []


def tables(folder: Path) -> dict[str, pd.DataFrame]:
    """The trial tables by run, without times, and without what depends on how the work was shared."""
    paths = results.find(folder / "results", "scratch")
    gone = ["cached", "evaluation"]
    return {str(run): without_times(pd.read_parquet(path)).drop(columns=gone) for run, path in paths.items()}


def local(folder: Path, sweep: Sequence[str], *arguments: str) -> dict[str, pd.DataFrame]:
    """What the local engine makes of a sweep, in a folder of its own."""
    folder.mkdir()
    plain = [argument for argument in sweep if not argument.startswith(("engine", "store"))]
    with contextlib.chdir(folder):
        assert bench(*plain, *arguments, "engine.workers=1") == 0
    return tables(folder)


def expect_same(actual: dict[str, pd.DataFrame], expected: dict[str, pd.DataFrame]) -> None:
    assert actual.keys() == expected.keys()
    for run, trials in expected.items():
        pd.testing.assert_frame_equal(actual[run], trials)
