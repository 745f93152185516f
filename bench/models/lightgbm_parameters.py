"""LightGBM's parameters: which names and values it reads in this suite, and which have an effect beside others."""

import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
from typing import Any

import lightgbm as lgb
import numpy as np

from bench.models.boosting import (
    FIXED,
    ONE_FOR_ALL,
    ROUNDS,
    SEARCHED,
    SET_HERE,
    STOPPING,
    UNUSED,
    check_fixed_values,
    check_names,
    ends,
    refused_value,
)
from bench.models.inactive import CATEGORIES, NO_CATEGORIES, Rule, above, below, given, none_of, one_of, true, warnings
from bench.space import Space

BINNING = (
    "max_bin", "min_data_in_bin", "bin_construct_sample_cnt", "enable_bundle", "linear_tree", "use_missing",
    "zero_as_missing",
)  # fmt: skip
"""What LightGBM reads while it bins a table: each value of these has binned data of its own."""
_OF_FILES = (
    "categorical_feature", "data", "forcedbins_filename", "group_column", "header", "ignore_column",
    "is_enable_sparse", "label_column", "max_bin_by_feature", "parser_config_file", "pre_partition",
    "precise_float_parser", "two_round", "valid", "weight_column",
)  # fmt: skip
"""What it reads while it reads a table from a file, or needs to know the columns for."""
_OF_CLUSTERS = ("local_listen_port", "machine_list_filename", "machines", "num_machines", "time_out")
_OF_OTHER_TASKS = ("refit_decay_rate", "saved_feature_importance_type")
_OF_RANKING = (
    "bagging_by_query", "eval_at", "label_gain", "lambdarank_norm", "lambdarank_position_bias_regularization",
    "lambdarank_truncation_level", "objective_seed",
)  # fmt: skip
_OF_HARDWARE = (
    "device_type", "gpu_device_id", "gpu_device_id_list", "gpu_platform_id", "gpu_use_dp", "histogram_pool_size",
    "num_gpu", "top_k", "tree_learner",
)  # fmt: skip
"""Where the same trees are grown, or how they are shared among machines."""
_REFUSED = {
    **dict.fromkeys((*_OF_FILES, *_OF_CLUSTERS, *_OF_OTHER_TASKS), UNUSED),
    **dict.fromkeys(("seed", "data_random_seed", "num_threads"), SET_HERE),
    "num_iterations": ROUNDS,
    "early_stopping_round": STOPPING,
}
_NOT_SEARCHED = {
    **_REFUSED,
    **dict.fromkeys((*_OF_RANKING, *_OF_HARDWARE, "early_stopping_min_delta", "first_metric_only"), UNUSED),
    **dict.fromkeys(("deterministic", "feature_pre_filter", "force_col_wise", "force_row_wise"), SET_HERE),
    **dict.fromkeys(("num_class", "verbosity"), SET_HERE),
    **dict.fromkeys(("objective", "metric"), ONE_FOR_ALL),
}
"""What results must not depend on, configuration by configuration, beside what cannot be given at all."""

_GOSS = none_of("goss")
_WITH_ALPHA = one_of("huber", "quantile")


def _is_rf(value: Any) -> bool:
    """Whether boosting means random forests, by either of its two names."""
    return str(value).lower()[:2] in ("rf", "ra")


_DRAWS_ROWS = "bagging_freq above 0 and bagging_fraction below 1, or feature_fraction below 1"
_RULES = (
    *(
        Rule(
            ("boosting",),
            {name: test, "feature_fraction": below(1)},
            _DRAWS_ROWS,
            otherwise="fails where it is rf",
            at=_is_rf,
        )
        for name, test in (("bagging_freq", above(0)), ("bagging_fraction", below(1)))
    ),
    Rule(("bagging_fraction", "bagging_seed"), {"bagging_freq": above(0)}, "bagging_freq above 0"),
    Rule(("pos_bagging_fraction", "neg_bagging_fraction"), {"bagging_freq": above(0)}, "bagging_freq above 0"),
    Rule(("pos_bagging_fraction", "neg_bagging_fraction"), {"objective": one_of("binary")}, "objective=binary"),
    Rule(
        ("bagging_freq", "bagging_seed"),
        {"bagging_fraction": below(1), "pos_bagging_fraction": below(1), "neg_bagging_fraction": below(1)},
        "bagging_fraction below 1",
    ),
    *(
        Rule(
            ("bagging_fraction", "bagging_freq", "pos_bagging_fraction", "neg_bagging_fraction"),
            {name: _GOSS},
            f"{name} other than goss",
            otherwise="fails beside LightGBM's GOSS",
        )
        for name in ("data_sample_strategy", "boosting")
    ),
    Rule(
        ("top_rate", "other_rate"),
        {"data_sample_strategy": one_of("goss"), "boosting": one_of("goss")},
        "data_sample_strategy=goss",
    ),
    Rule(
        ("drop_rate", "max_drop", "skip_drop", "xgboost_dart_mode", "uniform_drop", "drop_seed"),
        {"boosting": one_of("dart")},
        "boosting=dart",
    ),
    Rule(
        ("learning_rate",),
        {"boosting": lambda value: not str(value).lower().startswith(("rf", "random"))},
        "boosting other than rf",
    ),
    Rule(("extra_seed",), {"extra_trees": true}, "extra_trees=true"),
    Rule(
        ("feature_fraction_seed",),
        {"feature_fraction": below(1), "feature_fraction_bynode": below(1)},
        "feature_fraction below 1",
    ),
    Rule(
        ("cat_l2", "cat_smooth", "max_cat_threshold", "max_cat_to_onehot", "min_data_per_group"),
        {CATEGORIES: bool},
        NO_CATEGORIES,
    ),
    Rule(("linear_lambda",), {"linear_tree": true}, "linear_tree=true"),
    Rule(("monotone_constraints_method", "monotone_penalty"), {"monotone_constraints": given}, "monotone_constraints"),
    Rule(
        ("num_grad_quant_bins", "quant_train_renew_leaf", "stochastic_rounding"),
        {"use_quantized_grad": true},
        "use_quantized_grad=true",
    ),
    Rule(
        ("cegb_tradeoff",),
        {
            "cegb_penalty_split": above(0),
            "cegb_penalty_feature_lazy": given,
            "cegb_penalty_feature_coupled": given,
        },
        "cegb_penalty_split above 0",
    ),
    Rule(("alpha",), {"objective": _WITH_ALPHA, "metric": _WITH_ALPHA}, "objective=huber or quantile"),
    Rule(("fair_c",), {"objective": one_of("fair"), "metric": one_of("fair")}, "objective=fair"),
    Rule(("poisson_max_delta_step",), {"objective": one_of("poisson")}, "objective=poisson"),
    Rule(
        ("tweedie_variance_power",),
        {"objective": one_of("tweedie"), "metric": one_of("tweedie")},
        "objective=tweedie",
    ),
    Rule(
        ("is_unbalance", "scale_pos_weight", "sigmoid"),
        {"objective": one_of("binary", "multiclassova", "multiclass_ova", "ova", "ovr")},
        "objective=binary or multiclassova",
    ),
    Rule(
        ("reg_sqrt",),
        {"objective": one_of("regression", "regression_l2", "l2", "mean_squared_error", "mse", "rmse", "l2_root")},
        "objective=regression",
    ),
    Rule(("multi_error_top_k",), {"metric": lambda metric: "multi_error" in str(metric)}, "metric=multi_error"),
    Rule(("auc_mu_weights",), {"metric": lambda metric: "auc_mu" in str(metric)}, "metric=auc_mu"),
)
_METHODS = ("basic", "intermediate", "advanced")
"""Of `monotone_constraints_method`: another word is read as the first."""
_QUIET = {"verbosity": -1, "num_threads": 1}
_WIDEST = 2**31 - 1
"""LightGBM reads a larger integer as what remains of its last 32 bits."""


@cache
def own_names() -> dict[str, str]:
    """LightGBM's own name of each name that it knows, in its command line or elsewhere."""
    every: dict[str, list[str]] = lgb.basic._ConfigAliases._get_all_param_aliases()  # noqa: SLF001 - no other door
    return {alias: name for name, aliases in every.items() for alias in (name, *aliases)}


@cache
def _defaults() -> dict[str, str]:
    """What a training reads, each with its default, as the text that LightGBM saves with every model."""
    table = lgb.Dataset(np.zeros((2, 1)), np.zeros(2), params=_QUIET)
    text = lgb.Booster(_QUIET, table).model_to_string()
    block = text.partition("\nparameters:")[2].partition("end of parameters")[0]
    return dict(re.findall(r"^\[([^:\]]+): (.*)\]$", block, re.MULTILINE))


def check_fixed(parameters: Mapping[str, Any], usual: Mapping[str, Any]) -> None:
    """Raise a `UserError` for a fixed parameter that LightGBM does not read here, or not as it stands.

    `usual` are the parameters that these go over.
    """
    if not parameters:
        return
    _check_names(FIXED, parameters, _REFUSED)
    check_fixed_values("LightGBM", parameters, usual, own_names(), _refusal)


def check_space(space: Space, fixed: Mapping[str, Any], given: Iterable[str], categories: bool | None) -> list[str]:
    """The warnings; raises a `UserError` for a name or a value that LightGBM does not read as it stands.

    `fixed` has own names, of which `given` are a user's; `categories` is whether the features have category columns,
    None where nobody knows.
    """
    _check_names(SEARCHED, [parameter.name for parameter in space.parameters], _NOT_SEARCHED)
    names = own_names()
    for name, value in ends(space):
        reason = _refusal({**fixed, names[name]: value})
        if reason:
            raise refused_value("LightGBM", SEARCHED, name, value, reason)
    seeds = [parameter.name for parameter in space.parameters if names[parameter.name].endswith("_seed")]
    lines = [f"space.{name}: is a seed; the lowest loss among seeds is luck, and does not last" for name in seeds]
    values = _defaults() | dict(fixed) | {CATEGORIES: categories}
    fixed_names = [name for name in given if names[name] != "bagging_freq"]  # a switch alone does no harm
    return [*warnings(space, _RULES, names, values, fixed_names), *lines]


def _check_names(where: str, names: Iterable[str], refused: Mapping[str, str]) -> None:
    unread = dict.fromkeys(set(own_names().values()) - set(_defaults()), UNUSED)
    check_names("LightGBM", where, names, own_names(), {**unread, **refused})


def _misread(own: str, value: object) -> str | None:
    """Why LightGBM would take a value for another one, in silence."""
    if isinstance(value, str) and (not value or value.split() != [value]):
        return "it reads no further than a blank"
    if own == "monotone_constraints_method" and value not in _METHODS:
        return f"expected {', '.join(_METHODS)}"
    if isinstance(value, int) and abs(value) > _WIDEST:
        return f"at most {_WIDEST:,}"
    return None


def _refusal(parameters: Mapping[str, Any]) -> str | None:
    """What LightGBM has against parameters, which it checks when it bins a table, or would misread."""
    for own, value in parameters.items():
        reason = _misread(own, value)
        if reason is not None:
            return reason
    try:
        with _silence():
            lgb.Dataset(np.zeros((2, 1)), np.zeros(2), params={**parameters, **_QUIET}).construct()
    except lgb.basic.LightGBMError as error:
        return re.sub(r" at \S+, line \d+ ?\.?", "", next(iter(str(error).splitlines()), "")).strip()
    return None


@contextmanager
def _silence() -> Iterator[None]:
    """Keep what LightGBM writes of a fatal error, which is raised as well, from the standard error of the process."""
    with suppress(OSError, ValueError):
        sys.stderr.flush()
    try:
        kept = os.dup(2)
    except OSError:  # it is closed
        yield
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
