"""Predictions of a saved model for the rows of a file."""

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

import pandas as pd

from bench.models.saved.averaged import predictions
from bench.models.saved.lightgbm_part import load, predict_one  # that of the model at hand takes its place
from bench.models.saved.rows import UnusableRows, read

FOLDER = Path(__file__).parent


def main() -> None:
    """Read the rows, predict, write; what cannot be used is one line on stderr and the exit status 2."""
    parser = argparse.ArgumentParser(description="Predict the rows of a table; see card.md.")
    parser.add_argument("file", type=Path, help="a CSV or parquet file with the columns of the training data")
    parser.add_argument("--out", type=Path, help="a CSV file to write the predictions to; without it they are printed")
    parser.add_argument("--unknown", choices=["error", "missing"], default="error", help="what unknown categories are")
    options = parser.parse_args()
    description = json.loads((FOLDER / "preparation.json").read_text(encoding="utf-8"))
    try:
        frame = read(options.file, description["dialect"])
        predicted = predictions(load(FOLDER, description), predict_one, frame, description, options.unknown)
    except OSError as error:
        sys.exit(_refused(f"{options.file}: cannot be read ({error.strerror or error}); give a CSV or parquet file"))
    except (UnusableRows, ValueError) as error:
        sys.exit(_refused(f"{options.file}: {' '.join(str(error).split())}"))
    if description["classes"]:
        labels = pd.Series(predicted.columns.to_numpy()[predicted.to_numpy().argmax(axis=1)], index=predicted.index)
        predicted = predicted.add_prefix("probability of ")
        predicted.insert(0, description["target"], labels)
    try:
        predicted.to_csv(options.out or sys.stdout, index=False)
    except BrokenPipeError:  # the reader has gone; nobody is left to tell
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except OSError as error:
        sys.exit(_refused(f"{options.out or 'standard output'}: cannot be written ({error.strerror})"))


def _refused(message: str) -> Any:
    sys.stderr.write(f"predict.py: {message}\n")
    return 2


if __name__ == "__main__":
    main()
