"""What Optuna's TPE and CMA-ES chose a proposal by, read from its samplers by their own methods.

No public name leads there: a test names what another version of Optuna has changed.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import optuna
from optuna._transform import _SearchSpaceTransform
from optuna.samplers import CmaEsSampler, TPESampler
from optuna.samplers._tpe.sampler import _split_trials
from optuna.trial import TrialState

from bench.optimizers.surrogates import Normal, Surrogate
from bench.space import Configuration


def densities(
    study: optuna.Study,
    params: Sequence[Mapping[str, Any]],
    configuration: Callable[[Mapping[str, Any]], Configuration],
) -> Surrogate | None:
    """Both densities of TPE over the parameters that it models together, at what is suggested for some points.

    None of several losses, with `group`, which models groups apart, and with `constant_liar` where others are open.
    """
    sampler, (*others, asked) = study.sampler, study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
    assert isinstance(sampler, TPESampler)
    trials = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE, TrialState.PRUNED))
    if len(study.directions) > 1 or sampler._group or (others and sampler._constant_liar):
        return None
    if len(trials) < sampler._n_startup_trials:
        return None
    together = sampler.infer_relative_search_space(study, asked)
    if not together or sampler._gamma is None:
        return None
    below, above = _split_trials(study, trials, sampler._gamma(len(trials)))
    good = sampler._build_parzen_estimator(study, together, below, handle_below=True)
    rest = sampler._build_parzen_estimator(study, together, above, handle_below=False)
    places = {n: np.array([d.to_internal_repr(each[n]) for each in params]) for n, d in together.items()}
    return Surrogate(
        curves={
            "good": np.exp(good.log_pdf(places)),
            "rest": np.exp(rest.log_pdf(places)),
            "log l/g": sampler._compute_acquisition_func(places, good, rest),
        },
        proposals={"log l/g": configuration(asked.params)},
        chosen="log l/g",
        good=[configuration(trial.params) for trial in below],
    )


def normal(study: optuna.Study, params: Sequence[Mapping[str, Any]]) -> Surrogate | None:
    """The distribution of CMA-ES, as the sampler restored or began it, at what is suggested for some points.

    None where the proposal was drawn without it.
    """
    sampler, asked = study.sampler, study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))[-1]
    assert isinstance(sampler, CmaEsSampler)
    if sampler._attr_key_generation not in asked.system_attrs:
        return None
    together = sampler.infer_relative_search_space(study, asked)
    transform = _SearchSpaceTransform(together, transform_step=not sampler._with_margin, transform_0_1=True)
    own: Any = sampler._restore_optimizer([*sampler._get_trials(study), asked])
    if own is None:  # of the first generation nothing is kept: it is begun again, which takes a random number
        state = sampler._cma_rng.rng.get_state()
        own = sampler._init_optimizer(transform, study.direction)
        sampler._cma_rng.rng.set_state(state)
    mean, covariance = moments(own)
    shown = np.array([transform.transform(dict(each)) for each in params])
    return Surrogate(normal=Normal(tuple(together), mean, covariance, shown, own.generation))


def moments(own: Any) -> tuple[Any, Any]:
    """Mean and covariance of what an optimiser of the package cmaes draws from; with margin, before it rounds."""
    scales = np.ones(own.dim)
    mean = own.mean
    if hasattr(own, "_cma"):  # CMAwM
        scales, own = getattr(own, "_A", scales), own._cma  # none where no parameter is discrete
    matrix = np.diag(own._C) if own._C.ndim == 1 else own._C  # SepCMA has the diagonal alone
    return np.array(mean), own._sigma**2 * matrix * np.outer(scales, scales)
