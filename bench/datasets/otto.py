"""The Otto Group Product Classification Challenge: Kaggle's file where the user put it, or else OpenML's copy."""

import hashlib
import io
import re
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from bench.datasets import openml_source
from bench.datasets.loading import Table
from bench.errors import UserError

PAGE = "https://www.kaggle.com/c/otto-group-product-classification-challenge/data"
MEMBER = "train.csv"


def load(*, datasets_dir: Path, openml: int, sha256: str, features: int, class_counts: Sequence[int]) -> Table:
    """The labelled part, the same from either place: feat_1, feat_2, ... and Class_1, Class_2, ...

    `sha256` is that of Kaggle's train.csv; `features` and `class_counts` are checked wherever the data came from.
    """
    folder = Path(datasets_dir) / "otto"
    local = _kaggle(folder)
    if local is None:
        instead = f"download {MEMBER} from {PAGE} and put it, or its zip file, into {folder}"
        frame, target, ignored = openml_source.fetch(openml, datasets_dir, instead, openml_source.frame)
        frame = frame.drop(columns=[name for name in ignored if name in frame.columns and name != target])
        return _table(frame, target or "target", features, class_counts, f"OpenML dataset {openml}")
    place, content = local
    digest = hashlib.sha256(content).hexdigest()
    if digest != sha256:
        raise UserError(
            f"{place}: the SHA-256 of {MEMBER} is {digest}; expected {sha256}; download it again from {PAGE}, or "
            "remove it to use OpenML"
        )
    return _table(pd.read_csv(io.BytesIO(content), engine="pyarrow"), "target", features, class_counts, str(place))


def _kaggle(folder: Path) -> tuple[Path, bytes] | None:
    """train.csv in `folder`, or in a zip file there: train.csv.zip, or the one of the whole competition."""
    plain = folder / MEMBER
    if plain.is_file():
        return plain, plain.read_bytes()
    for place in sorted(folder.glob("*.zip")):
        try:
            with zipfile.ZipFile(place) as archive:
                if MEMBER in archive.namelist():
                    return place, archive.read(MEMBER)
        except (zipfile.BadZipFile, EOFError):
            raise UserError(f"{place}: not a whole zip file; download it again from {PAGE}") from None
    return None


def _table(frame: pd.DataFrame, target: str, features: int, class_counts: Sequence[int], where: str) -> Table:
    """Columns and classes in the order of their numbers, and what the data must be checked."""
    if target not in frame.columns:
        raise UserError(f"{where}: no column {target!r}; expected Otto's classes in it")
    columns = [name for name in frame.columns if name not in (target, "id")]
    numbered = {_number(name): name for name in columns}
    if sorted(numbered) != list(range(1, features + 1)) or len(columns) != features:
        raise UserError(f"{where}: {len(columns)} columns besides id and {target}; expected feat_1 .. feat_{features}")
    labels = sorted(frame[target].dropna().unique(), key=_number)
    counts = [int((frame[target] == label).sum()) for label in labels]
    if counts != list(class_counts) or len(frame) != sum(class_counts):
        raise UserError(
            f"{where}: {len(frame)} rows with classes of {counts}; expected classes of {list(class_counts)}"
        )
    names = {f"feat_{i}": frame[numbered[i]].astype("float64") for i in range(1, features + 1)}
    classes = {label: f"Class_{place}" for place, label in enumerate(labels, start=1)}
    return Table(pd.DataFrame(names), frame[target].astype(object).map(classes).rename("target"))


def _number(label: object) -> int:
    """The number at the end of feat_7 or Class_7; 0 where there is none."""
    number = re.search(r"(\d+)$", str(label))
    return int(number[1]) if number else 0
