"""Hyperopt's TPE: `hyperopt.fmin` with `tpe.suggest`."""

from functools import partial

from hyperopt import tpe

from bench.errors import UserError
from bench.optimizers.hyperopt_fmin import Fmin
from bench.space import Space


class TPE(Fmin):
    """Asks for what `hyperopt.fmin(fn, space, tpe.suggest, max_evals=N, rstate=np.random.default_rng(seed))` does.

    Settings are the arguments of `tpe.suggest`: n_startup_jobs, gamma, n_EI_candidates, prior_weight.

    J. Bergstra et al., Algorithms for Hyper-Parameter Optimization, NeurIPS 2011.
    """

    def __init__(
        self,
        space: Space,
        seed: int,
        budget: int | None,
        n_startup_jobs: int = 20,
        gamma: float = 0.25,
        n_EI_candidates: int = 24,  # noqa: N803
        prior_weight: float = 1.0,
    ) -> None:
        for name, value, allowed in (
            ("n_startup_jobs", n_startup_jobs, n_startup_jobs >= 0),
            ("gamma", gamma, 0 < gamma <= 1),
            ("n_EI_candidates", n_EI_candidates, n_EI_candidates >= 1),
            ("prior_weight", prior_weight, prior_weight > 0),
        ):
            if not allowed:
                raise UserError(f"optimizer.settings.{name}={value}: out of its range")
        suggest = partial(
            tpe.suggest,
            n_startup_jobs=n_startup_jobs,
            gamma=gamma,
            n_EI_candidates=n_EI_candidates,
            prior_weight=prior_weight,
            verbose=False,
        )
        fallback = f"random for the first {n_startup_jobs} trials, failed ones included"
        super().__init__(space, seed, suggest, fallback)
