"""BoTorch's own loops: that of "Getting started", a model, its fit, an acquisition function, its maximum; and TuRBO.

With fewer restarts and samples than the config has, and a longer design where there are choices: a fit of
`MixedSingleTaskGP` takes most of a second.
"""

import math
import random
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from loops import MIXED, Case, Objective, only

from bench.space import Configuration
from bench.space.parsing import parse

CHEAP = {"num_restarts": 2, "raw_samples": 32}
DESIGN = 30
LONGER = 20
N_CANDIDATES = 200
TURBO = {"candidates": N_CANDIDATES}
FLOATS = parse(
    {
        "rate": {"type": "float", "low": 0.01, "high": 0.3, "log": True},
        "shrink": {"type": "float", "low": 0.0, "high": 0.9},
        "momentum": {"type": "float", "low": -1.0, "high": 2.0},
    }
)
SOME = only(MIXED, "rate", "depth", "act")


def gains(objective: Objective, configuration: Configuration) -> list[float]:
    """What is maximised: of each loss the negative."""
    losses = objective(configuration)[0]
    return [-loss for loss in (losses if objective.objectives > 1 else [losses])]


def floats(objective: Objective, seed: int, trials: int, several: bool = False) -> None:
    import torch
    from botorch.acquisition import LogExpectedImprovement
    from botorch.fit import fit_gpytorch_mll
    from botorch.models import SingleTaskGP
    from botorch.optim import optimize_acqf
    from botorch.utils.sampling import draw_sobol_samples
    from botorch.utils.transforms import unnormalize
    from gpytorch.mlls import ExactMarginalLogLikelihood

    bounds = torch.tensor([[math.log(0.01), 0.0, -1.0], [math.log(0.3), 0.9, 2.0]], dtype=torch.double)
    cube = torch.tensor([[0.0] * 3, [1.0] * 3], dtype=torch.double)

    def evaluate(x: Any) -> list[float]:
        rate, shrink, momentum = unnormalize(x, bounds).tolist()
        rate = min(max(math.exp(rate), 0.01), 0.3)
        return gains(objective, {"rate": rate, "shrink": shrink, "momentum": momentum})

    torch.manual_seed(seed)
    train_x = draw_sobol_samples(cube, n=LONGER if several else 6, q=1, seed=seed).squeeze(1)
    train_y = torch.tensor([evaluate(x) for x in train_x], dtype=torch.double)
    while len(train_x) < trials:
        if several:
            acquisition = nehvi(train_x, train_y, partial(SingleTaskGP, train_x))
        else:
            model = SingleTaskGP(train_x, train_y)
            fit_gpytorch_mll(ExactMarginalLogLikelihood(model.likelihood, model))
            acquisition = LogExpectedImprovement(model, best_f=train_y.max())
        candidate, _ = optimize_acqf(acquisition, bounds=cube, q=1, **CHEAP)
        train_x = torch.cat([train_x, candidate])
        train_y = torch.cat([train_y, torch.tensor([evaluate(candidate[0])], dtype=torch.double)])


def mixed(objective: Objective, seed: int, trials: int, several: bool = False) -> None:
    """A rate, a whole number at the middles of eighths, and the index of a choice."""
    import torch
    from botorch.acquisition import LogExpectedImprovement
    from botorch.fit import fit_gpytorch_mll
    from botorch.models import MixedSingleTaskGP
    from botorch.optim import optimize_acqf_mixed_alternating
    from botorch.utils.sampling import draw_sobol_samples
    from gpytorch.mlls import ExactMarginalLogLikelihood

    choices = [None, "relu", 7]
    eighths = [(2 * k + 1) / 16 for k in range(8)]
    bounds = torch.tensor([[0.0, eighths[0], 0.0], [1.0, eighths[-1], 2.0]], dtype=torch.double)
    cube = torch.tensor([[0.0] * 3, [1.0] * 3], dtype=torch.double)

    def evaluate(x: Any) -> list[float]:
        rate, depth, act = x.tolist()
        rate = min(max(math.exp(math.log(0.01) + rate * (math.log(0.3) - math.log(0.01))), 0.01), 0.3)
        configuration: Configuration = {"rate": rate, "depth": 1 + eighths.index(depth), "act": choices[int(act)]}
        return gains(objective, configuration)

    torch.manual_seed(seed)
    random.seed(seed)
    train_x = draw_sobol_samples(cube, n=DESIGN, q=1, seed=seed).squeeze(1)
    train_x[:, 1] = ((train_x[:, 1] * 8).floor() * 2 + 1) / 16
    train_x[:, 2] = (train_x[:, 2] * 3).floor()
    train_y = torch.tensor([evaluate(x) for x in train_x], dtype=torch.double)
    while len(train_x) < trials:
        if several:
            acquisition = nehvi(train_x, train_y, partial(MixedSingleTaskGP, train_x, cat_dims=[2]))
        else:
            model = MixedSingleTaskGP(train_x, train_y, cat_dims=[2])
            fit_gpytorch_mll(ExactMarginalLogLikelihood(model.likelihood, model))
            acquisition = LogExpectedImprovement(model, best_f=train_y.max())
        candidate, _ = optimize_acqf_mixed_alternating(
            acquisition, bounds, discrete_dims={1: eighths}, cat_dims={2: [0.0, 1.0, 2.0]}, q=1, **CHEAP
        )
        train_x = torch.cat([train_x, candidate])
        train_y = torch.cat([train_y, torch.tensor([evaluate(candidate[0])], dtype=torch.double)])


def nehvi(train_x: Any, train_y: Any, model_of: Callable[[Any], Any]) -> Any:
    """The acquisition of the tutorial of multi-objective optimisation; of one loss that of noisy observations."""
    import torch
    from botorch.acquisition.logei import qLogNoisyExpectedImprovement
    from botorch.acquisition.multi_objective.logei import qLogNoisyExpectedHypervolumeImprovement
    from botorch.fit import fit_gpytorch_mll
    from botorch.models import ModelListGP
    from botorch.sampling import SobolQMCNormalSampler
    from botorch.utils.multi_objective import infer_reference_point, is_non_dominated
    from gpytorch.mlls import SumMarginalLogLikelihood

    model = ModelListGP(*[model_of(train_y[..., i : i + 1]) for i in range(train_y.shape[-1])])
    fit_gpytorch_mll(SumMarginalLogLikelihood(model.likelihood, model))
    sampler = SobolQMCNormalSampler(sample_shape=torch.Size([128]))
    if train_y.shape[-1] == 1:
        return qLogNoisyExpectedImprovement(model, X_baseline=train_x, prune_baseline=True, sampler=sampler)
    return qLogNoisyExpectedHypervolumeImprovement(
        model=model,
        ref_point=infer_reference_point(train_y[is_non_dominated(train_y)]),
        X_baseline=train_x,
        prune_baseline=True,
        sampler=sampler,
    )


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


def turbo(dim: int, evaluate: Callable[[Any], tuple[Any, float]], seed: int, trials: int) -> int:
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

    left, begun = trials, 0
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
                x_next = generate_point(state, model, x_turbo, train_y, N_CANDIDATES)
            x, value = evaluate(x_next[0])
            state = update_state(state, value)
            x_turbo = torch.cat((x_turbo, x[None]), dim=0)
            y_turbo = torch.cat((y_turbo, torch.tensor([[value]], dtype=torch.double)), dim=0)
            left -= 1
    return begun


def turbo_floats(objective: Objective, seed: int, trials: int) -> int:
    def evaluate(x: Any) -> tuple[Any, float]:
        rate, shrink, momentum = x.tolist()
        rate = min(max(math.exp(math.log(0.01) + rate * (math.log(0.3) - math.log(0.01))), 0.01), 0.3)
        return x, -objective({"rate": rate, "shrink": 0.9 * shrink, "momentum": 3 * momentum - 1})[0]

    return turbo(3, evaluate, seed, trials)


def turbo_mixed(objective: Objective, seed: int, trials: int) -> int:
    """A rate, a whole number seen at the middles of eighths, and a choice as the greatest of three columns."""

    def evaluate(x: Any) -> tuple[Any, float]:
        rate, depth, *act = x.tolist()
        rate = min(max(math.exp(math.log(0.01) + rate * (math.log(0.3) - math.log(0.01))), 0.01), 0.3)
        eighth = min(int(8 * depth), 7)
        seen = x.clone()
        seen[1] = (2 * eighth + 1) / 16
        choice = [None, "relu", 7][act.index(max(act))]
        return seen, -objective({"rate": rate, "depth": 1 + eighth, "act": choice})[0]

    return turbo(5, evaluate, seed, trials)


def alone(loop: Callable[[Objective, int, int], Any]) -> Callable[[Objective, int, int], None]:
    """The loop in one thread and without its warnings, both global random states left as they were."""

    def own(objective: Objective, seed: int, trials: int) -> None:
        import torch

        threads, states = torch.get_num_threads(), (torch.get_rng_state(), random.getstate())
        torch.set_num_threads(1)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                loop(objective, seed, trials)
        finally:
            torch.set_num_threads(threads)
            torch.set_rng_state(states[0])
            random.setstate(states[1])

    return own


def calls(_: Any) -> list[tuple[Any, str]]:
    from bench.optimizers import botorch_gp

    names = ["SingleTaskGP", "MixedSingleTaskGP", "ExactMarginalLogLikelihood", "LogExpectedImprovement"]
    names += ["fit_gpytorch_mll", "optimize_acqf", "optimize_acqf_mixed_alternating"]
    return [(botorch_gp, name) for name in names]


def nehvi_calls(_: Any) -> list[tuple[Any, str]]:
    from bench.optimizers import botorch_gp, botorch_nehvi

    names = ["qLogNoisyExpectedImprovement", "qLogNoisyExpectedHypervolumeImprovement", "SobolQMCNormalSampler"]
    names += ["ModelListGP", "SumMarginalLogLikelihood", "fit_gpytorch_mll", "infer_reference_point"]
    names += ["is_non_dominated"]
    own = ["SingleTaskGP", "MixedSingleTaskGP", "optimize_acqf", "optimize_acqf_mixed_alternating"]
    return [*((botorch_nehvi, name) for name in names), *((botorch_gp, name) for name in own)]


def turbo_calls(_: Any) -> list[tuple[Any, str]]:
    from bench.optimizers import botorch_turbo

    names = ["SingleTaskGP", "ExactMarginalLogLikelihood", "ScaleKernel", "MaternKernel", "GaussianLikelihood"]
    names += ["Interval", "fit_gpytorch_mll", "sobol"]
    methods = [(botorch_turbo.MaxPosteriorSampling, "forward"), (botorch_turbo.sobol, "draw")]
    return [*((botorch_turbo, name) for name in names), *methods]


CASES = [
    Case("botorch_gp", "flat", FLOATS, alone(floats), calls, "botorch", CHEAP, few=12),
    Case("botorch_gp", "mixed", SOME, alone(mixed), calls, "botorch", CHEAP | {"initial": DESIGN}, few=DESIGN + 4),
    Case("botorch_turbo", "flat", FLOATS, alone(turbo_floats), turbo_calls, "botorch", TURBO, few=16),
    Case("botorch_turbo", "mixed", SOME, alone(turbo_mixed), turbo_calls, "botorch", TURBO, few=16),
]
CASES += [
    Case(
        "botorch_qnehvi",
        label,
        space,
        alone(partial(own, several=True)),
        nehvi_calls,
        "botorch",
        CHEAP | {"initial": design},
        few=design + 2,
        objectives=objectives,
    )
    for label, space, own, design, objectives in (
        ("flat", FLOATS, floats, LONGER, 2),
        ("flat-1", FLOATS, floats, LONGER, 1),
        ("mixed-2", SOME, mixed, DESIGN, 2),
    )
]
