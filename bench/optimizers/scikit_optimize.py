"""scikit-optimize's Gaussian process: `skopt.gp_minimize`."""

import math
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import skopt
from skopt.space import Categorical as Choices
from skopt.space import Integer, Real

from bench.errors import UserError
from bench.optimizers import Declaration, Law
from bench.space import Categorical, Configuration, Float, Int, Parameter, Space, steps, to_json


class GaussianProcess:
    """Asks for what `skopt.gp_minimize(func, dimensions, n_calls=N, random_state=seed)` does.

    Settings are the arguments of `skopt.Optimizer` other than its dimensions, estimator and seed. gp_minimize
    stretches integers over 0..1 and rounds, which halves the probability of both ends: declared. It knows no
    conditions: it is shown every parameter as active. It knows no failures: it is told the loss it is given.
    """

    revision = 1
    independent = False

    def __init__(self, space: Space, seed: int, budget: int | None, **settings: Any) -> None:
        self._space = space
        self._shown = space.searched
        self._asked: dict[str, list[Any]] = {}
        self._optimizer = None
        if self._shown:  # a space of constants leaves nothing to show
            dimensions = [_dimension(parameter) for parameter in self._shown]
            try:
                self._optimizer = skopt.Optimizer(dimensions, "GP", random_state=seed, **settings)
            except (TypeError, ValueError) as error:
                raise UserError(f"optimizer.settings: {error}") from None
        self.declared = Declaration(
            laws={p.name: law for p in self._shown if (law := _law(p)) is not None},
            inactive="shown as active: at the value proposed, or at the default (without one, the middle) if not asked"
            if space.conditional
            else "absent",
            fallback=f"random until {settings.get('n_initial_points', 10)} trials are told, and where a point already "
            "told is proposed again",
        )

    def ask(self) -> Configuration:
        if self._optimizer is None:
            return self._space.canonical({})
        with _quiet():
            point = self._optimizer.ask()
        proposed = {p.name: value for p, value in zip(self._shown, point, strict=True)}
        configuration = self._space.assemble(lambda parameter: _decode(parameter, proposed[parameter.name]))
        self._asked[to_json(configuration)] = point  # told as it was asked, inactive values included
        return configuration

    def tell(self, configuration: Configuration, loss: float, failed: bool = False) -> None:
        configuration = self._space.canonical(configuration)
        if self._optimizer is not None:
            point = self._asked.get(to_json(configuration)) or [_encode(p, configuration) for p in self._shown]
            with _quiet():
                self._optimizer.tell(point, loss)


def _dimension(parameter: Parameter) -> Any:
    if isinstance(parameter, Categorical):
        # Places instead of the choices, of which NumPy would make one type: 1 and "a" become texts, 1 and true numbers.
        return Choices(range(len(parameter.choices)))
    if parameter.stepped:
        return Integer(0, steps(parameter))
    return (Real if isinstance(parameter, Float) else Integer)(parameter.low, parameter.high, _prior(parameter))


def _decode(parameter: Parameter, value: Any) -> Any:
    if isinstance(parameter, Categorical):
        return parameter.choices[int(value)]
    return parameter.at(int(value)) if parameter.stepped else value


def _encode(parameter: Parameter, configuration: Configuration) -> Any:
    """The value of a configuration that was not asked, as the library has it."""
    if isinstance(parameter, Categorical):
        default: Any = parameter.default if parameter.has_default else parameter.choices[0]
        return parameter.choices.index(configuration.get(parameter.name, default))
    default = parameter.grid(1)[0] if parameter.default is None else parameter.default
    value: Any = configuration.get(parameter.name, default)
    return parameter.place(value) if parameter.stepped else value


def _prior(parameter: Float | Int) -> str:
    return "log-uniform" if parameter.log else "uniform"


def _law(parameter: Parameter) -> Law | None:
    """The law of `Integer` after gp_minimize's normalisation: x uniform in low..high on its scale, rounded.

    Between the ends it is the reference law times a constant, so that low, high and what lies between are three
    groups of one sign each, and the total variation is half the sum of the groups' differences.
    """
    if isinstance(parameter, Categorical) or (isinstance(parameter, Float) and not parameter.stepped):
        return None
    low, high = (0, steps(parameter)) if parameter.stepped else (parameter.low, parameter.high)
    scale = math.log if parameter.log else float
    inner = (scale(low), scale(low + 0.5), scale(high - 0.5), scale(high))
    outer = (scale(low - 0.5), scale(low + 0.5), scale(high - 0.5), scale(high + 0.5))
    drawn, reference = ([(cuts[i + 1] - cuts[i]) / (cuts[3] - cuts[0]) for i in range(3)] for cuts in (inner, outer))
    distance = sum(abs(p - q) for p, q in zip(drawn, reference, strict=True)) / 2
    expression = f"Integer({low}, {high}, {_prior(parameter)!r})" + (" of places" if parameter.stepped else "")
    return Law(expression, distance) if distance > 1e-12 else None


@contextmanager
def _quiet() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The objective has been evaluated at")
        warnings.filterwarnings("ignore", message="Predicted variances smaller than 0")
        yield
