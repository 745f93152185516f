"""MNIST, 70,000 images of handwritten digits: Keras's file where the user put it, or else OpenML's copy."""

import hashlib
import re
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import csv

from bench.datasets import openml_source
from bench.datasets.loading import Table
from bench.errors import UserError

FILE = "mnist.npz"
TARGET = "class"
Bytes = NDArray[np.uint8]


def load(*, datasets_dir: Path, openml: int, sha256: str, features: int, class_counts: Sequence[int]) -> Table:
    """Train images, then test images, in their old order: pixel1, pixel2, ... row by row (0 to 255), and the digit.

    Wherever the data came from, `features` and `class_counts` are checked, and `sha256`: of all pixels, image by image,
    followed by all labels, one byte each.
    """
    place = Path(datasets_dir) / "mnist" / FILE
    if place.is_file():
        where = str(place)
        pixels, labels = _keras(place)
    else:
        where = f"OpenML dataset {openml}"
        instead = f"put Keras's {FILE} (it is what keras.datasets.mnist.load_data downloads) into {place.parent}"
        frame = openml_source.fetch(openml, datasets_dir, instead, _frame)
        pixels, labels = _bytes(frame, where, features)
    counts = np.bincount(labels).tolist()
    if pixels.shape[1] != features or counts != list(class_counts):
        raise UserError(
            f"{where}: {pixels.shape[1]} pixels, classes of {counts}; expected {features}, {list(class_counts)}"
        )
    if hashlib.sha256(pixels.tobytes() + labels.tobytes()).hexdigest() != sha256:
        raise UserError(f"{where}: these are not MNIST's images in their old order (SHA-256 of the pixels); remove it")
    # By columns, as each becomes numbers by itself; float64 is made there, one column at a time.
    columns = pd.DataFrame(np.asfortranarray(pixels), columns=[f"pixel{i}" for i in range(1, features + 1)], copy=False)
    return Table(columns, pd.Series(labels, name=TARGET))


def _keras(place: Path) -> tuple[Bytes, Bytes]:
    try:
        with np.load(place) as archive:
            images, labels = (np.concatenate([archive[f"{kind}_train"], archive[f"{kind}_test"]]) for kind in "xy")
    except (OSError, EOFError, KeyError, ValueError, zipfile.BadZipFile) as error:
        text = " ".join(str(error).split())
        raise UserError(f"{place}: not Keras's {FILE} ({text}); remove it to use OpenML") from None
    if images.dtype != np.uint8 or len(images) != len(labels):
        raise UserError(f"{place}: {len(images)} images of {images.dtype}; expected uint8 and a label for each")
    return images.reshape(len(images), -1), labels.astype(np.uint8)


def _frame(dataset: Any) -> pd.DataFrame:
    """OpenML's table. Its ARFF file, which would take the client minutes and gigabytes, is read as the CSV it is."""
    if dataset.parquet_file is not None:
        frame: pd.DataFrame = openml_source.frame(dataset)[0]
        return frame
    names = []
    with Path(dataset.data_file).open("rb") as file:
        for line in iter(file.readline, b""):
            if line.strip().lower() == b"@data":
                break
            attribute = re.match(rb"\s*@attribute\s+['\"]?([^'\"\s]+)", line, re.IGNORECASE)
            if attribute:
                names.append(attribute[1].decode())
        kinds = {name: pa.string() if name == TARGET else pa.float32() for name in names}
        table = csv.read_csv(
            file,
            read_options=csv.ReadOptions(column_names=names),
            convert_options=csv.ConvertOptions(column_types=kinds),
        )
    whole: pd.DataFrame = table.to_pandas(split_blocks=True, self_destruct=True)
    return whole


def _bytes(frame: pd.DataFrame, where: str, features: int) -> tuple[Bytes, Bytes]:
    """Pixels and labels, one byte each, in the order of the pixels' numbers."""
    names = [f"pixel{i}" for i in range(1, features + 1)]
    if sorted(map(str, frame.columns)) != sorted([*names, TARGET]):
        raise UserError(f"{where}: {frame.shape[1]} columns; expected pixel1 .. pixel{features} and {TARGET}")
    pixels = np.empty((len(frame), features), dtype=np.uint8)
    for place, name in enumerate(names):
        values = frame[name].to_numpy()
        with np.errstate(invalid="ignore"):  # what does not fit is seen in the next line
            pixels[:, place] = values
        if not np.array_equal(pixels[:, place], values):
            raise UserError(f"{where}: {name} has values that are no pixels; expected whole numbers from 0 to 255")
    labels = frame[TARGET].astype("str").str.strip("'\" ")
    return pixels, pd.to_numeric(labels).to_numpy(dtype=np.uint8)
