"""Optuna's Gaussian process, which computes with PyTorch: the extra `torch`."""

from typing import Any

import torch
from optuna.samplers import GPSampler

from bench.optimizers import Declaration
from bench.optimizers.optuna_samplers import Study, laws
from bench.space import Configuration, Space


class GaussianProcess(Study):
    """`optuna.samplers.GPSampler(seed=seed)`; settings are its other arguments.

    A Gaussian process with a Matern kernel, and the logarithm of expected improvement maximised over numbers and
    choices in turn; of several losses a process for each, and the logarithm of expected hypervolume improvement. It is
    `study.optimize` with one thread of PyTorch, whose number of threads is left as it was found.

    S. Ament et al., Unexpected Improvements to Expected Improvement for Bayesian Optimization, NeurIPS 2023.
    """

    libraries = ("optuna", "torch", "greenlet", "numpy", "scipy")

    def __init__(self, space: Space, seed: int, budget: int | None, objectives: int = 1, **settings: Any) -> None:
        settings = {"seed": seed, "warn_independent_sampling": False} | settings
        super().__init__(space, GPSampler, settings, objectives=objectives)
        fallback = f"random until {settings.get('n_startup_trials', 10)} trials have succeeded"
        fallback += "; a failed configuration, of which its model is not told, it may propose again and again"
        if space.conditional:
            fallback += "; always random: parameters that some successful trial lacked"
        self.declared = Declaration(laws=laws(space), fallback=fallback)

    def ask(self) -> Configuration:
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            return super().ask()
        finally:
            torch.set_num_threads(threads)
