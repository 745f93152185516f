"""Replay a run on a function and record, proposal by proposal, the model that the optimiser chose it by.

The optimiser is asked and told as in any run; between the two, its `surrogate` is read, at a grid of one or two of the
space's numbers. Two other numbers or more are held at the proposal's own values. Of an optimiser without `surrogate`
the proposals alone are recorded.
"""

import itertools
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from bench import files, texts
from bench.config.components import locate
from bench.errors import UserError, allowed
from bench.optimizers import Exhausted, Optimizer, unit_cube
from bench.optimizers.surrogates import MODELS, Normal, Surrogate
from bench.running import compose
from bench.running.run import optimizer_of, problem_of
from bench.running.sweep import specify
from bench.running.thread_pools import limited
from bench.running.trial_loop import RunFailed
from bench.space import Categorical, Configuration, Ordinal, Parameter, Space, Value

POINTS = {1: 241, 2: 41}
"""Of the grid on each axis, for one axis and for two."""
ROUNDING, VISIBLE = 1e-9, 1e-3
"""Shares of a parameter's range: up to the one a proposal is the recorded one, but for what another processor or
library has rounded; beyond the other it is shown as another."""
SCHEMA = pa.schema(
    [
        ("trial", pa.int32()),
        ("configuration", pa.string()),
        ("asked", pa.string()),
        ("loss", pa.float64()),
        ("initial", pa.bool_()),
        ("model", pa.bool_()),
        ("scale", pa.string()),
        ("targets", pa.string()),
        ("chosen", pa.string()),
        ("proposals", pa.string()),
        ("gains", pa.string()),
        ("good", pa.string()),
        ("normal", pa.string()),
        ("curves", pa.map_(pa.string(), pa.list_(pa.float64()))),
    ]
)
Axes = Mapping[str, list[Any]]
"""By parameter, one or two of them, the values of the grid."""


@dataclass(frozen=True)
class Explanation:
    """A run, proposal by proposal."""

    rows: Sequence[Mapping[str, Any]]
    """By the columns of `SCHEMA`; `curves` over the grid, the first axis slowest. The proposal is `configuration`;
    `asked`, what was asked for where a recorded run has another; `initial`, whether it is of a shared design. `normal`
    is of the axes alone: see `_normal`."""
    metadata: Mapping[str, Any]
    """The names of optimiser and `problem`, the seed, `axes` (by name, their values and whether they are logarithmic),
    `held` (the parameters that are at the proposal's values), `objective` (the function on the grid, where it is known
    and no parameter is held), `models` (the curves that are no acquisition function), `shows_model`."""
    name: str
    """Of the folder that it is written to."""
    notes: Sequence[str] = ()
    """What is to be said of it, in lines."""

    def write(self, path: Path) -> None:
        """Write it as parquet, whole or not at all; raises `OSError` as the system does."""
        table = pa.Table.from_pylist([dict(row) for row in self.rows], SCHEMA)
        table = table.replace_schema_metadata({"explain": json.dumps(self.metadata)})
        with files.replacing(path) as part:
            pq.write_table(table, part)


def explain(
    optimizer: str,
    model: str,
    trials: int,
    seed: int = 0,
    parameters: Sequence[str] = (),
    overrides: Sequence[str] = (),
    config_dir: Path | None = None,
) -> Explanation:
    """Run `optimizer` on the function `model` for so many trials; the grid is of `parameters`, one or two.

    Raises `UserError` where the function has not one or two numbers and none are named.
    """
    chosen = ["dataset=function", f"model={model}", f"optimizer={optimizer}", f"seed={seed}", f"budget.trials={trials}"]
    (spec,) = specify(compose.composed([*chosen, *overrides], config_dir))
    if "function" not in spec.config["model"]:
        raise UserError(f"--model={model}: is trained on data; choose a function, as --model branin")
    if spec.multi_fidelity or spec.workers > 1:
        raise UserError(f"--optimizer={optimizer}: only runs at full fidelity with one worker are explained")
    problem = problem_of(spec)
    if problem.objectives:
        raise UserError(f"--model={model}: has several losses; choose a function of one, as --model branin")
    axes = axes_of(problem.space, parameters)

    def outcome(_: int, configuration: Configuration) -> Trial:
        evaluation = problem.evaluate(configuration)
        return Trial(configuration, evaluation.loss if evaluation.status == "ok" else None)

    locate("optimizer.class", spec.config["optimizer"]["class"])  # its numeric libraries are there to be limited
    with limited(1):
        own = optimizer_of(spec, problem.space)
        told = Told(outcome, lambda: problem.baseline(problem.evaluate))
        rows = list(asked(own, problem.space, axes, range(spec.trials or 0), told, str(spec.run)))
    about = metadata(own, problem.space, axes, spec.run.optimizer, spec.run.model, seed)
    if not about["held"]:
        about["objective"] = [problem.evaluate(point).loss for point in _grid(axes, {})]
    return Explanation(rows, about, f"{spec.run.model}-{spec.run.optimizer}-{seed}", notes(own, spec.run.optimizer))


def metadata(own: Optimizer, space: Space, axes: Axes, optimizer: str, problem: str, seed: int) -> dict[str, Any]:
    """`Explanation.metadata`, without an objective."""
    return {
        "optimizer": optimizer,
        "problem": problem,
        "seed": seed,
        "axes": {
            name: {"values": values, "log": bool(getattr(space[name], "log", False))} for name, values in axes.items()
        },
        "held": [parameter.name for parameter in space.searched if parameter.name not in axes],
        "objective": None,
        "models": MODELS,
        "shows_model": hasattr(own, "surrogate"),
    }


def notes(own: Optimizer, optimizer: str) -> list[str]:
    """What is to be said of an optimiser that shows no model."""
    if hasattr(own, "surrogate"):
        return []
    return [f"{optimizer} shows no model of its own (it has no method 'surrogate'): its proposals alone are drawn"]


def axes_of(space: Space, parameters: Sequence[str], preferred: Sequence[str] = ()) -> Axes:
    """The values of each axis of the grid: of `parameters`, else of all, if they are two, else of those `preferred`.

    Raises `UserError` where they are not one or two numbers of the space.
    """
    if space.conditional:
        raise UserError("bench explain: a space with conditions has no grid; choose a problem without 'when'")
    numbers = [p.name for p in space.searched if not isinstance(p, Categorical | Ordinal)]
    for name in parameters:
        if name not in numbers:
            given = ",".join(parameters)
            raise UserError(f"--parameters={given}: {name!r} is no number here; {allowed(name, numbers)}")
    names = list(dict.fromkeys(parameters)) or [p.name for p in space.searched]
    if not parameters and (len(names) > 2 or set(names) - set(numbers)):
        names = [name for name in preferred if name in numbers][:2] or names
    if not 1 <= len(names) <= 2 or set(names) - set(numbers):
        raise UserError(f"--parameters: name one or two of {', '.join(numbers)}, with a comma between them")
    return {name: space[name].grid(POINTS[len(names)]) for name in names}


def _grid(axes: Axes, held: Configuration) -> list[Configuration]:
    return [{**held, **dict(zip(axes, point, strict=True))} for point in itertools.product(*axes.values())]


@dataclass(frozen=True)
class Trial:
    """What was made of a proposal."""

    configuration: Configuration
    """What was evaluated: the proposal itself, or what a recorded run has in its place."""
    loss: float | None
    """None where it failed."""


class Told:
    """What an optimiser is told of its proposals: as in a run, the worst loss so far in place of one that failed."""

    def __init__(
        self, outcome: Callable[[int, Configuration], Trial], baseline: Callable[[], float | None] = lambda: None
    ) -> None:
        """`outcome` makes a trial of a number and a proposal; `baseline`: what is told before any has succeeded."""
        self._outcome, self._baseline = outcome, baseline
        self._worst: float | None = None

    def of(self, number: int, proposal: Configuration) -> tuple[Trial, float]:
        """The trial, and the loss that the optimiser is told."""
        trial = self._outcome(number, proposal)
        if trial.loss is not None:
            self._worst = trial.loss if self._worst is None else max(trial.loss, self._worst)
            return trial, trial.loss
        given = self._baseline() if self._worst is None else self._worst
        if given is None:
            raise UserError("bench explain: the first trial failed, and no baseline loss is known; choose another run")
        return trial, given


def asked(own: Any, space: Space, axes: Axes, numbers: Sequence[int], told: Told, run: str) -> Iterator[dict[str, Any]]:
    """The trials as a run makes them, each with the model that proposed it."""
    for number in numbers:
        try:
            proposal = space.canonical(own.ask())
            points = [space.canonical(point) for point in _grid(axes, proposal)]
            surrogate = own.surrogate(points) if hasattr(own, "surrogate") else None
        except Exhausted:
            return
        except UserError:
            raise
        except Exception as error:
            raise RunFailed(f"{run}: trial {number}: {texts.of_error(error)}") from error
        trial, given = told.of(number, proposal)
        distance = apart(space, proposal, trial.configuration)
        asked_here = {"asked": json.dumps(proposal)} if distance > VISIBLE else {}
        yield row(number, trial.configuration, trial.loss) | _of_surrogate(surrogate, axes) | asked_here
        known = proposal if distance <= ROUNDING else trial.configuration
        own.tell(known, given, failed=trial.loss is None)


def apart(space: Space, one: Configuration, other: Configuration) -> float:
    """How far two configurations are apart, as the largest share of a parameter's range; 1 for other choices."""
    if one.keys() != other.keys():
        return 1.0
    changed = [parameter for parameter in space.searched if one.get(parameter.name) != other.get(parameter.name)]
    return max((_apart(parameter, one[parameter.name], other[parameter.name]) for parameter in changed), default=0.0)


def _apart(parameter: Parameter, one: Value, other: Value) -> float:
    if isinstance(parameter, Categorical):
        return 1.0
    return abs(unit_cube.place(parameter, one) - unit_cube.place(parameter, other))


def row(number: int, configuration: Configuration, loss: float | None, initial: bool = False) -> dict[str, Any]:
    """A trial without a model."""
    own = {
        "trial": number,
        "configuration": json.dumps(configuration),
        "loss": loss,
        "initial": initial,
        "asked": "null",
    }
    return own | _of_surrogate(None, {})


def _of_surrogate(surrogate: Surrogate | None, axes: Axes) -> dict[str, Any]:
    shown = surrogate or Surrogate()
    return {
        "model": surrogate is not None,
        "scale": shown.scale,
        "targets": json.dumps([[dict(configuration), value] for configuration, value in shown.targets]),
        "chosen": shown.chosen,
        "proposals": json.dumps(dict(shown.proposals)),
        "gains": json.dumps(dict(shown.gains)),
        "good": json.dumps(list(shown.good)),
        "normal": json.dumps(_normal(shown.normal, axes)),
        "curves": [(name, np.asarray(values, float).tolist()) for name, values in shown.curves.items()],
    }


def _normal(normal: Normal | None, axes: Axes) -> dict[str, Any] | None:
    """The marginal distribution of the axes, and what place each value of an axis has in the library's coordinates."""
    if normal is None:
        return None
    columns = [list(normal.parameters).index(name) for name in axes]
    places = np.asarray(normal.coordinates).reshape(*map(len, axes.values()), -1)
    along = [np.moveaxis(places, axis, 0) for axis in range(len(columns))]
    return {
        "mean": [float(normal.mean[column]) for column in columns],
        "covariance": normal.covariance[np.ix_(columns, columns)].tolist(),
        "coordinates": [
            each.reshape(len(each), -1, places.shape[-1])[:, 0, c].tolist()
            for each, c in zip(along, columns, strict=True)
        ],
        "generation": normal.generation,
    }
