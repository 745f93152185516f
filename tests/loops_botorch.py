"""BoTorch's own loop, as its "Getting started" has it: a model, its fit, an acquisition function and its maximum.

With fewer restarts and samples than the config has, and a longer design where there are choices: a fit of
`MixedSingleTaskGP` takes most of a second.
"""

import math
import random
import warnings
from collections.abc import Callable
from typing import Any

from loops import MIXED, Case, Objective, only

from bench.space import Configuration
from bench.space_yaml import parse

CHEAP = {"num_restarts": 2, "raw_samples": 32}
DESIGN = 30
FLOATS = parse(
    {
        "rate": {"type": "float", "low": 0.01, "high": 0.3, "log": True},
        "shrink": {"type": "float", "low": 0.0, "high": 0.9},
        "momentum": {"type": "float", "low": -1.0, "high": 2.0},
    }
)
SOME = only(MIXED, "rate", "depth", "act")


def floats(objective: Objective, seed: int, trials: int) -> None:
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

    def evaluate(x: Any) -> float:
        rate, shrink, momentum = unnormalize(x, bounds).tolist()
        rate = min(max(math.exp(rate), 0.01), 0.3)
        return -objective({"rate": rate, "shrink": shrink, "momentum": momentum})[0]

    torch.manual_seed(seed)
    train_x = draw_sobol_samples(cube, n=6, q=1, seed=seed).squeeze(1)
    train_y = torch.tensor([[evaluate(x)] for x in train_x], dtype=torch.double)
    while len(train_x) < trials:
        model = SingleTaskGP(train_x, train_y)
        fit_gpytorch_mll(ExactMarginalLogLikelihood(model.likelihood, model))
        acquisition = LogExpectedImprovement(model, best_f=train_y.max())
        candidate, _ = optimize_acqf(acquisition, bounds=cube, q=1, **CHEAP)
        train_x = torch.cat([train_x, candidate])
        train_y = torch.cat([train_y, torch.tensor([[evaluate(candidate[0])]], dtype=torch.double)])


def mixed(objective: Objective, seed: int, trials: int) -> None:
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

    def evaluate(x: Any) -> float:
        rate, depth, act = x.tolist()
        rate = min(max(math.exp(math.log(0.01) + rate * (math.log(0.3) - math.log(0.01))), 0.01), 0.3)
        configuration: Configuration = {"rate": rate, "depth": 1 + eighths.index(depth), "act": choices[int(act)]}
        return -objective(configuration)[0]

    torch.manual_seed(seed)
    random.seed(seed)
    train_x = draw_sobol_samples(cube, n=DESIGN, q=1, seed=seed).squeeze(1)
    train_x[:, 1] = ((train_x[:, 1] * 8).floor() * 2 + 1) / 16
    train_x[:, 2] = (train_x[:, 2] * 3).floor()
    train_y = torch.tensor([[evaluate(x)] for x in train_x], dtype=torch.double)
    while len(train_x) < trials:
        model = MixedSingleTaskGP(train_x, train_y, cat_dims=[2])
        fit_gpytorch_mll(ExactMarginalLogLikelihood(model.likelihood, model))
        acquisition = LogExpectedImprovement(model, best_f=train_y.max())
        candidate, _ = optimize_acqf_mixed_alternating(
            acquisition, bounds, discrete_dims={1: eighths}, cat_dims={2: [0.0, 1.0, 2.0]}, q=1, **CHEAP
        )
        train_x = torch.cat([train_x, candidate])
        train_y = torch.cat([train_y, torch.tensor([[evaluate(candidate[0])]], dtype=torch.double)])


def alone(loop: Callable[[Objective, int, int], None]) -> Callable[[Objective, int, int], None]:
    """The loop in one thread and without its warnings, both global random states left as they were."""

    def own(objective: Objective, seed: int, trials: int) -> None:
        import torch

        threads, found = torch.get_num_threads(), (torch.get_rng_state(), random.getstate())
        torch.set_num_threads(1)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                loop(objective, seed, trials)
        finally:
            torch.set_num_threads(threads)
            torch.set_rng_state(found[0])
            random.setstate(found[1])

    return own


def calls(_: Any) -> list[tuple[Any, str]]:
    from bench.optimizers import botorch_gp

    names = ["SingleTaskGP", "MixedSingleTaskGP", "ExactMarginalLogLikelihood", "LogExpectedImprovement"]
    names += ["fit_gpytorch_mll", "optimize_acqf", "optimize_acqf_mixed_alternating"]
    return [(botorch_gp, name) for name in names]


CASES = [
    Case("botorch_gp", "flat", FLOATS, alone(floats), calls, "botorch", CHEAP),
    Case("botorch_gp", "mixed", SOME, alone(mixed), calls, "botorch", CHEAP | {"initial": DESIGN}),
]
