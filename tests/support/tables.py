"""What the tests of datasets share: the YAML of a source, a small frame, and a file of it."""

import os
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from commands import ROOT

from bench.datasets import Dataset, load

CONF = ROOT / "conf" / "dataset"
FRAME = pd.DataFrame(
    {
        "size": [0.1, 2.5, None, 1e-7, 5.0, 6.0],
        "colour": ["red", None, "blue", "red", "green", "blue"],
        "new": [True, False, True, True, False, False],
        "y": ["no", "yes", "no", "yes", "yes", "no"],
    }
)


def conf(source: str, /, **keys: Any) -> dict[str, Any]:
    return {**yaml.safe_load((CONF / f"{source}.yaml").read_text()), **keys}


def from_file(path: Path, target: str = "y", **keys: Any) -> Dataset:
    return load(conf("file", path=str(path), target=target, **keys), path.parent)


def written(folder: Path, frame: pd.DataFrame, name: str = "my.csv") -> Path:
    frame.to_csv(folder / name, index=False)
    return folder / name


def real(*names: str) -> Path:
    """A real file under the folder that BENCH_TEST_DATA names; where there is none, the test is skipped."""
    folder = os.environ.get("BENCH_TEST_DATA")
    path = Path(folder or "", *names)
    if not folder or not path.is_file():
        pytest.skip(f"needs {'/'.join(names)} under the folder that BENCH_TEST_DATA names")
    return path
