"""scikit-optimize's Gaussian process and forests: `skopt.gp_minimize` and `skopt.forest_minimize`."""

import math
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import skopt
from skopt.acquisition import _gaussian_acquisition
from skopt.space import Categorical as Choices
from skopt.space import Integer, Real

from bench.errors import UserError, allowed
from bench.optimizers import Declaration, Law, inactive
from bench.optimizers.expressions import of_logit
from bench.optimizers.surrogates import Surrogate
from bench.space import Categorical, Configuration, Float, Ordered, Ordinal, Parameter, Space, steps, to_json

_FORESTS = ("ET", "RF")


class Minimize:
    """A `skopt.Optimizer` asked and told as scikit-optimize's loops do it.

    They know no conditions: they are shown every parameter as active. They know no failures: they are told the loss
    they are given.

    A number on a logit scale is the `Real` of its logit, an ordinal the `Integer` of its place. An integer is an
    `Integer`, as users of the library write it. Where the library rounds a uniform draw from
    low..high, both ends have half of their probability: declared. The library has no expression without that which
    would leave the method as it is: as `Categorical` the order is lost; as `Real` from low - 1/2 to high + 1/2, rounded
    by the objective, configurations are asked again, as the library avoids repeated points, not what they are rounded
    to (of 30 trials over two integers of 1..8, 14 to 24 were new instead of 22 to 28).
    """

    revision = 1
    independent = False
    libraries = ("scikit-optimize", "scikit-learn", "scipy", "numpy")
    normalized = False
    """Whether the loop stretches every number over 0..1 before it draws."""

    def __init__(self, space: Space, seed: int, settings: dict[str, Any]) -> None:
        self._space = space
        self._shown = space.searched
        self._asked: dict[str, list[list[Any]]] = {}
        self._last: list[Any] | None = None
        self._optimizer = None
        if self._shown:  # a space of constants leaves nothing to show
            dimensions = [_dimension(parameter) for parameter in self._shown]
            try:
                self._optimizer = skopt.Optimizer(dimensions, random_state=seed, **settings)
            except (TypeError, ValueError) as error:
                raise UserError(f"optimizer.settings: {error}") from None
        self.declared = Declaration(
            laws={p.name: law for p in self._shown if (law := _law(p, self.normalized)) is not None},
            inactive=inactive.SHOWN if space.conditional else "absent",
            fallback=f"random until {settings.get('n_initial_points', 10)} trials are told, and where a point already "
            "told is proposed again",
        )

    def ask(self) -> Configuration:
        if self._optimizer is None:
            return self._space.canonical({})
        with _quiet():
            point = self._optimizer.ask()
        self._last = point
        configuration = self._configuration(point)
        self._asked.setdefault(to_json(configuration), []).append(
            point
        )  # told as it was asked, inactive values included
        return configuration

    def tell(self, configuration: Configuration, loss: float, failed: bool = False) -> None:
        configuration = self._space.canonical(configuration)
        if self._optimizer is not None:
            points = self._asked.get(to_json(configuration))
            point = points.pop(0) if points else [_encode(p, configuration) for p in self._shown]
            with _quiet():
                self._optimizer.tell(point, loss)

    def surrogate(self, points: Sequence[Configuration]) -> Surrogate | None:
        """Its `models[-1]` and the acquisition functions that it compares, by the library's own functions; where it
        hedges, what each has gained, by which one of them is drawn.

        The library minimises minus EI and PI, and LCB, the lower confidence bound: here minus that, more being better.
        """
        own = self._optimizer
        if own is None or self._last is None or not own.models:
            return None
        model = own.models[-1]
        shown = own.space.transform([[_encode(p, point) for p in self._shown] for point in points])
        with _quiet():
            mean, std = model.predict(shown, return_std=True)
            acquisitions = {
                name: -_gaussian_acquisition(
                    shown, model, y_opt=np.min(own.yi), acq_func=name, acq_func_kwargs=own.acq_func_kwargs
                )
                for name in own.cand_acq_funcs_
            }
        maxima = {
            name: own.space.inverse_transform(place.reshape(1, -1))[0]
            for name, place in zip(own.cand_acq_funcs_, own.next_xs_, strict=True)
        }
        return Surrogate(
            curves={"mean": mean, "std": std, **acquisitions},
            proposals={name: self._configuration(point) for name, point in maxima.items()},
            chosen=next((name for name, point in maxima.items() if point == self._last), ""),
            gains=dict(zip(own.cand_acq_funcs_, own.gains_.tolist(), strict=True))
            if own.acq_func == "gp_hedge"
            else {},
        )

    def _configuration(self, point: list[Any]) -> Configuration:
        proposed = {p.name: value for p, value in zip(self._shown, point, strict=True)}
        return self._space.assemble(lambda parameter: _decode(parameter, proposed[parameter.name]))


class GaussianProcess(Minimize):
    """Asks for what `skopt.gp_minimize(func, dimensions, n_calls=N, random_state=seed)` does.

    Settings are the arguments of `skopt.Optimizer` other than its dimensions, estimator and seed, such as acq_func: EI,
    LCB, PI, or gp_hedge (the default), which chooses among these three by what they gained.

    J. Snoek et al., Practical Bayesian Optimization of Machine Learning Algorithms, NeurIPS 2012; the hedge: M. Hoffman
    et al., Portfolio Allocation for Bayesian Optimization, UAI 2011.
    """

    normalized = True

    def __init__(self, space: Space, seed: int, budget: int | None, **settings: Any) -> None:
        super().__init__(space, seed, {"base_estimator": "GP"} | settings)


class Forest(Minimize):
    """Asks for what `skopt.forest_minimize(func, dimensions, base_estimator, n_calls=N, random_state=seed)` does.

    Settings are base_estimator, ET (extremely randomised trees) or RF (random forest), and the arguments of
    `skopt.Optimizer` other than its dimensions and seed. The acquisition is expected improvement, not the hedge.

    F. Hutter et al., Sequential Model-Based Optimization for General Algorithm Configuration, LION 2011; P. Geurts et
    al., Extremely Randomized Trees, Machine Learning 63, 2006.
    """

    def __init__(
        self, space: Space, seed: int, budget: int | None, base_estimator: str = "ET", **settings: Any
    ) -> None:
        if base_estimator not in _FORESTS:
            raise UserError(
                f"optimizer.settings.base_estimator={base_estimator!r}: {allowed(base_estimator, _FORESTS)}"
            )
        own = {"base_estimator": base_estimator, "acq_func": "EI", "acq_optimizer": "sampling"}
        super().__init__(space, seed, own | settings)


def _dimension(parameter: Parameter) -> Any:
    if isinstance(parameter, Categorical):
        # Places instead of the choices, of which NumPy would make one type: 1 and "a" become texts, 1 and true numbers.
        return Choices(range(len(parameter.choices)))
    if parameter.stepped:
        return Integer(0, steps(parameter))
    if isinstance(parameter, Float) and parameter.logit:
        return Real(*parameter.ends)
    return (Real if isinstance(parameter, Float) else Integer)(parameter.low, parameter.high, _prior(parameter))


def _decode(parameter: Parameter, value: Any) -> Any:
    if isinstance(parameter, Categorical):
        return parameter.choices[int(value)]
    if isinstance(parameter, Float) and parameter.logit:
        return parameter.from_scale(value)
    return parameter.at(int(value)) if parameter.stepped else value


def _encode(parameter: Parameter, configuration: Configuration) -> Any:
    """The value of a configuration that was not asked, as the library has it."""
    value: Any = inactive.value(parameter, configuration)
    if isinstance(parameter, Categorical):
        return parameter.choices.index(value)
    if isinstance(parameter, Float) and parameter.logit:
        return parameter.on_scale(value)
    return parameter.place(value) if parameter.stepped else value


def _prior(parameter: Ordered) -> str:
    return "log-uniform" if parameter.log else "uniform"


def _law(parameter: Parameter, normalized: bool) -> Law | None:
    """The law of `Integer` where it rounds (log, or normalised as by gp_minimize): x uniform in low..high, rounded.

    Between the ends it is the reference law times a constant, so that low, high and what lies between are three
    groups of one sign each, and the total variation is half the sum of the groups' differences.
    """
    if isinstance(parameter, Categorical):
        return None
    if isinstance(parameter, Float) and not parameter.stepped:
        return of_logit("Real", parameter) if parameter.logit else None
    expression = f"Integer({parameter.low}, {parameter.high}, {_prior(parameter)!r})"
    if parameter.stepped:
        expression = f"Integer(0, {steps(parameter)}, 'uniform') of places"
    if not normalized and not parameter.log:
        return Law(expression, 0.0) if isinstance(parameter, Ordinal) else None
    low, high = (0, steps(parameter)) if parameter.stepped else (parameter.low, parameter.high)
    scale = math.log if parameter.log else float
    inner = (scale(low), scale(low + 0.5), scale(high - 0.5), scale(high))
    outer = (scale(low - 0.5), scale(low + 0.5), scale(high - 0.5), scale(high + 0.5))
    drawn, reference = ([(cuts[i + 1] - cuts[i]) / (cuts[3] - cuts[0]) for i in range(3)] for cuts in (inner, outer))
    distance = sum(abs(p - q) for p, q in zip(drawn, reference, strict=True)) / 2
    return Law(expression, distance) if distance > 1e-12 or isinstance(parameter, Ordinal) else None


@contextmanager
def _quiet() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The objective has been evaluated at")
        warnings.filterwarnings("ignore", message="Predicted variances smaller than 0")
        yield
