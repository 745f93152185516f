"""XGBoost's parameters: which names and values it reads in this suite, and which have an effect beside others.

What it reads is what it saves of its own configuration (`Booster.save_config`), which is also what it validates names
by when it trains (https://xgboost.readthedocs.io/en/stable/parameter.html, `validate_parameters`).
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any

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
from bench.models.inactive import CATEGORIES, Rule, above, below, one_of, true, warnings
from bench.space import Space

_ALIASES = {
    "learning_rate": "eta",
    "reg_lambda": "lambda",
    "reg_alpha": "alpha",
    "min_split_loss": "gamma",
    "random_state": "seed",
    "n_jobs": "nthread",
}
"""Names that XGBoost takes for its own."""
_OBJECTIVES = (
    "reg:squarederror", "reg:tweedie", "reg:pseudohubererror", "reg:quantileerror", "survival:aft", "rank:ndcg",
)  # fmt: skip
"""Those with parameters of their own."""
_STATE = (
    "boost_from_average", "name", "num_feature", "num_target", "num_trees", "sparse_threshold", "specified_updater",
    "updater_seq",
)  # fmt: skip
"""What is saved, too, but is no parameter of a training on binned data."""
_REFUSED = {
    **dict.fromkeys(("seed", "nthread", "verbosity"), SET_HERE),
    **dict.fromkeys(("num_boost_round", "num_round", "num_rounds", "n_estimators"), ROUNDS),
    **dict.fromkeys(("early_stopping_round", "early_stopping_rounds"), STOPPING),
    **dict.fromkeys(_STATE, UNUSED),
}
_NOT_SEARCHED = {
    **_REFUSED,
    **dict.fromkeys(("objective", "eval_metric"), ONE_FOR_ALL),
    "num_class": SET_HERE,
    **dict.fromkeys(
        (
            "debug_synchronize", "device", "disable_default_eval_metric", "fail_on_invalid_gpu_id",
            "max_cached_hist_node", "process_type", "refresh_leaf", "updater", "validate_parameters",
        ),
        UNUSED,
    ),
}  # fmt: skip
"""What results must not depend on, configuration by configuration, beside what cannot be given at all."""
_ON_BINS = {"tree_method": ("hist", "auto"), "booster": ("gbtree", "dart")}
"""The values that work on binned data (`QuantileDMatrix`)."""
_RULES = (
    Rule(
        ("skip_drop", "normalize_type", "sample_type"),
        {"rate_drop": above(0), "one_drop": true},
        "rate_drop above 0",
    ),
    Rule(("sampling_method",), {"subsample": below(1)}, "subsample below 1"),
    Rule(
        ("grow_policy",),
        {"max_leaves": above(0), "colsample_bynode": below(1)},
        "max_leaves above 0: else both policies grow the same trees",
    ),
    Rule(
        ("max_cat_to_onehot", "max_cat_threshold"), {CATEGORIES: bool}, "category columns, of which the data has none"
    ),
    Rule(("multi_strategy",), {"objective": lambda value: str(value).startswith("multi:")}, "an objective for classes"),
)


class Parameters:
    """The parameters of one version of XGBoost, `xgboost` being its module."""

    def __init__(self, xgboost: Any) -> None:
        self._xgboost = xgboost
        self._table = xgboost.DMatrix(np.zeros((2, 1)), np.zeros(2), nthread=1)
        self.of_trees = self._read({})
        self.of_dart = self._read({"booster": "dart"})
        every = {*self.of_dart, "eval_metric", *_ALIASES, *_NOT_SEARCHED}
        for objective in _OBJECTIVES:
            every |= {*self._read({"objective": objective, "quantile_alpha": 0.5})}
        self.own_names = {name: _ALIASES.get(name, name) for name in sorted(every)}

    def check_fixed(self, parameters: Mapping[str, Any], usual: Mapping[str, Any]) -> None:
        """Raise a `UserError` for a fixed parameter that XGBoost does not read here, or not as it stands.

        `usual` are the parameters that these go over.
        """
        check_names("XGBoost", FIXED, parameters, self.own_names, _REFUSED)
        check_fixed_values("XGBoost", parameters, usual, self.own_names, self._refusal)

    def check_space(
        self, space: Space, fixed: Mapping[str, Any], given: Iterable[str], categories: bool | None
    ) -> list[str]:
        """The warnings; raises a `UserError` for a name or a value that XGBoost does not read as it stands.

        `fixed` has own names, of which `given` are a user's; `categories` is whether the features have category
        columns, None where nobody knows.
        """
        names = self.own_names
        check_names("XGBoost", SEARCHED, [parameter.name for parameter in space.parameters], names, _NOT_SEARCHED)
        for name, value in ends(space):
            reason = self._refusal({**fixed, names[name]: value})
            if reason:
                raise refused_value("XGBoost", SEARCHED, name, value, reason)
        read = {**self._read({**fixed, "booster": "dart"}), "eval_metric": None}
        elsewhere = tuple(name for name in set(names.values()) - {names.get(name, name) for name in read})
        of_dart = tuple(set(self.of_dart) - set(self.of_trees))
        rules = (
            Rule(elsewhere, {"objective": lambda _: False}, "another objective"),
            Rule(of_dart, {"booster": one_of("dart")}, "booster=dart"),
            *_RULES,
        )
        values = {names.get(name, name): value for name, value in read.items()} | {"booster": "gbtree"} | dict(fixed)
        return warnings(space, rules, names, values | {CATEGORIES: categories}, given)

    def _refusal(self, parameters: Mapping[str, Any]) -> str | None:
        """What XGBoost has against parameters; those of DART are looked at whatever the booster is."""
        for name, values in _ON_BINS.items():
            if parameters.get(name) not in (None, *values):
                return f"on binned data, expected {' or '.join(values)}"
        try:
            self._read({**parameters, "booster": "dart"})
        except self._xgboost.core.XGBoostError as error:
            return re.sub(r"^\[[\d:]+\] \S+: ", "", next(iter(str(error).splitlines()), "")).strip()
        return None

    def _read(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """What XGBoost makes of parameters, as it saves them; nothing is trained."""
        quiet = {"tree_method": "hist", "nthread": 1, **parameters, "verbosity": 0}
        return dict(_leaves(json.loads(self._xgboost.Booster(quiet, [self._table]).save_config())))


def _leaves(saved: Any) -> Iterator[tuple[str, Any]]:
    for name, value in saved.items() if isinstance(saved, dict) else ():
        if isinstance(value, str | bool | int | float):
            yield name, value
    for value in saved.values() if isinstance(saved, dict) else saved if isinstance(saved, list) else ():
        yield from _leaves(value)


parameters_of = cache(Parameters)
"""Made once for a module."""
