"""Hyperopt's TPE: `hyperopt.fmin` with `tpe.suggest`."""

import math
from collections.abc import Collection
from functools import partial
from typing import Any

import numpy as np
from hyperopt import JOB_STATE_DONE, STATUS_FAIL, STATUS_OK, Trials, hp, tpe
from hyperopt.base import Domain
from hyperopt.pyll import scope

from bench.errors import UserError
from bench.optimizers import Declaration, Law
from bench.space import Categorical, Configuration, Float, Int, Parameter, Space, Value, steps, to_json


class TPE:
    """Asks for what `hyperopt.fmin(fn, space, tpe.suggest, max_evals=N, rstate=np.random.default_rng(seed))` does.

    Settings are the arguments of `tpe.suggest`: n_startup_jobs, gamma, n_EI_candidates, prior_weight.

    Integers are `quniform` and `qloguniform` between low - 1/2 and high + 1/2, which gives the reference law (between
    low and high the ends would have half of it) and keeps their order. A parameter on which conditions rest is an
    `hp.choice` of its values, which loses the order: declared. A conditional parameter stands in switches over those
    it rests on; `tpe.suggest` then draws as it does for the nested choices of Hyperopt's documentation.

    J. Bergstra et al., Algorithms for Hyper-Parameter Optimization, NeurIPS 2011.
    """

    revision = 1
    independent = False

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
        self._space = space
        self._chosen = {name for p in space.parameters for name in p.when}
        expression = _translate(space, self._chosen)
        self._domain = Domain(None, expression) if expression else None  # a space of constants leaves nothing to show
        self._trials = Trials()
        self._rstate = np.random.default_rng(seed)
        self._suggest = partial(
            tpe.suggest,
            n_startup_jobs=n_startup_jobs,
            gamma=gamma,
            n_EI_candidates=n_EI_candidates,
            prior_weight=prior_weight,
            verbose=False,
        )
        self._asked: dict[str, list[dict[str, Any]]] = {}
        self.declared = Declaration(
            laws={
                p.name: Law(f"hp.{'pchoice' if p.log else 'choice'} of its values, without their order", 0.0)
                for p in space.searched
                if p.name in self._chosen and not isinstance(p, Categorical)
            },
            fallback=f"random for the first {n_startup_jobs} trials, failed ones included",
        )

    def ask(self) -> Configuration:
        if self._domain is None:
            return self._space.canonical({})
        ids = self._trials.new_trial_ids(1)
        self._trials.refresh()
        doc = self._insert(self._suggest(ids, self._domain, self._trials, self._rstate.integers(2**31 - 1)))
        vals = doc["misc"]["vals"]
        configuration = self._space.assemble(lambda parameter: self._decode(parameter, vals[parameter.name][0]))
        self._asked.setdefault(to_json(configuration), []).append(doc)
        return configuration

    def tell(self, configuration: Configuration, loss: float, failed: bool = False) -> None:
        if self._domain is None:
            return
        configuration = self._space.canonical(configuration)
        docs = self._asked.get(to_json(configuration))
        doc = docs.pop(0) if docs else self._unasked(configuration, self._domain)
        doc["result"] = {"status": STATUS_FAIL} if failed else {"loss": float(loss), "status": STATUS_OK}
        doc["state"] = JOB_STATE_DONE
        self._trials.refresh()

    def _insert(self, docs: list[dict[str, Any]]) -> dict[str, Any]:
        """The trial document as the trials keep it: a copy."""
        self._trials.insert_trial_docs(docs)
        self._trials.refresh()
        stored: dict[str, Any] = self._trials.trials[-1]
        return stored

    def _unasked(self, configuration: Configuration, domain: Domain) -> dict[str, Any]:
        (tid,) = self._trials.new_trial_ids(1)
        vals = {
            label: [self._encode(self._space[label], configuration[label])] if label in configuration else []
            for label in domain.params
        }
        idxs = {label: [tid] * len(values) for label, values in vals.items()}
        misc = {"tid": tid, "cmd": domain.cmd, "workdir": domain.workdir, "idxs": idxs, "vals": vals}
        return self._insert(self._trials.new_trial_docs([tid], [None], [domain.new_result()], [misc]))

    def _decode(self, parameter: Parameter, value: Any) -> Any:
        if isinstance(parameter, Categorical) or parameter.name in self._chosen:
            return _values(parameter)[int(value)]
        if parameter.stepped:
            return parameter.at(min(max(round(value), 0), steps(parameter)))
        if isinstance(parameter, Int):
            return min(max(round(value), parameter.low), parameter.high)
        return value

    def _encode(self, parameter: Parameter, value: Any) -> Any:
        if isinstance(parameter, Categorical) or parameter.name in self._chosen:
            return _values(parameter).index(value)
        return parameter.place(value) if parameter.stepped else value


def _translate(space: Space, chosen: Collection[str]) -> dict[str, Any]:
    """The space as Hyperopt's expression: a dictionary of nodes, of None where a parameter is inactive."""
    nodes = {p.name: _node(p, p.name in chosen) for p in space.searched}
    expression = {}
    for parameter in space.searched:
        node = nodes[parameter.name]
        conditions = _conditions(space, parameter)
        for name, values in conditions.items():  # the first in space order becomes the outermost switch
            if not space[name].constant:
                # The first input of a choice is the node that is drawn; one node a parameter, in however many switches.
                selector = nodes[name].pos_args[0]
                node = scope.switch(selector, *[node if v in values else None for v in _values(space[name])])
        if all(conditions.values()):
            expression[parameter.name] = node
    return expression


def _conditions(space: Space, parameter: Parameter) -> dict[str, list[Value]]:
    """The values that each ancestor of `parameter` must have, last in space order first."""
    required: dict[str, list[Value]] = {}
    descendants = [parameter]
    for ancestor in reversed(space.parameters):
        rests = [p.when[ancestor.name] for p in descendants if ancestor.name in p.when]
        if rests:
            required[ancestor.name] = [v for v in _values(ancestor) if all(v in values for values in rests)]
            descendants.append(ancestor)
    return required


def _node(parameter: Parameter, chosen: bool) -> Any:
    name = parameter.name
    if isinstance(parameter, Categorical) or (chosen and not parameter.log):
        return hp.choice(name, _values(parameter))
    if chosen and isinstance(parameter, Int):
        return hp.pchoice(name, list(zip(parameter.probabilities(), _values(parameter), strict=True)))
    if parameter.stepped:
        return hp.quniform(name, -0.5, steps(parameter) + 0.5, 1)
    if isinstance(parameter, Float):
        low, high = parameter.low, parameter.high
        return hp.loguniform(name, math.log(low), math.log(high)) if parameter.log else hp.uniform(name, low, high)
    low, high = parameter.low - 0.5, parameter.high + 0.5
    return hp.qloguniform(name, math.log(low), math.log(high), 1) if parameter.log else hp.quniform(name, low, high, 1)


def _values(parameter: Parameter) -> list[Value]:
    values = parameter.values()
    assert values is not None, f"{parameter.name}: a continuous parameter has no list of values"
    return values
