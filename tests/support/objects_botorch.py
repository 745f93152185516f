"""BoTorch's tutorials, asked and told: the model of the results that there are, and its candidate."""

import math
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from loops_botorch import CHEAP
from loops_turbo import N_CANDIDATES, TurboState, generate_point, update_state
from side_by_side import Own


@contextmanager
def alone() -> Iterator[None]:
    """In one thread and without warnings, global random states left as they were."""
    import random

    import torch

    threads, states = torch.get_num_threads(), (torch.get_rng_state(), random.getstate())
    torch.set_num_threads(1)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        torch.set_num_threads(threads)
        torch.set_rng_state(states[0])
        random.setstate(states[1])


def read(x: Any) -> dict[str, Any]:
    """A point of the cube as a configuration of `FLOATS`."""
    rate, shrink, momentum = x.tolist()
    rate = min(max(math.exp(math.log(0.01) + rate * (math.log(0.3) - math.log(0.01))), 0.01), 0.3)
    return {"rate": rate, "shrink": 0.9 * shrink, "momentum": 3 * momentum - 1}


@contextmanager
def botorch(seed: int, trials: int, workers: int, search: Mapping[str, int] = CHEAP) -> Iterator[Own]:
    """The tutorial's model of the results that there are, and its candidate."""
    import torch
    from botorch.acquisition import LogExpectedImprovement
    from botorch.fit import fit_gpytorch_mll
    from botorch.models import SingleTaskGP
    from botorch.optim import optimize_acqf
    from botorch.utils.sampling import draw_sobol_samples
    from gpytorch.mlls import ExactMarginalLogLikelihood

    cube = torch.tensor([[0.0] * 3, [1.0] * 3], dtype=torch.double)
    results: list[tuple[Any, float]] = []
    with alone():
        torch.manual_seed(seed)
        design = iter(draw_sobol_samples(cube, n=trials, q=1, seed=seed).squeeze(1))

        def ask() -> Any:
            if len(results) < 6:
                point = next(design)
                return point, read(point), 0
            train_x = torch.stack([x for x, _ in results])
            train_y = torch.tensor([[y] for _, y in results], dtype=torch.double)
            model = SingleTaskGP(train_x, train_y)
            fit_gpytorch_mll(ExactMarginalLogLikelihood(model.likelihood, model))
            acquisition = LogExpectedImprovement(model, best_f=train_y.max())
            point = optimize_acqf(acquisition, bounds=cube, q=1, **search)[0][0]
            return point, read(point), 0

        yield Own(ask, lambda point, loss, _: results.append((point, -loss)))


@contextmanager
def turbo(seed: int, trials: int, workers: int, candidates: int = N_CANDIDATES) -> Iterator[Own]:
    """The tutorial's region, updated with each result of a proposal of its own."""
    import gpytorch
    import torch
    from botorch.fit import fit_gpytorch_mll
    from botorch.models import SingleTaskGP
    from gpytorch.constraints import Interval
    from gpytorch.kernels import MaternKernel, ScaleKernel
    from gpytorch.likelihoods import GaussianLikelihood
    from gpytorch.mlls import ExactMarginalLogLikelihood
    from torch.quasirandom import SobolEngine

    results: list[tuple[Any, float]] = []
    states: list[TurboState] = []
    with alone():
        sobol = SobolEngine(dimension=3, scramble=True, seed=seed)
        torch.manual_seed(seed)

        def ask() -> Any:
            if not states:
                point = sobol.draw(n=1).to(dtype=torch.double)[0]
                return (point, False), read(point), 0
            x = torch.stack([x for x, _ in results])
            y = torch.tensor([[y] for _, y in results], dtype=torch.double)
            train_y = (y - y.mean()) / y.std()
            likelihood = GaussianLikelihood(noise_constraint=Interval(1e-8, 1e-3))
            kernel = MaternKernel(nu=2.5, ard_num_dims=3, lengthscale_constraint=Interval(0.005, 4.0))
            model = SingleTaskGP(x, train_y, covar_module=ScaleKernel(kernel), likelihood=likelihood)
            with gpytorch.settings.max_cholesky_size(float("inf")):
                fit_gpytorch_mll(ExactMarginalLogLikelihood(model.likelihood, model))
                point = generate_point(states[0], model, x, train_y, candidates)[0]
            return (point, True), read(point), 0

        def tell(handle: Any, loss: float, _failed: bool) -> None:
            point, of_region = handle
            results.append((point, -loss))
            if of_region:
                update_state(states[0], -loss)
            elif states:
                states[0].best_value = max(states[0].best_value, -loss)
            elif len(results) == 6:
                states.append(TurboState(3, best_value=max(y for _, y in results)))

        yield Own(ask, tell)
