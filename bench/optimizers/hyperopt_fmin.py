"""Hyperopt's `fmin`, asked and told, with its random search and its annealing; TPE and ATPE have files of their own."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
from hyperopt import JOB_STATE_DONE, STATUS_FAIL, STATUS_OK, Trials, anneal, rand
from hyperopt.base import Domain
from hyperopt.utils import coarse_utcnow

from bench.errors import UserError
from bench.optimizers import Declaration
from bench.optimizers.hyperopt_space import decode, encode, expression, law
from bench.space import Configuration, Parameter, Space, to_json


class Fmin:
    """Asks for what `hyperopt.fmin(fn, space, suggest, max_evals=N, rstate=np.random.default_rng(seed))` does.

    `hyperopt_space` says how the space is expressed. A failed trial is told as `STATUS_FAIL`, without a loss.
    """

    revision = 1
    independent = False
    libraries: tuple[str, ...] = ("hyperopt", "numpy")

    def __init__(self, space: Space, seed: int, suggest: Callable[..., Any], fallback: str = "") -> None:
        self.space = space
        self.suggest = suggest
        self.trials = Trials()
        self._chosen = {name for p in space.parameters for name in p.when} if self.conditions else set()
        shown = expression(space, self._chosen)
        self.domain = Domain(None, shown) if shown else None  # a space of constants leaves nothing to show
        self._rstate = np.random.default_rng(seed)
        self._asked: dict[str, list[dict[str, Any]]] = {}
        self.declared = Declaration(
            laws={p.name: own for p in space.searched if (own := law(p, p.name in self._chosen)) is not None},
            fallback=fallback,
        )

    conditions = True
    """Whether the algorithm heeds the space's conditions; without, it is shown every parameter as active."""

    def ask(self) -> Configuration:
        if self.domain is None:
            return self.space.canonical({})
        ids = self.trials.new_trial_ids(1)
        self.trials.refresh()
        doc = self._insert(self.suggest(ids, self.domain, self.trials, self._rstate.integers(2**31 - 1)))
        doc["book_time"] = coarse_utcnow()
        configuration = self.configuration(doc)
        self._asked.setdefault(to_json(configuration), []).append(doc)
        return configuration

    def tell(self, configuration: Configuration, loss: float, failed: bool = False) -> None:
        if self.domain is None:
            return
        configuration = self.space.canonical(configuration)
        docs = self._asked.get(to_json(configuration))
        doc = docs.pop(0) if docs else self._unasked(configuration, self.domain)
        doc["result"] = self.result(loss, failed)
        doc["state"] = JOB_STATE_DONE
        doc["refresh_time"] = coarse_utcnow()
        self.trials.refresh()

    def configuration(self, doc: Mapping[str, Any]) -> Configuration:
        """That of a trial's document."""
        vals = doc["misc"]["vals"]
        return self.space.assemble(lambda p: decode(p, p.name in self._chosen, vals[p.name][0]))

    def result(self, loss: float, failed: bool) -> dict[str, Any]:
        """What an objective would have returned."""
        return {"status": STATUS_FAIL} if failed else {"loss": float(loss), "status": STATUS_OK}

    def shown(self, parameter: Parameter, configuration: Configuration) -> list[Any]:
        """The values of a parameter of a configuration that was not asked: none where it is inactive."""
        if parameter.name not in configuration:
            return []
        return [encode(parameter, parameter.name in self._chosen, configuration[parameter.name])]

    def _insert(self, docs: list[dict[str, Any]]) -> dict[str, Any]:
        """The trial document as the trials keep it: a copy."""
        self.trials.insert_trial_docs(docs)
        self.trials.refresh()
        stored: dict[str, Any] = self.trials.trials[-1]
        return stored

    def _unasked(self, configuration: Configuration, domain: Domain) -> dict[str, Any]:
        (tid,) = self.trials.new_trial_ids(1)
        vals = {label: self.shown(self.space[label], configuration) for label in domain.params}
        idxs = {label: [tid] * len(values) for label, values in vals.items()}
        misc = {"tid": tid, "cmd": domain.cmd, "workdir": domain.workdir, "idxs": idxs, "vals": vals}
        doc = self._insert(self.trials.new_trial_docs([tid], [None], [domain.new_result()], [misc]))
        doc["book_time"] = coarse_utcnow()
        return doc


class Random(Fmin):
    """`hyperopt.fmin` with `rand.suggest`: each trial a draw from the space, whatever the losses are.

    J. Bergstra and Y. Bengio, Random Search for Hyper-Parameter Optimization, JMLR 13, 2012.
    """

    independent = True

    def __init__(self, space: Space, seed: int, budget: int | None) -> None:
        super().__init__(space, seed, rand.suggest)


class Anneal(Fmin):
    """`hyperopt.fmin` with `anneal.suggest`: draws ever closer to one of the best trials, by its rank.

    Settings are the arguments of `anneal.suggest`: avg_best_idx, the mean rank (from 1) of that trial, and
    shrink_coef, by which the law narrows with each trial. The method has no paper; it is described in the docstring of
    `hyperopt.anneal.AnnealingAlgo`, of Hyperopt: J. Bergstra et al., Making a Science of Model Search, ICML 2013.
    """

    def __init__(
        self, space: Space, seed: int, budget: int | None, avg_best_idx: float = 2.0, shrink_coef: float = 0.1
    ) -> None:
        if not avg_best_idx >= 1:
            raise UserError(f"optimizer.settings.avg_best_idx={avg_best_idx}: expected a number from 1")
        if not shrink_coef >= 0:
            raise UserError(f"optimizer.settings.shrink_coef={shrink_coef}: expected a number from 0")
        suggest = partial(anneal.suggest, avg_best_idx=avg_best_idx, shrink_coef=shrink_coef)
        fallback = "random: the first trial, and a parameter's value where no trial had one before"
        super().__init__(space, seed, suggest, fallback)
