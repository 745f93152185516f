"""BoTorch's Gaussian process with log expected improvement, by the loop that it documents: the extra `botorch`."""

import random
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from botorch.acquisition.analytic import LogExpectedImprovement
from botorch.fit import fit_gpytorch_mll
from botorch.models.gp_regression import SingleTaskGP
from botorch.models.gp_regression_mixed import MixedSingleTaskGP
from botorch.optim.optimize import optimize_acqf
from botorch.optim.optimize_mixed import MAX_DISCRETE_VALUES, optimize_acqf_mixed_alternating
from gpytorch.mlls import ExactMarginalLogLikelihood

from bench.errors import UserError
from bench.optimizers import Declaration, inactive, unit_cube
from bench.space import Categorical, Configuration, Int, Parameter, Space, Value, steps, to_json


class GaussianProcess:
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

    revision = 1
    independent = False
    libraries = ("botorch", "gpytorch", "linear-operator", "torch", "numpy", "scipy")

    def __init__(
        self,
        space: Space,
        seed: int,
        budget: int | None,
        initial: int | None = None,
        num_restarts: int = 10,
        raw_samples: int = 512,
    ) -> None:
        for name, given in (("initial", initial), ("num_restarts", num_restarts), ("raw_samples", raw_samples)):
            if (given is not None or name != "initial") and (not isinstance(given, int) or given < 1):
                raise UserError(f"optimizer.settings.{name}={given!r}: expected a whole number from 1")
        self._space, self._shown = space, space.searched
        self._initial = 2 * len(self._shown) if initial is None else initial
        self._search: dict[str, Any] = {"num_restarts": num_restarts, "raw_samples": raw_samples}
        self._asked: dict[str, list[float]] = {}
        self._points: list[list[float]] = []
        self._losses: list[float] = []
        engine: Any = torch.quasirandom.SobolEngine
        self._sobol = engine(len(self._shown), scramble=True, seed=seed) if self._shown else None
        places = {column: _places(parameter) for column, parameter in enumerate(self._shown)}
        self._categories = {c: places[c] for c, p in enumerate(self._shown) if isinstance(p, Categorical)}
        self._discrete = {c: listed for c, listed in places.items() if listed and c not in self._categories}
        ends = [(listed[0], listed[-1]) if listed else (0.0, 1.0) for listed in places.values()]
        self._bounds = torch.tensor(ends, dtype=torch.double).reshape(-1, 2).T
        with _kept_random_states():
            torch.default_generator.manual_seed(seed)
            random.seed(seed)  # which draws among more than 20 choices
            self._states = _random_states()
        self.declared = Declaration(
            inactive=inactive.SHOWN if space.conditional else "absent",
            fallback=f"a scrambled Sobol sequence until {self._initial} results are told",
        )

    def ask(self) -> Configuration:
        if self._sobol is None:
            return self._space.canonical({})
        if len(self._losses) < self._initial:
            drawn = self._sobol.draw(1, dtype=torch.double)[0].tolist()
            point = [_column(p, x) for p, x in zip(self._shown, drawn, strict=True)]
        else:
            point = self._propose()
        values = {p.name: _value(p, x) for p, x in zip(self._shown, point, strict=True)}
        configuration = self._space.assemble(lambda parameter: values[parameter.name])
        # A rounded number is told where its value stands, inactive values as they were proposed.
        self._asked[to_json(configuration)] = [
            _point(p, values[p.name]) if _rounded(p) else x for p, x in zip(self._shown, point, strict=True)
        ]
        return configuration

    def tell(self, configuration: Configuration, loss: float, failed: bool = False) -> None:
        configuration = self._space.canonical(configuration)
        unasked = [_point(p, inactive.value(p, configuration)) for p in self._shown]
        self._points.append(self._asked.get(to_json(configuration), unasked))
        self._losses.append(loss)

    def _propose(self) -> list[float]:
        """The point of greatest log expected improvement, each column within `self._bounds`."""
        threads = torch.get_num_threads()
        with _kept_random_states(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            torch.set_num_threads(1)
            _set_random_states(self._states)
            try:
                gains = -torch.tensor(self._losses, dtype=torch.double).unsqueeze(-1)
                candidate = self._maximise(torch.tensor(self._points, dtype=torch.double), gains)
            finally:
                self._states = _random_states()
                torch.set_num_threads(threads)
        point: list[float] = candidate[0].tolist()
        return point

    def _maximise(self, points: Any, gains: Any) -> Any:
        if self._categories:
            model = MixedSingleTaskGP(points, gains, cat_dims=list(self._categories))
        else:
            model = SingleTaskGP(points, gains)
        fit_gpytorch_mll(ExactMarginalLogLikelihood(model.likelihood, model))
        acquisition = LogExpectedImprovement(model, best_f=gains.max())
        if not self._categories and not self._discrete:
            return optimize_acqf(acquisition, self._bounds, q=1, **self._search)[0]
        return optimize_acqf_mixed_alternating(
            acquisition, self._bounds, discrete_dims=self._discrete, cat_dims=self._categories, q=1, **self._search
        )[0]


def _rounded(parameter: Parameter) -> bool:
    return isinstance(parameter, (Categorical, Int)) or parameter.stepped


def _places(parameter: Parameter) -> list[float]:
    """Where the values stand that the library is told of; none of a continuum, and of what it takes for one."""
    if isinstance(parameter, Categorical):
        return [float(index) for index in range(len(parameter.choices))]
    if not _rounded(parameter) or steps(parameter) >= MAX_DISCRETE_VALUES:
        return []
    return [_point(parameter, value) for value in parameter.values() or ()]


def _column(parameter: Parameter, x: float) -> float:
    """What the library is shown for a draw of 0..1: the index of a choice, and otherwise the draw."""
    return float(int(x * len(parameter.choices))) if isinstance(parameter, Categorical) else x


def _value(parameter: Parameter, x: float) -> Value:
    return parameter.choices[int(x)] if isinstance(parameter, Categorical) else unit_cube.value(parameter, x)


def _point(parameter: Parameter, value: Any) -> float:
    if isinstance(parameter, Categorical):
        return float(parameter.choices.index(value))
    return unit_cube.place(parameter, value)


def _random_states() -> tuple[Any, Any]:
    return torch.get_rng_state(), random.getstate()


def _set_random_states(states: tuple[Any, Any]) -> None:
    torch.set_rng_state(states[0])
    random.setstate(states[1])


@contextmanager
def _kept_random_states() -> Iterator[None]:
    """Leaves the global random states of PyTorch and Python as they were."""
    found = _random_states()
    try:
        yield
    finally:
        _set_random_states(found)
