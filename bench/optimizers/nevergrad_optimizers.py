"""Nevergrad: any optimiser of its registry, such as its portfolio NGOpt, differential evolution and particle swarms."""

import difflib
import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from operator import itemgetter
from typing import Any

import nevergrad
import numpy as np
from nevergrad.common import errors
from nevergrad.optimization import differentialevolution, recaster
from numpy.random import mtrand

from bench.checks import whole
from bench.errors import UserError
from bench.optimizers import Declaration, Exhausted, Law, inactive
from bench.optimizers.expressions import of_logit
from bench.space import Categorical, Configuration, Float, Ordered, Parameter, Space, steps, to_json

_PLANNED = 10_000
"""The budget that Nevergrad is told where there is none."""

_FUNCTIONS = [name for name in dir(np.random.RandomState) if not name.startswith("_") and name in vars(np.random)]
"""NumPy's global random functions."""
_PLACES = tuple(
    (vars(module), names, itemgetter(*names))
    for module, names in ((np.random, _FUNCTIONS), (mtrand, [*_FUNCTIONS, "_rand"]))
)
"""The two modules where they are looked up, with the RandomState that they belong to, which libraries take directly."""

_METAMODEL_FAILS = nevergrad.__version__ == "1.0.12" and np.lib.NumpyVersion(np.__version__) >= "2.4.0"
"""It makes a float of an array of one value, which NumPy no longer does."""


class Nevergrad:
    """Asks for what `nevergrad.optimizers.registry[method](parametrization, budget, workers).minimize(f)` does.

    The parametrization is an `Instrumentation` of the parameters in space order, its `random_state` a RandomState of
    the seed. Some methods also draw from NumPy's global random state: here from one of their own, seeded alike, so that
    Nevergrad's loop is the same after `np.random.seed(seed)`. It knows no conditions: it is shown every parameter as
    active. It knows no failures: it is told the loss it is given.

    Whole numbers are cast from half a step beyond both ends, which gives the reference law. Methods written without ask
    and tell (among what NGOpt chooses for floats alone: Cobyla) run in a thread of Nevergrad's, which goes on after a
    tell: here it is waited for, so that what it draws and warns of stays here. They take one trial at a time.
    `workers` is Nevergrad's `num_workers`: populations are at least as large, and NGOpt chooses by it.

    Of several losses it is the same loop after `optimizer.num_objectives = objectives`: differential evolution compares
    a child with its parent loss by loss; the other methods are shown by how much a trial adds to the hypervolume, of
    which the worst of the first fifteen trials are the reference point; NGOpt chooses DE.

    Setting: `method`, a name in `nevergrad.optimizers.registry`.

    J. Rapin and O. Teytaud, Nevergrad: A gradient-free optimization platform, 2018. NGOpt: L. Meunier et al., Black-Box
    Optimization Revisited, IEEE Transactions on Evolutionary Computation 26, 2022. TwoPointsDE: R. Storn and K. Price,
    Differential Evolution, Journal of Global Optimization 11, 1997, with a two-point crossover. PSO: M.
    Zambrano-Bigiarini et al., Standard Particle Swarm Optimisation 2011 at CEC-2013, IEEE CEC 2013. CMA: N. Hansen, The
    CMA Evolution Strategy: A Tutorial, arXiv:1604.00772, 2016.
    """

    revision = 1
    independent = False
    libraries = ("nevergrad", "cma", "numpy", "scipy")

    def __init__(
        self,
        space: Space,
        seed: int,
        budget: int | None,
        method: str = "NGOpt",
        objectives: int = 1,
        workers: int = 1,
    ) -> None:
        registry = nevergrad.optimizers.registry
        if method not in registry:
            near = difflib.get_close_matches(method, list(registry), 5) or ["NGOpt", "TwoPointsDE", "PSO"]
            raise UserError(f"optimizer.settings.method={method!r}: unknown; nearest: {', '.join(near)}")
        self._space = space
        self._shown = space.searched
        self._objectives = whole("objectives", objectives, 1)
        self._workers = whole("workers", workers, 1)
        self._asked: dict[str, list[Any]] = {}
        self._optimizer: Any = None
        self._random = _own_functions(seed)
        self._threads: list[Any] = []
        takes_unasked = True
        if self._shown:  # a space of constants leaves nothing to show
            self._optimizer = self._make(method, seed, budget)
            takes_unasked = self._try_unasked(method, seed, budget)
        self._takes_unasked = takes_unasked
        with self._own_random_state():  # a portfolio makes what it chooses when it is first looked at
            chosen = getattr(self._optimizer, "optim", self._optimizer)
        self._one_by_one = bool(getattr(chosen, "no_parallelization", False))
        self._name = str(getattr(chosen, "name", method))
        planned = f"a budget of {_PLANNED}, none being given" if budget is None else f"a budget of {budget}"
        planned += f" and {workers} workers" if workers > 1 else ""
        chose = "" if self._name == method else f", and chose {self._name}"
        if _METAMODEL_FAILS:
            chose += (
                "; a method that models the losses (a metamodel, as NGOpt may choose for floats) fails with NumPy 2.4"
            )
        self.declared = Declaration(
            laws={p.name: law for p in self._shown if (law := _law(p)) is not None},
            inactive=inactive.SHOWN if space.conditional else "absent",
            fallback=f"{method} is told {planned}{chose}; it starts as that does, from the middle of the space or "
            "at random; random where a method run in a thread has converged"
            + ("; losses above 5e20 are told as 5e20" if objectives == 1 else ""),
            takes_unasked=takes_unasked,
            extendable=False,
            deterministic=self._name == "Cobyla",
        )

    def ask(self) -> Configuration:
        if self._optimizer is None:
            return self._space.canonical({})
        if self._one_by_one and any(map(_waits, self._threads)):
            raise RuntimeError(
                f"Nevergrad's {self._name} takes one trial at a time: it waits for the result of the last"
            )
        try:
            with self._own_random_state():
                candidate = self._optimizer.ask()
        except errors.NevergradEarlyStopping as stop:
            raise Exhausted(f"Nevergrad stopped early: {stop}") from None
        proposed = {p.name: value for p, value in zip(self._shown, candidate.args, strict=True)}
        configuration = self._space.assemble(lambda parameter: _decode(parameter, proposed[parameter.name]))
        self._asked.setdefault(to_json(configuration), []).append(candidate)
        return configuration

    def tell(self, configuration: Configuration, loss: float | Sequence[float], failed: bool = False) -> None:
        if self._optimizer is None:
            return
        candidates = self._asked.get(to_json(configuration))
        if not candidates:
            configuration = self._space.canonical(configuration)
            candidates = self._asked.get(to_json(configuration))
        if candidates:
            with self._own_random_state():
                self._optimizer.tell(candidates.pop(0), loss)
        elif self._takes_unasked:
            with self._own_random_state():
                self._optimizer.tell(self._unasked(self._optimizer, configuration), loss)

    def _make(self, method: str, seed: int, budget: int | None) -> Any:
        with self._own_random_state():
            parametrization = nevergrad.p.Instrumentation(*(_translate(parameter) for parameter in self._shown))
            parametrization.random_state = np.random.RandomState(seed)
            planned = _PLANNED if budget is None else budget
            made = nevergrad.optimizers.registry[method]
            optimizer = made(parametrization, budget=planned, num_workers=self._workers)
            if self._objectives > 1:
                optimizer.num_objectives = self._objectives
            return optimizer

    def _unasked(self, optimizer: Any, configuration: Configuration) -> Any:
        shown = inactive.complete(self._space, configuration)
        values = tuple(_encode(p, shown[p.name]) for p in self._shown)
        return optimizer.parametrization.spawn_child(new_value=(values, {}))

    def _try_unasked(self, method: str, seed: int, budget: int | None) -> bool:
        """Whether the method takes what it did not ask for: it says so only when it is told.

        Of several losses differential evolution gives it the place of any other, in the order of salted hashes.
        """
        if self._objectives > 1 and isinstance(self._optimizer, differentialevolution._DE):  # noqa: SLF001
            return False
        kept, self._random = self._random, _own_functions(seed)
        trial = self._make(method, seed, budget)
        try:
            with self._own_random_state():
                unasked = self._unasked(trial, self._space.sample(np.random.default_rng(seed)))
                trial.tell(unasked, [1.0] * self._objectives)
        except errors.TellNotAskedNotSupportedError:
            return False
        finally:
            self._random = kept
        return True

    @contextmanager
    def _own_random_state(self) -> Iterator[None]:
        """With its own functions of `numpy.random`, without warnings, until Nevergrad's threads have come to rest."""
        threads = recaster._MessagingThread  # noqa: SLF001

        def start(*args: Any) -> Any:
            thread = threads(*args)
            thread.daemon = True  # one that waits for a result must not keep an interrupted run from ending
            self._threads.append(thread)
            return thread

        recaster._MessagingThread = start  # noqa: SLF001
        try:
            with _drawing_from(self._random), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                yield
                self._threads = [thread for thread in self._threads if thread.is_alive()]
                while any(map(_busy, self._threads)):
                    time.sleep(1e-4)
        finally:
            recaster._MessagingThread = threads  # noqa: SLF001


def _own_functions(seed: int) -> tuple[dict[str, Any], ...]:
    """What stands in `_PLACES` for a global random state of one's own, such as `np.random.seed(seed)` makes it."""
    own = np.random.RandomState(seed)
    functions = {name: getattr(own, name) for name in _FUNCTIONS}
    return functions, functions | {"_rand": own}


@contextmanager
def _drawing_from(own: tuple[dict[str, Any], ...]) -> Iterator[None]:
    """With other functions in `_PLACES`: to exchange the global state would copy it, at five times the cost."""
    originals = [get(module) for module, _, get in _PLACES]
    try:
        for (module, _, _), functions in zip(_PLACES, own, strict=True):
            module.update(functions)
        yield
    finally:
        for (module, names, _), functions in zip(_PLACES, originals, strict=True):
            module.update(zip(names, functions, strict=True))


def _waits(thread: Any) -> bool:
    """Whether a thread waits for a result: all its questions but one are answered (a queue counts what was put)."""
    return bool(thread.messages_ask.empty() and thread.call_count == thread.messages_tell.unfinished_tasks + 1)


def _busy(thread: Any) -> bool:
    """Whether a thread computes: all its questions are answered, and no other is put yet."""
    return bool(
        thread.is_alive() and thread.messages_ask.empty() and thread.call_count == thread.messages_tell.unfinished_tasks
    )


def _translate(parameter: Parameter) -> Any:
    if isinstance(parameter, Categorical):
        return nevergrad.p.Choice(len(parameter.choices))
    if isinstance(parameter, Float) and not parameter.stepped:
        if parameter.logit:
            low, high = parameter.ends
            return nevergrad.p.Scalar(lower=low, upper=high)
        # Over so narrow a range both laws are one, and the logarithms of its ends may be the same number.
        log = parameter.log and parameter.high / parameter.low > 1 + 1e-9
        return (nevergrad.p.Log if log else nevergrad.p.Scalar)(lower=parameter.low, upper=parameter.high)
    low, high = _ends(parameter)
    return (nevergrad.p.Log if parameter.log else nevergrad.p.Scalar)(lower=low, upper=high).set_integer_casting()


def _ends(parameter: Ordered) -> tuple[float, float]:
    """Half a step beyond both ends, so that all whole numbers between have a whole step."""
    low, high = (0, steps(parameter)) if parameter.stepped else (parameter.low, parameter.high)
    return low - 0.5, high + 0.5


def _decode(parameter: Parameter, value: Any) -> Any:
    if isinstance(parameter, Categorical):
        return parameter.choices[int(value)]
    if parameter.stepped:
        return parameter.at(min(max(int(value), 0), steps(parameter)))
    if not isinstance(parameter, Float):
        return min(max(int(value), parameter.low), parameter.high)
    return parameter.from_scale(value) if parameter.logit else float(value)


def _encode(parameter: Parameter, value: Any) -> Any:
    if isinstance(parameter, Categorical):
        return parameter.choices.index(value)
    if isinstance(parameter, Float) and parameter.logit:
        return parameter.on_scale(value)
    return parameter.place(value) if parameter.stepped else value


def _law(parameter: Parameter) -> Law | None:
    """The expression of what has a place or a logit, which follows the reference distribution."""
    if isinstance(parameter, Categorical):
        return None
    if isinstance(parameter, Float) and not parameter.stepped:
        return of_logit("ng.p.Scalar", parameter) if parameter.logit else None
    low, high = _ends(parameter)
    expression = f"ng.p.{'Log' if parameter.log else 'Scalar'}(lower={low}, upper={high}).set_integer_casting()"
    return Law(expression + (" of its place" if parameter.stepped else ""), 0.0)
