"""The preparation of features in scikit-learn, from skops' format, which holds no code."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

TRUSTED = [
    "numpy.dtype",
    "sklearn.calibration._CalibratedClassifier",
    "sklearn.calibration._SigmoidCalibration",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.gaussian_process._gpc._BinaryGaussianProcessClassifierLaplace",
    "sklearn.gaussian_process.kernels.CompoundKernel",
    "sklearn.gaussian_process.kernels.ConstantKernel",
    "sklearn.gaussian_process.kernels.DotProduct",
    "sklearn.gaussian_process.kernels.Exponentiation",
    "sklearn.gaussian_process.kernels.ExpSineSquared",
    "sklearn.gaussian_process.kernels.Matern",
    "sklearn.gaussian_process.kernels.Product",
    "sklearn.gaussian_process.kernels.RBF",
    "sklearn.gaussian_process.kernels.RationalQuadratic",
    "sklearn.gaussian_process.kernels.Sum",
    "sklearn.gaussian_process.kernels.WhiteKernel",
    "sklearn.metrics._dist_metrics.ChebyshevDistance64",
    "sklearn.metrics._dist_metrics.EuclideanDistance64",
    "sklearn.metrics._dist_metrics.ManhattanDistance64",
    "sklearn.metrics._dist_metrics.MinkowskiDistance64",
    "sklearn.model_selection._split.KFold",
    "sklearn.model_selection._split.StratifiedKFold",
    "sklearn.neighbors._ball_tree.BallTree",
    "sklearn.neighbors._kd_tree.KDTree",
    "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
    "sklearn.neural_network._stochastic_optimizers.SGDOptimizer",
    "sklearn.tree._tree.Tree",
    "sklearn.utils._bunch.Bunch",
]
"""What a file may hold beside what skops itself trusts: parts of scikit-learn's estimators, which run no code."""


def prepared(table: np.ndarray, transformer: Any, description: Mapping[str, Any], number: int) -> np.ndarray:
    """The table as model `number` takes it: numbers, then the one-hot columns of categories."""
    categories = [place for place, column in enumerate(description["columns"]) if column["kind"] == "category"]
    others = [place for place, column in enumerate(description["columns"]) if column["kind"] == "number"]
    plain = np.ascontiguousarray(table[:, [*others, *categories]])
    plain[:, description["empty"][number]] = 0.0  # columns without any value in training
    return np.asarray(transformer.transform(plain), dtype=np.float64)


def load_safely(path: Path) -> Any:
    """What a skops file holds; raises an error for anything that is not on the list."""
    import skops.io  # noqa: PLC0415 - half a second, which is not needed before

    return skops.io.load(path, trusted=TRUSTED)
