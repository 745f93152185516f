"""The loop of BoTorch's tutorial of TuRBO-1, with fewer candidates in the tests than the tutorial has."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from loops import Case, Objective
from loops_botorch import FLOATS, SOME, alone

N_CANDIDATES = 200
TURBO = {"candidates": N_CANDIDATES}


@dataclass
class TurboState:
    """As the tutorial "BO with TuRBO-1 and TS/qEI" keeps it, for one point at a time."""

    dim: int
    best_value: float
    length: float = 0.8
    failure_counter: int = 0
    success_counter: int = 0
    restart_triggered: bool = False


def update_state(state: TurboState, value: float) -> TurboState:
    if value > state.best_value + 1e-3 * math.fabs(state.best_value):
        state.success_counter += 1
        state.failure_counter = 0
    else:
        state.success_counter = 0
        state.failure_counter += 1
    if state.success_counter == 10:
        state.length = min(2.0 * state.length, 1.6)
        state.success_counter = 0
    elif state.failure_counter == math.ceil(max(4.0, float(state.dim))):
        state.length /= 2.0
        state.failure_counter = 0
    state.best_value = max(state.best_value, value)
    if state.length < 0.5**7:
        state.restart_triggered = True
    return state


def generate_point(state: TurboState, model: Any, x: Any, y: Any, n_candidates: int) -> Any:
    import torch
    from botorch.generation import MaxPosteriorSampling
    from torch.quasirandom import SobolEngine

    x_center = x[y.argmax(), :].clone()
    weights = model.covar_module.base_kernel.lengthscale.squeeze().detach()
    weights = weights / weights.mean()
    weights = weights / torch.prod(weights.pow(1.0 / len(weights)))
    tr_lb = torch.clamp(x_center - weights * state.length / 2.0, 0.0, 1.0)
    tr_ub = torch.clamp(x_center + weights * state.length / 2.0, 0.0, 1.0)
    dim = x.shape[-1]
    pert = SobolEngine(dim, scramble=True).draw(n_candidates).to(dtype=torch.double)
    pert = tr_lb + (tr_ub - tr_lb) * pert
    prob_perturb = min(20.0 / dim, 1.0)
    mask = torch.rand(n_candidates, dim, dtype=torch.double) <= prob_perturb
    ind = torch.where(mask.sum(dim=1) == 0)[0]
    mask[ind, torch.randint(0, dim - 1, size=(len(ind),))] = 1
    x_cand = x_center.expand(n_candidates, dim).clone()
    x_cand[mask] = pert[mask]
    thompson_sampling = MaxPosteriorSampling(model=model, replacement=False)
    with torch.no_grad():
        return thompson_sampling(x_cand, num_samples=1)


def turbo(
    dim: int, evaluate: Callable[[Any], tuple[Any, float]], seed: int, trials: int, candidates: int | None = None
) -> int:
    """The tutorial's loop, and again with further initial points; how often it was begun.

    Of a point `evaluate` says where the model is to see it, and its value.
    """
    import gpytorch
    import torch
    from botorch.fit import fit_gpytorch_mll
    from botorch.models import SingleTaskGP
    from gpytorch.constraints import Interval
    from gpytorch.kernels import MaternKernel, ScaleKernel
    from gpytorch.likelihoods import GaussianLikelihood
    from gpytorch.mlls import ExactMarginalLogLikelihood
    from torch.quasirandom import SobolEngine

    left, begun, candidates = trials, 0, N_CANDIDATES if candidates is None else candidates
    sobol = SobolEngine(dimension=dim, scramble=True, seed=seed)
    torch.manual_seed(seed)
    while left:
        n_init = min(2 * dim, left)
        results = [evaluate(x) for x in sobol.draw(n=n_init).to(dtype=torch.double)]
        left, begun = left - n_init, begun + 1
        x_turbo = torch.stack([x for x, _ in results])
        y_turbo = torch.tensor([[y] for _, y in results], dtype=torch.double)
        state = TurboState(dim, best_value=y_turbo.max().item())
        while left and not state.restart_triggered:
            train_y = (y_turbo - y_turbo.mean()) / (y_turbo.std() if y_turbo.std() > 0 else 1.0)
            likelihood = GaussianLikelihood(noise_constraint=Interval(1e-8, 1e-3))
            covar_module = ScaleKernel(
                MaternKernel(nu=2.5, ard_num_dims=dim, lengthscale_constraint=Interval(0.005, 4.0))
            )
            model = SingleTaskGP(x_turbo, train_y, covar_module=covar_module, likelihood=likelihood)
            mll = ExactMarginalLogLikelihood(model.likelihood, model)
            with gpytorch.settings.max_cholesky_size(float("inf")):
                fit_gpytorch_mll(mll)
                x_next = generate_point(state, model, x_turbo, train_y, candidates)
            x, value = evaluate(x_next[0])
            state = update_state(state, value)
            x_turbo = torch.cat((x_turbo, x[None]), dim=0)
            y_turbo = torch.cat((y_turbo, torch.tensor([[value]], dtype=torch.double)), dim=0)
            left -= 1
    return begun


def turbo_floats(objective: Objective, seed: int, trials: int, candidates: int | None = None) -> int:
    def evaluate(x: Any) -> tuple[Any, float]:
        rate, shrink, momentum = x.tolist()
        rate = min(max(math.exp(math.log(0.01) + rate * (math.log(0.3) - math.log(0.01))), 0.01), 0.3)
        return x, -objective({"rate": rate, "shrink": 0.9 * shrink, "momentum": 3 * momentum - 1})[0]

    return turbo(3, evaluate, seed, trials, candidates)


def turbo_mixed(objective: Objective, seed: int, trials: int, candidates: int | None = None) -> int:
    """A rate, a whole number seen at the middles of eighths, and a choice as the greatest of three columns."""

    def evaluate(x: Any) -> tuple[Any, float]:
        rate, depth, *act = x.tolist()
        rate = min(max(math.exp(math.log(0.01) + rate * (math.log(0.3) - math.log(0.01))), 0.01), 0.3)
        eighth = min(int(8 * depth), 7)
        seen = x.clone()
        seen[1] = (2 * eighth + 1) / 16
        choice = [None, "relu", 7][act.index(max(act))]
        return seen, -objective({"rate": rate, "depth": 1 + eighth, "act": choice})[0]

    return turbo(5, evaluate, seed, trials, candidates)


def turbo_calls(_: Any) -> list[tuple[Any, str]]:
    from bench.optimizers import botorch_turbo

    names = ["SingleTaskGP", "ExactMarginalLogLikelihood", "ScaleKernel", "MaternKernel", "GaussianLikelihood"]
    names += ["Interval", "fit_gpytorch_mll", "sobol"]
    methods = [(botorch_turbo.MaxPosteriorSampling, "forward"), (botorch_turbo.sobol, "draw")]
    return [*((botorch_turbo, name) for name in names), *methods]


CASES = [
    Case("botorch_turbo", "flat", FLOATS, alone(turbo_floats), turbo_calls, "botorch", TURBO, few=16),
    Case("botorch_turbo", "mixed", SOME, alone(turbo_mixed), turbo_calls, "botorch", TURBO, few=16),
]
SHIPPED = [
    Case("botorch_turbo", label, space, alone(partial(own, candidates=2000)), turbo_calls, "botorch", few=14)
    for label, space, own in (("flat", FLOATS, turbo_floats), ("mixed", SOME, turbo_mixed))
]
"""With the tutorial's number of candidates: 200 d, and 2,000 at least."""
