"""Whether my_dataset can be loaded, and holds what it should."""

from pathlib import Path

from bench import datasets
from bench.config import catalogue

HERE = Path(__file__).parent
catalogue.find_own_classes(HERE)


def loaded() -> datasets.Dataset:
    """The dataset as the runner has it."""
    return datasets.load(catalogue.config("dataset", "my_dataset", HERE), HERE)


def test_it_holds_what_it_should() -> None:
    """For you to sharpen: what you know of your data."""
    dataset = loaded()
    assert dataset.features.shape == (300, 3)
    assert dataset.task == "binary"
    assert dataset.classes == ("lower", "upper")
    assert not dataset.features.isna().any(axis=None)


def test_it_is_the_same_each_time() -> None:
    """What it holds decides which results may be compared."""
    assert loaded().content == loaded().content
