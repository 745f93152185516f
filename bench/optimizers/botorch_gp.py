"""BoTorch's Gaussian process with log expected improvement, by the loop that it documents: the extra `botorch`."""

from typing import Any

import torch
from botorch.acquisition.analytic import LogExpectedImprovement
from botorch.fit import fit_gpytorch_mll
from botorch.models.gp_regression import SingleTaskGP
from botorch.models.gp_regression_mixed import MixedSingleTaskGP
from botorch.optim.optimize import optimize_acqf
from botorch.optim.optimize_mixed import MAX_DISCRETE_VALUES, optimize_acqf_mixed_alternating
from gpytorch.mlls import ExactMarginalLogLikelihood

from bench.optimizers import unit_cube
from bench.optimizers.botorch_loop import Loop, rounded
from bench.space import Categorical, Parameter, Space, steps


class GaussianProcess(Loop):
    """The loop of BoTorch's "Getting started" and of its tutorials, over the unit cube:

        X = draw_sobol_samples(bounds, n=2 * d, q=1, seed=seed).squeeze(1)
        torch.manual_seed(seed)
        ... for each further trial:
        model = SingleTaskGP(X, Y)                 # Y = -loss, which the model standardises
        fit_gpytorch_mll(ExactMarginalLogLikelihood(model.likelihood, model))
        acquisition = LogExpectedImprovement(model, best_f=Y.max())
        candidate, _ = optimize_acqf(acquisition, bounds, q=1, num_restarts=10, raw_samples=512)

    Numbers are mapped to 0..1 by the reference law. Where there are choices, the model is `MixedSingleTaskGP`, with
    their places as categories; where there are choices, or numbers of at most 20 values, the acquisition is maximised
    by `optimize_acqf_mixed_alternating`, which knows the places of these values. Numbers of more values are to it a
    continuum, rounded afterwards as that function would do it. The library knows no conditions: it is shown every
    parameter as active. It knows no failures: it is told the loss it is given.

    Settings: `initial`, the number of results before the first model (None: twice the number of parameters);
    `num_restarts` and `raw_samples` of the maximisation, by default those of the closed-loop tutorial.

    M. Balandat et al., BoTorch: A Framework for Efficient Monte-Carlo Bayesian Optimization, NeurIPS 2020; S. Ament et
    al., Unexpected Improvements to Expected Improvement for Bayesian Optimization, NeurIPS 2023.
    """

    def __init__(
        self,
        space: Space,
        seed: int,
        budget: int | None,
        initial: int | None = None,
        num_restarts: int = 10,
        raw_samples: int = 512,
    ) -> None:
        shown = space.searched
        self._search: dict[str, Any] = {"num_restarts": num_restarts, "raw_samples": raw_samples}
        super().__init__(space, seed, [1] * len(shown), initial, **self._search)
        places = {column: _places(parameter) for column, parameter in enumerate(shown)}
        self._categories = {c: places[c] for c, p in enumerate(shown) if isinstance(p, Categorical)}
        self._discrete = {c: listed for c, listed in places.items() if listed and c not in self._categories}
        ends = [(listed[0], listed[-1]) if listed else (0.0, 1.0) for listed in places.values()]
        self._bounds = torch.tensor(ends, dtype=torch.double).reshape(-1, 2).T

    def _candidate(self, points: Any, gains: Any) -> Any:
        model = self._model(points, gains)
        fit_gpytorch_mll(ExactMarginalLogLikelihood(model.likelihood, model))
        return self._maximum(LogExpectedImprovement(model, best_f=gains.max()))

    def _model(self, points: Any, gains: Any) -> Any:
        """Of one loss, not fitted yet."""
        if self._categories:
            return MixedSingleTaskGP(points, gains, cat_dims=list(self._categories))
        return SingleTaskGP(points, gains)

    def _maximum(self, acquisition: Any) -> Any:
        """The point where the acquisition is greatest."""
        if not self._categories and not self._discrete:
            return optimize_acqf(acquisition, self._bounds, q=1, **self._search)[0]
        return optimize_acqf_mixed_alternating(
            acquisition, self._bounds, discrete_dims=self._discrete, cat_dims=self._categories, q=1, **self._search
        )[0]

    def _drawn(self, point: list[float]) -> list[float]:
        """A choice as its index."""
        for column, places in self._categories.items():
            point[column] = places[int(point[column] * len(places))]
        return point

    def _choice(self, columns: list[float]) -> int:
        return int(columns[0])

    def _corner(self, parameter: Categorical, index: int) -> list[float]:
        return [float(index)]


def _places(parameter: Parameter) -> list[float]:
    """Where the values stand that the library is told of; none of a continuum, and of what it takes for one."""
    if isinstance(parameter, Categorical):
        return [float(index) for index in range(len(parameter.choices))]
    if not rounded(parameter) or steps(parameter) >= MAX_DISCRETE_VALUES:
        return []
    return [unit_cube.place(parameter, value) for value in parameter.values() or ()]
