"""BoTorch's own loop of "Getting started": a model, its fit, an acquisition function, its maximum; and of two losses.

In the tests with fewer restarts and samples than the config has, and a longer design where there are choices: a fit of
`MixedSingleTaskGP` takes most of a second.
"""

import math
import random
import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

from loops import MIXED, Case, Objective, only

from bench.space import Configuration
from bench.space.parsing import parse

CHEAP = {"num_restarts": 2, "raw_samples": 32}
CLOSED_LOOP = {"num_restarts": 10, "raw_samples": 512}
"""Those of the closed-loop tutorial."""
DESIGN = 30
LONGER = 20
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


def floats(
    objective: Objective,
    seed: int,
    trials: int,
    design: int = 6,
    several: bool = False,
    search: dict[str, int] = CHEAP,
) -> None:
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
    train_x = draw_sobol_samples(cube, n=design, q=1, seed=seed).squeeze(1)
    train_y = torch.tensor([evaluate(x) for x in train_x], dtype=torch.double)
    while len(train_x) < trials:
        if several:
            acquisition = nehvi(train_x, train_y, partial(SingleTaskGP, train_x))
        else:
            model = SingleTaskGP(train_x, train_y)
            fit_gpytorch_mll(ExactMarginalLogLikelihood(model.likelihood, model))
            acquisition = LogExpectedImprovement(model, best_f=train_y.max())
        candidate, _ = optimize_acqf(acquisition, bounds=cube, q=1, **search)
        train_x = torch.cat([train_x, candidate])
        train_y = torch.cat([train_y, torch.tensor([evaluate(candidate[0])], dtype=torch.double)])


def mixed(
    objective: Objective,
    seed: int,
    trials: int,
    design: int = DESIGN,
    several: bool = False,
    search: dict[str, int] = CHEAP,
) -> None:
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
    train_x = draw_sobol_samples(cube, n=design, q=1, seed=seed).squeeze(1)
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
            acquisition, bounds, discrete_dims={1: eighths}, cat_dims={2: [0.0, 1.0, 2.0]}, q=1, **search
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


CASES = [
    Case("botorch_gp", "flat", FLOATS, alone(floats), calls, "botorch", CHEAP, few=12),
    Case("botorch_gp", "mixed", SOME, alone(mixed), calls, "botorch", CHEAP | {"initial": DESIGN}, few=DESIGN + 4),
]
CASES += [
    Case(
        "botorch_qnehvi",
        label,
        space,
        alone(partial(own, several=True, design=design)),
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

SEVERAL: dict[str, Any] = {"several": True, "design": 8, "search": CLOSED_LOOP}
SHIPPED = [
    Case(name, label, space, alone(own), called, "botorch", few=few, objectives=objectives)
    for name, label, space, own, called, few, objectives in (
        ("botorch_gp", "flat", FLOATS, partial(floats, search=CLOSED_LOOP), calls, 14, 1),
        ("botorch_gp", "mixed", SOME, partial(mixed, search=CLOSED_LOOP, design=6), calls, 12, 1),
        ("botorch_qnehvi", "flat-1", FLOATS, partial(floats, **SEVERAL), nehvi_calls, 12, 1),
        ("botorch_qnehvi", "flat-2", FLOATS, partial(floats, **SEVERAL), nehvi_calls, 12, 2),
        ("botorch_qnehvi", "mixed-2", SOME, partial(mixed, **SEVERAL), nehvi_calls, 12, 2),
    )
]
"""With the settings of the configs, which are the tutorials': 2 d points first, or 2 (d + 1)."""
