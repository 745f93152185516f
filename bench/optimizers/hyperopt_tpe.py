"""Hyperopt's TPE: `hyperopt.fmin` with `tpe.suggest`."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from hyperopt import pyll, tpe
from hyperopt.base import Domain, miscs_to_idxs_vals

from bench.errors import UserError
from bench.optimizers.hyperopt_fmin import Fmin
from bench.optimizers.surrogates import Surrogate
from bench.space import Configuration, Space


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
        self._settings = {"n_startup_jobs": n_startup_jobs, "gamma": gamma, "prior_weight": prior_weight}

    def surrogate(self, points: Sequence[Configuration]) -> Surrogate | None:
        """Both densities, by the very graph that `tpe.suggest` builds and draws its candidates from.

        Hyperopt models each parameter apart and takes for each the candidate of the largest l/g: of a configuration,
        whose parameters are independent, the densities are the products, of whole numbers the probabilities.
        """
        docs = self.trials.trials[:-1]  # as `suggest` had them: those that are open too
        if self.domain is None or len(docs) < self._settings["n_startup_jobs"]:
            return None
        tids = [doc["tid"] for doc in docs]
        losses = [float("inf") if (loss := doc["result"].get("loss")) is None else float(loss) for doc in docs]
        good, rest = self._likelihoods(points, self.domain, docs, tids, losses)
        below, _ = tpe.ap_split_trials(tids, tids, tids, losses, self._settings["gamma"])
        return Surrogate(
            curves={"good": np.exp(good), "rest": np.exp(rest), "log l/g": good - rest},
            proposals={"log l/g": self.configuration(self.trials.trials[-1])},
            chosen="log l/g",
            good=[self.configuration(doc) for doc in docs if doc["tid"] in set(below)],
        )

    def _likelihoods(
        self,
        points: Sequence[Configuration],
        domain: Domain,
        docs: Sequence[Mapping[str, Any]],
        tids: list[int],
        losses: list[float],
    ) -> tuple[Any, Any]:
        """Log-likelihoods, log l and log g, of points of which all parameters are active: sums over the parameters."""
        observed, of_losses, (_, posterior) = tpe.build_posterior_wrapper(
            domain, self._settings["prior_weight"], self._settings["gamma"]
        )
        idxs, vals = miscs_to_idxs_vals([doc["misc"] for doc in docs], keys=list(posterior))
        memo = {of_losses["idxs"]: tids, of_losses["vals"]: losses, observed["idxs"]: idxs, observed["vals"]: vals}
        memo |= {domain.s_new_ids: [0], domain.s_rng: np.random.default_rng(0)}  # of which nothing is drawn
        wanted = []
        for label, best in posterior.items():
            candidates, below, above = best.pos_args  # of `broadcast_best`: the points in place of what it would draw
            memo[candidates] = np.array([self.shown(self.space[label], point)[0] for point in points])
            wanted += [below, above]
        values = pyll.rec_eval(wanted, memo=memo, print_node_on_error=False)
        return sum(values[::2]), sum(values[1::2])
