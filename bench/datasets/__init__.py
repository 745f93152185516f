"""Where data comes from (bundled, OpenML, a file) and how it is split.

A source is a function in one file here, named by `load:` in a dataset's YAML; it takes `datasets_dir` and the YAML's
other keys and returns a `Table`. `load` turns the table into a `Dataset`: the target checked and encoded.
"""

from bench.datasets.loading import Dataset, Table, load
from bench.datasets.split import Fold, Split, split

__all__ = ["Dataset", "Fold", "Split", "Table", "load", "split"]
