"""BoTorch's noisy expected hypervolume improvement of several losses, by its tutorial: the extra `botorch`."""

from typing import Any

import torch
from botorch.acquisition.logei import qLogNoisyExpectedImprovement
from botorch.acquisition.multi_objective.logei import qLogNoisyExpectedHypervolumeImprovement
from botorch.fit import fit_gpytorch_mll
from botorch.models.model_list_gp_regression import ModelListGP
from botorch.sampling.normal import SobolQMCNormalSampler
from botorch.utils.multi_objective.hypervolume import infer_reference_point
from botorch.utils.multi_objective.pareto import is_non_dominated
from gpytorch.mlls import SumMarginalLogLikelihood

from bench.checks import whole
from bench.optimizers.botorch_gp import GaussianProcess
from bench.space import Space

SAMPLES = 128
"""Of the posterior, as the tutorial has it."""


class NEHVI(GaussianProcess):
    """The loop of BoTorch's tutorial of multi-objective optimisation, over the unit cube and a point at a time:

        X = draw_sobol_samples(bounds, n=2 * (d + 1), q=1, seed=seed).squeeze(1)
        torch.manual_seed(seed)
        ... for each further trial:
        model = ModelListGP(*(SingleTaskGP(X, y) for y in Y.split(1, dim=-1)))             # Y = -losses
        fit_gpytorch_mll(SumMarginalLogLikelihood(model.likelihood, model))
        acquisition = qLogNoisyExpectedHypervolumeImprovement(
            model, ref_point, X, sampler=SobolQMCNormalSampler(128), prune_baseline=True
        )
        candidate, _ = optimize_acqf(acquisition, bounds, q=1, num_restarts=10, raw_samples=512)

    The tutorial knows the noise and the reference point of its problem: here the noise is inferred, and the reference
    point is `infer_reference_point` of the non-dominated results. Of one loss the hypervolume is the best so far, and
    the acquisition `qLogNoisyExpectedImprovement`. Numbers, choices, conditions, failures and settings are as in
    `botorch_gp`.

    S. Daulton et al., Parallel Bayesian Optimization of Multiple Noisy Objectives with Expected Hypervolume
    Improvement, NeurIPS 2021; S. Ament et al., Unexpected Improvements to Expected Improvement for Bayesian
    Optimization, NeurIPS 2023.
    """

    def __init__(
        self,
        space: Space,
        seed: int,
        budget: int | None,
        initial: int | None = None,
        num_restarts: int = 10,
        raw_samples: int = 512,
        objectives: int = 1,
    ) -> None:
        whole("objectives", objectives, 1)
        initial = 2 * (len(space.searched) + 1) if initial is None else initial
        super().__init__(space, seed, budget, initial, num_restarts, raw_samples)

    def _candidate(self, points: Any, gains: Any) -> Any:
        model = ModelListGP(*(self._model(points, gain) for gain in gains.split(1, dim=-1)))
        fit_gpytorch_mll(SumMarginalLogLikelihood(model.likelihood, model))
        arguments: dict[str, Any] = {"sampler": SobolQMCNormalSampler(torch.Size([SAMPLES])), "prune_baseline": True}
        if gains.shape[-1] == 1:
            return self._maximum(qLogNoisyExpectedImprovement(model, points, **arguments))
        reference = infer_reference_point(gains[is_non_dominated(gains)])
        return self._maximum(qLogNoisyExpectedHypervolumeImprovement(model, reference, points, **arguments))
