"""French motor third-party liability policies (freMTPL2freq): which of them had a claim."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bench.datasets import file, openml_source
from bench.datasets.columns import first_row, kind_of
from bench.datasets.loading import Table, cut
from bench.errors import UserError

IDENTIFIER, CLAIMS, TARGET = "IDpol", "ClaimNb", "claim"
FEATURES = {
    "Exposure": "number",
    "Area": "text",
    "VehPower": "number",
    "VehAge": "number",
    "DrivAge": "number",
    "BonusMalus": "number",
    "VehBrand": "text",
    "VehGas": "text",
    "Density": "number",
    "Region": "text",
}
"""From each feature to what it holds; a number may be missing."""
INSTEAD = "try again later, or give the table as a file: dataset.path=freMTPL2freq.csv"


def load(
    *,
    datasets_dir: Path,
    openml: int,
    class_counts: Sequence[int],
    path: str | None = None,
    sha256: str | None = None,
    drop: Sequence[str] = (),
) -> Table:
    """A row a policy; the target `claim` is yes where ClaimNb is above 0, and IDpol and ClaimNb are no features.

    From the user's file where `path` is given, else from OpenML, where `class_counts` (policies without and with a
    claim) are checked. `sha256` is what the file was when its runs were planned; `drop` names features to leave out.
    """
    if path is None:
        frame, _, _ = openml_source.fetch(openml, datasets_dir, INSTEAD, openml_source.frame)
        table = _table(frame, drop, f"OpenML dataset {openml}")
        counts = [int((table.target == label).sum()) for label in ("no", "yes")]
        if counts != list(class_counts):
            raise UserError(
                f"OpenML dataset {openml}: {counts[0]} policies without and {counts[1]} with a claim; expected "
                f"{class_counts[0]} and {class_counts[1]}"
            )
        return table
    reading = file.read(file.unchanged(path, sha256))
    return replace(_table(reading.frame, drop, path), said=reading.said, notes=reading.notes)


def _table(frame: pd.DataFrame, drop: Sequence[str], where: str) -> Table:
    """The columns by name, in one order and of one kind whatever they came from."""
    expected = [IDENTIFIER, CLAIMS, *FEATURES]
    names = [str(name) for name in frame.columns]
    missing, others = set(expected) - set(names), set(names) - set(expected)
    if missing or others:
        what = [f"{kind} {', '.join(sorted(some))}" for kind, some in (("no", missing), ("unknown", others)) if some]
        raise UserError(f"{where}: {'; '.join(what)}; expected the columns {', '.join(expected)}, and no others")
    features = pd.DataFrame({name: _feature(frame[name], kind, where) for name, kind in FEATURES.items()})
    return cut(features.assign(**{TARGET: _had_claim(frame[CLAIMS], where)}), TARGET, drop, where)


def _feature(values: pd.Series, kind: str, where: str) -> pd.Series:
    if kind == "number":
        return _numbers(values, where)
    if kind_of(values) != "text":
        raise UserError(
            f"{where}: column {values.name} holds {kind_of(values)} values; expected text, as in B12 or R24"
        )
    return values.astype("str").str.strip("'\" ")  # OpenML's file quotes some


def _numbers(values: pd.Series, where: str) -> pd.Series:
    """As float64, NaN where missing; refuses the first value that is no number."""
    numbers = pd.to_numeric(values.astype("str") if kind_of(values) == "text" else values, errors="coerce")
    wrong = (numbers.isna() & values.notna()).to_numpy()
    if wrong.any():
        found = f"{str(values[wrong].iloc[0])!r} in {first_row(wrong, values)}"
        raise UserError(f"{where}: column {values.name} holds {found}; expected numbers")
    return numbers.astype("float64")


def _had_claim(values: pd.Series, where: str) -> NDArray[np.str_]:
    """Yes where there is at least one claim."""
    counts = _numbers(values, where).to_numpy()
    wrong = ~((counts >= 0) & (counts == np.floor(counts)))
    if wrong.any():
        found = f"{str(values[wrong].iloc[0])!r} in {first_row(wrong, values)}"
        raise UserError(f"{where}: column {CLAIMS} holds {found}; expected whole numbers from 0")
    return np.where(counts > 0, "yes", "no")
