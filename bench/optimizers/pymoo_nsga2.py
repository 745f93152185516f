"""pymoo's NSGA-II, by its ask and tell: the extra `pymoo`."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from pymoo.algorithms.moo import nsga2
from pymoo.core.mixed import MixedVariableDuplicateElimination, MixedVariableMating, MixedVariableSampling
from pymoo.core.population import Population
from pymoo.core.problem import Problem
from pymoo.core.termination import NoTermination
from pymoo.core.variable import Choice, Integer, Real
from pymoo.operators.selection.tournament import TournamentSelection
from pymoo.problems.static import StaticProblem

from bench.checks import whole
from bench.optimizers import Declaration, Exhausted, Law, Told, inactive
from bench.optimizers.expressions import of_logit
from bench.space import Categorical, Configuration, Float, Int, Ordinal, Parameter, Space, steps, to_json
from bench.space.scales import BACK, FORWARD


class NSGA2:
    """Asks for what pymoo's loop does, one member of a generation at a time:

        algorithm = NSGA2(pop_size=pop_size)
        algorithm.setup(Problem(vars=..., n_obj=objectives), termination=NoTermination(), seed=seed)
        while algorithm.has_next():
            infills = algorithm.ask()
            algorithm.evaluator.eval(problem, infills)
            algorithm.tell(infills=infills)

    Floats are `Real`, their logarithms where `log`, and so is a whole number on a log scale, rounded by the reference
    law; other whole numbers and the places of steps are `Integer`, categorical ones a `Choice`. Where there are such,
    sampling, mating and the elimination of duplicates are those of pymoo's `MixedVariableGA`, with the tournament of
    NSGA-II. The library knows no conditions: it is shown every parameter as active. It knows no failures: it is told
    the losses it is given. Generations are blind to workers: where all of one are asked and not all are told, further
    ones have the same parents, and a generation ends with as many results as it has members.

    Settings: `pop_size` and `n_offsprings` (None: as many) of pymoo's NSGA2.

    A shared initial design is the first population, as pymoo takes one that is evaluated already.

    K. Deb et al., A Fast and Elitist Multiobjective Genetic Algorithm: NSGA-II, IEEE Transactions on Evolutionary
    Computation 6, 2002; J. Blank and K. Deb, pymoo: Multi-Objective Optimization in Python, IEEE Access 8, 2020.
    """

    revision = 1
    independent = False
    libraries = ("pymoo", "numpy", "scipy")

    def __init__(
        self,
        space: Space,
        seed: int,
        budget: int | None,
        pop_size: int = 100,
        n_offsprings: int | None = None,
        objectives: int = 1,
    ) -> None:
        whole("optimizer.settings.pop_size", pop_size, 2)
        if n_offsprings is not None:
            whole("optimizer.settings.n_offsprings", n_offsprings, 1)
        self._space, self._shown, self._seed = space, space.searched, seed
        self._sizes: dict[str, Any] = {"pop_size": pop_size, "n_offsprings": n_offsprings}
        variables = {parameter.name: _variable(parameter) for parameter in self._shown}
        self._named = any(not isinstance(variable, Real) for variable in variables.values())
        self._problem: Any = _problem(variables, self._named, whole("objectives", objectives, 1))
        self._algorithm: Any = self._make()
        self._asked: dict[str, list[Any]] = {}
        self._waiting: list[Any] = []
        self._members = 0
        self._told: list[tuple[Any, Sequence[float]]] = []
        self.declared = Declaration(
            laws={p.name: law for p in self._shown if (law := _law(p)) is not None},
            inactive=inactive.SHOWN if space.conditional else "absent",
            fallback=f"a first generation of {pop_size} is random",
            takes_unasked=False,
        )

    def start(self, results: Sequence[Told]) -> None:
        """Begin with the results of a shared initial design as the first population."""
        if results and self._shown:
            points = [self._encode(self._space.canonical(result.configuration)) for result in results]
            population = Population.new(X=points)
            self._evaluate(population, [_losses(result.loss) for result in results])
            self._algorithm = self._make(sampling=population)
            self._algorithm.tell(infills=self._algorithm.ask())

    def ask(self) -> Configuration:
        if not self._shown:
            return self._space.canonical({})
        if not self._waiting:
            infills = self._algorithm.ask()
            self._waiting = [] if infills is None else list(infills)
            self._members = self._members or len(self._waiting)
        if not self._waiting:
            raise Exhausted("NSGA-II found no configuration that its population does not have")
        individual = self._waiting.pop(0)
        values = self._values(individual.X)
        configuration = self._space.assemble(lambda parameter: _decode(parameter, values[parameter.name]))
        self._asked.setdefault(to_json(configuration), []).append(individual)
        return configuration

    def tell(self, configuration: Configuration, loss: float | Sequence[float], failed: bool = False) -> None:
        individuals = self._asked.get(to_json(self._space.canonical(configuration)))
        if not individuals:
            return  # of no generation
        self._told.append((individuals.pop(0), _losses(loss)))
        if self._members and len(self._told) >= self._members:
            population = Population.create(*(individual for individual, _ in self._told))
            self._evaluate(population, [losses for _, losses in self._told])
            self._algorithm.tell(infills=population)
            self._told, self._waiting, self._members = [], [], 0

    def _make(self, **start: Any) -> Any:
        mixed: dict[str, Any] = {}
        if self._named:
            distinct = MixedVariableDuplicateElimination()
            tournament = TournamentSelection(func_comp=nsga2.binary_tournament)
            mixed = {
                "sampling": MixedVariableSampling(),
                "mating": MixedVariableMating(selection=tournament, eliminate_duplicates=distinct),
                "eliminate_duplicates": distinct,
            }
        algorithm = nsga2.NSGA2(**self._sizes, **(mixed | start))
        return algorithm.setup(self._problem, termination=NoTermination(), seed=self._seed)

    def _evaluate(self, population: Any, losses: Sequence[Sequence[float]]) -> None:
        # An array has a row for each: a list, pymoo takes for one of columns.
        self._algorithm.evaluator.eval(StaticProblem(self._problem, F=np.array(losses, dtype=float)), population)

    def _values(self, point: Any) -> dict[str, Any]:
        return dict(point) if self._named else dict(zip((p.name for p in self._shown), point, strict=True))

    def _encode(self, configuration: Configuration) -> Any:
        values = {p.name: _encode(p, inactive.value(p, configuration)) for p in self._shown}
        return values if self._named else list(values.values())


def _losses(loss: float | Sequence[float]) -> Sequence[float]:
    return loss if isinstance(loss, Sequence) else (loss,)


def _problem(variables: dict[str, Any], named: bool, objectives: int) -> Any:
    """Of variables by name where they are mixed, else of an array."""
    if named:
        return Problem(vars=variables, n_obj=objectives)
    low, high = zip(*(variable.bounds for variable in variables.values()), strict=True) if variables else ((), ())
    return Problem(n_var=len(variables), n_obj=objectives, xl=list(low), xu=list(high))


def _variable(parameter: Parameter) -> Any:
    if isinstance(parameter, Categorical):
        return Choice(options=list(range(len(parameter.choices))))
    if parameter.stepped:
        return Integer(bounds=(0, steps(parameter)))
    if isinstance(parameter, Int) and not parameter.log:
        return Integer(bounds=(parameter.low, parameter.high))
    half = 0.5 if isinstance(parameter, Int) else 0.0
    low, high = parameter.low - half, parameter.high + half
    on_scale = FORWARD[parameter.scale]
    return Real(bounds=(on_scale(low), on_scale(high)))


def _decode(parameter: Parameter, value: Any) -> Any:
    if isinstance(parameter, Categorical):
        return parameter.choices[int(value)]
    if parameter.stepped:
        return parameter.at(int(value))
    number = BACK[parameter.scale](value)
    if isinstance(parameter, Int):
        return min(max(round(number), parameter.low), parameter.high)
    return min(max(number, parameter.low), parameter.high)


def _encode(parameter: Parameter, value: Any) -> Any:
    if isinstance(parameter, Categorical):
        return parameter.choices.index(value)
    if parameter.stepped:
        return parameter.place(value)
    return value if parameter.scale == "linear" else FORWARD[parameter.scale](value)


def _law(parameter: Parameter) -> Law | None:
    """The expression of what pymoo has no variable of, which follows the reference distribution."""
    if isinstance(parameter, Ordinal):
        return Law(f"Integer(bounds=({parameter.low}, {parameter.high})) of its place", 0.0)
    if isinstance(parameter, Float) and parameter.logit:
        return of_logit("Real", parameter)
    if isinstance(parameter, Int) and parameter.log:
        return Law(f"Real(bounds=(log({parameter.low - 0.5}), log({parameter.high + 0.5}))), rounded", 0.0)
    return None
