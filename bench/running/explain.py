"""Replay a run on a function and record, proposal by proposal, the model that the optimiser chose it by.

The optimiser is asked and told as in any run; between the two, its `surrogate` is read, at a grid of one or two of the
space's numbers. Two other numbers or more are held at the proposal's own values.
"""

import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from bench import files, texts
from bench.config.components import build, locate
from bench.errors import UserError, allowed
from bench.optimizers import Exhausted
from bench.optimizers.surrogates import Explained
from bench.problems import Problem
from bench.running import compose
from bench.running.run import RunSpec, problem_of
from bench.running.sweep import specify
from bench.running.thread_pools import limited
from bench.running.trial_loop import RunFailed
from bench.space import Categorical, Configuration, Ordinal, Space

POINTS = {1: 241, 2: 41}
"""Of the grid on each axis, for one axis and for two."""
SCHEMA = pa.schema(
    [
        ("trial", pa.int32()),
        ("configuration", pa.string()),
        ("loss", pa.float64()),
        ("model", pa.bool_()),
        ("chosen", pa.string()),
        ("proposals", pa.string()),
        ("good", pa.string()),
        ("curves", pa.map_(pa.string(), pa.list_(pa.float64()))),
    ]
)


@dataclass(frozen=True)
class Explanation:
    """A run, proposal by proposal."""

    rows: Sequence[Mapping[str, Any]]
    """By the columns of `SCHEMA`; `curves` over the grid, the first axis slowest. The proposal is `configuration`."""
    metadata: Mapping[str, Any]
    """The names, the seed, `axes` (by name, their values and whether they are logarithmic), `held` (the parameters that
    are at the proposal's values) and `objective` (the function on the grid, where no parameter is held)."""

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

    Raises `UserError` where the optimiser shows no model, or the function has not one or two numbers and none are
    named.
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
    axes = _axes(problem.space, parameters)
    locate("optimizer.class", spec.config["optimizer"]["class"])  # its numeric libraries are there to be limited
    with limited(1):
        settings = dict(spec.config["optimizer"].get("settings") or {})
        own = build("optimizer", spec.config["optimizer"]["class"], (problem.space, seed, spec.trials), settings)
        if not hasattr(own, "surrogate"):
            raise UserError(f"--optimizer={optimizer}: shows no model of its own (it has no method 'surrogate')")
        rows = list(_rows(own, problem, spec, axes))
    held = [parameter.name for parameter in problem.space.searched if parameter.name not in axes]
    return Explanation(
        rows,
        {
            "optimizer": spec.run.optimizer,
            "model": spec.run.model,
            "seed": seed,
            "axes": {
                name: {"values": values, "log": bool(getattr(problem.space[name], "log", False))}
                for name, values in axes.items()
            },
            "held": held,
            "objective": None if held else [problem.evaluate(point).loss for point in _grid(axes, {})],
        },
    )


def _axes(space: Space, parameters: Sequence[str]) -> dict[str, list[Any]]:
    """The values of each axis of the grid."""
    if space.conditional:
        raise UserError("bench explain: a space with conditions has no grid; choose a model without 'when'")
    numbers = [p.name for p in space.searched if not isinstance(p, Categorical | Ordinal)]
    for name in parameters:
        if name not in numbers:
            given = ",".join(parameters)
            raise UserError(f"--parameters={given}: {name!r} is no number here; {allowed(name, numbers)}")
    names = list(dict.fromkeys(parameters)) or [p.name for p in space.searched]
    if not 1 <= len(names) <= 2 or set(names) - set(numbers):
        raise UserError(f"--parameters: name one or two of {', '.join(numbers)}, with a comma between them")
    return {name: space[name].grid(POINTS[len(names)]) for name in names}


def _grid(axes: Mapping[str, list[Any]], held: Configuration) -> list[Configuration]:
    return [{**held, **dict(zip(axes, point, strict=True))} for point in itertools.product(*axes.values())]


def _rows(own: Explained, problem: Problem, spec: RunSpec, axes: Mapping[str, list[Any]]) -> Iterator[dict[str, Any]]:
    """The trials as a run makes them, each with the model that proposed it."""
    worst: float | None = None
    for number in range(spec.trials or 0):
        try:
            configuration = problem.space.canonical(own.ask())
            surrogate = own.surrogate([problem.space.canonical(point) for point in _grid(axes, configuration)])
        except Exhausted:
            return
        except UserError:
            raise
        except Exception as error:
            raise RunFailed(f"{spec.run}: trial {number}: {texts.of_error(error)}") from error
        evaluation = problem.evaluate(configuration)
        loss = evaluation.loss if evaluation.status == "ok" else None
        yield {
            "trial": number,
            "configuration": json.dumps(configuration),
            "loss": loss,
            "model": surrogate is not None,
            "chosen": surrogate.chosen if surrogate else "",
            "proposals": json.dumps(dict(surrogate.proposals) if surrogate else {}),
            "good": json.dumps(list(surrogate.good) if surrogate else []),
            "curves": [(name, np.asarray(v, float).tolist()) for name, v in surrogate.curves.items()]
            if surrogate
            else [],
        }
        if loss is not None:
            worst = loss if worst is None else max(worst, loss)
        given = loss if loss is not None else worst
        own.tell(configuration, problem.baseline(problem.evaluate) if given is None else given, failed=loss is None)
