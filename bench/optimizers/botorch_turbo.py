"""Trust region Bayesian optimisation with one region, TuRBO-1, by BoTorch's tutorial: the extra `botorch`."""

import math
from dataclasses import dataclass, replace
from typing import Any

import torch
from botorch.fit import fit_gpytorch_mll
from botorch.generation.sampling import MaxPosteriorSampling
from botorch.models.gp_regression import SingleTaskGP
from gpytorch.constraints import Interval
from gpytorch.kernels import MaternKernel, ScaleKernel
from gpytorch.likelihoods import GaussianLikelihood
from gpytorch.mlls import ExactMarginalLogLikelihood
from gpytorch.settings import max_cholesky_size

from bench.optimizers.botorch_loop import Loop, sobol
from bench.space import Categorical, Configuration, Space

SHORTEST, LONGEST = 0.5**7, 1.6
"""Of a region's sides: below the first it ends, beyond the second it does not grow."""


@dataclass(frozen=True)
class Region:
    """The trust region: its side before it is scaled by the model's length scales, and what came of its proposals."""

    best: float
    """Greatest gain so far."""
    length: float = 0.8
    successes: int = 0
    """In a row, since the side last grew."""
    failures: int = 0
    """In a row, since the side last shrank."""

    def after(self, gain: float, successes: int, failures: int) -> "Region":
        """The region after a proposal's gain: twice as long after so many successes in a row, half after failures."""
        success = gain > self.best + 1e-3 * abs(self.best)
        counted = replace(
            self,
            best=max(self.best, gain),
            successes=self.successes + 1 if success else 0,
            failures=0 if success else self.failures + 1,
        )
        if counted.successes == successes:
            return replace(counted, length=min(2 * self.length, LONGEST), successes=0)
        if counted.failures == failures:
            return replace(counted, length=self.length / 2, failures=0)
        return counted


class TuRBO(Loop):
    """The loop of BoTorch's tutorial "BO with TuRBO-1 and TS/qEI", a point at a time and by Thompson sampling:

        X = SobolEngine(d, scramble=True, seed=seed).draw(2 * d)
        torch.manual_seed(seed)
        state = TurboState(d, batch_size=1, best_value=Y.max())
        ... for each further trial, until the region has shrunk below 1/128:
        model = SingleTaskGP(X, (Y - Y.mean()) / Y.std(), ScaleKernel(MaternKernel(2.5, d)), GaussianLikelihood())
        fit_gpytorch_mll(ExactMarginalLogLikelihood(model.likelihood, model))
        x = generate_batch(state, model, X, Y, batch_size=1, n_candidates=min(5000, max(2000, 200 * d)), acqf="ts")
        state = update_state(state, y)

    Then, as the tutorial describes and does not show, it starts again with new initial points and forgets all others;
    here they are the next of the same Sobol sequence, as those of another seed would be another run's. Where the
    tutorial cannot go on it is completed: equal losses are divided by 1 and not by their deviation of 0, and no
    coordinate is drawn where none is missing. Numbers are mapped to 0..1 by the reference law; a choice is the greatest
    of as many columns as it has choices, which count in d. Results that were not asked for are data of the region and
    no success or failure of it. The library knows no conditions: it is shown every parameter as active. It knows no
    failures: it is told the loss it is given.

    Settings: `initial`, the number of results before a model (None: 2 d); `candidates`, the number of points of which
    Thompson sampling takes one (None: as above); `success_tolerance`, after how many successes in a row the region
    grows (10; 3 in the article).

    D. Eriksson et al., Scalable Global Optimization via Local Bayesian Optimization, NeurIPS 2019.
    """

    precision = torch.float  # as the tutorial draws
    again = ", and after each restart"

    def __init__(
        self,
        space: Space,
        seed: int,
        budget: int | None,
        initial: int | None = None,
        candidates: int | None = None,
        success_tolerance: int = 10,
    ) -> None:
        widths = [len(p.choices) if isinstance(p, Categorical) else 1 for p in space.searched]
        dimension = sum(widths)
        candidates = min(5000, max(2000, 200 * dimension)) if candidates is None else candidates
        super().__init__(space, seed, widths, initial, candidates=candidates, success_tolerance=success_tolerance)
        self._candidates, self._tolerances = candidates, (success_tolerance, max(4, dimension))
        self._region: Region | None = None
        self._proposals: list[Configuration] = []

    def ask(self) -> Configuration:
        modelled = self._modelled()
        asked = super().ask()
        if modelled:
            self._proposals.append(asked)
        return asked

    def tell(self, configuration: Configuration, loss: Any, failed: bool = False) -> None:
        super().tell(configuration, loss, failed)
        if not self._modelled():
            return
        if self._region is None:
            self._region = Region(max(self._gains))
        elif (proposal := self._space.canonical(configuration)) in self._proposals:
            self._proposals.remove(proposal)
            self._region = self._region.after(-loss, *self._tolerances)
        else:
            self._region = replace(self._region, best=max(self._region.best, -loss))
        if self._region.length < SHORTEST:
            self._region = None
            self._points, self._gains = [], []
            self._asked, self._proposals = {}, []

    def _candidate(self, points: Any, gains: Any) -> Any:
        spread = gains.std() if len(gains) > 1 else torch.zeros(())
        standard = (gains - gains.mean()) / (spread if spread > 0 else 1.0)
        kernel = MaternKernel(nu=2.5, ard_num_dims=self._dimension, lengthscale_constraint=Interval(0.005, 4.0))
        likelihood = GaussianLikelihood(noise_constraint=Interval(1e-8, 1e-3))
        model = SingleTaskGP(points, standard, covar_module=ScaleKernel(kernel), likelihood=likelihood)
        with max_cholesky_size(math.inf):
            fit_gpytorch_mll(ExactMarginalLogLikelihood(model.likelihood, model))
            candidates = self._around(points[standard.argmax()], kernel.lengthscale.squeeze(0).detach())
            with torch.no_grad():
                return MaxPosteriorSampling(model=model, replacement=False)(candidates, num_samples=1)

    def _around(self, centre: Any, scales: Any) -> Any:
        """Points of the region around `centre`, of whose coordinates about 20 are other than the centre's."""
        assert self._region is not None
        d, n = self._dimension, self._candidates
        weights = scales / scales.mean()
        weights = weights / torch.prod(weights.pow(1.0 / d))
        lower = torch.clamp(centre - weights * self._region.length / 2.0, 0.0, 1.0)
        upper = torch.clamp(centre + weights * self._region.length / 2.0, 0.0, 1.0)
        drawn = sobol(d, scramble=True).draw(n, dtype=self.precision)
        moved = lower + (upper - lower) * drawn.to(torch.double)
        mask = torch.rand(n, d, dtype=torch.double) <= min(20.0 / d, 1.0)
        unmoved = torch.where(mask.sum(dim=1) == 0)[0]
        if len(unmoved):
            mask[unmoved, torch.randint(0, d - 1, size=(len(unmoved),))] = True
        return torch.where(mask, moved, centre)

    def _choice(self, columns: list[float]) -> int:
        return columns.index(max(columns))

    def _corner(self, parameter: Categorical, index: int) -> list[float]:
        return [float(place == index) for place in range(len(parameter.choices))]
