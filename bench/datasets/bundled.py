"""The small datasets that come with scikit-learn: no network, no download."""

from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_iris, load_wine
from sklearn.utils import Bunch

from bench.datasets.loading import Table


def digits() -> Table:
    """1,797 images of 8 by 8 pixels, ten digits."""
    bunch = load_digits(as_frame=True)
    return Table(bunch.data, bunch.target)


def breast_cancer() -> Table:
    """569 tumours, 30 measurements; benign is class 0 and malignant class 1."""
    return _named(load_breast_cancer(as_frame=True))


def wine() -> Table:
    """178 wines of three growers, 13 measurements."""
    return _named(load_wine(as_frame=True))


def iris() -> Table:
    """150 irises of three species, 4 measurements."""
    return _named(load_iris(as_frame=True))


def diabetes() -> Table:
    """442 patients, 10 measurements, how far the disease went on in a year (25 to 346)."""
    bunch = load_diabetes(as_frame=True, scaled=False)
    return Table(bunch["data"], bunch["target"])


def diabetes_scaled() -> Table:
    """The same with every measurement centred and divided by its norm over all rows."""
    bunch = load_diabetes(as_frame=True)
    return Table(bunch["data"], bunch["target"])


def _named(bunch: Bunch) -> Table:
    """The table with class names for codes, so that a report can name them."""
    names = dict(enumerate(str(name) for name in bunch["target_names"]))
    return Table(bunch["data"], bunch["target"].map(names))
