"""A recorded trial's problem and configuration, built again as they were, from what is registered alone."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from bench import problems
from bench.errors import DataOptionError, UserError
from bench.problems import Recipe
from bench.problems.data import DataProblem
from bench.problems.function import FunctionProblem
from bench.problems.recorded import RecordedProblem
from bench.results import UnreadableTable
from bench.results.best import Best
from bench.running import trusted
from bench.space import Configuration, InvalidConfiguration

AnyProblem = DataProblem | FunctionProblem | RecordedProblem


def recipe_of(best: Best, datasets_dir: Path, config_dir: Path | None, data: Path | None) -> Recipe:
    """What its problem is built from; `data` is the file of a dataset of one's own. Nothing is loaded.

    Raises `UserError` where it names what is not registered, or the file is missing or not wanted.
    """
    if best.metadata.get("imported"):
        raise UserError(f"{best.run}: was imported, without what its model was trained on")
    if data is not None and not data.is_file():
        raise UserError(f"--data={data}: no such file")
    if data is not None and not trusted.takes_file(best.metadata, config_dir):
        raise UserError(f"--data={data}: the dataset of {best.run} is no file of yours; leave it out")
    try:
        return replace(trusted.recipe(best.metadata, best.run.seed, datasets_dir, config_dir, data), seed=best.run.seed)
    except DataOptionError:
        raise
    except UserError as error:
        raise UserError(f"{best.run}: {error}") from None


def problem_of(best: Best, recipe: Recipe) -> AnyProblem:
    """Its problem; raises `UserError` where that is another now, or cannot be built."""
    try:
        problem: Any = problems.shared(recipe)
    except UserError as error:
        raise UserError(f"{best.run}: {error}") from None
    if problem.hash != best.metadata.get("problem"):
        raise UserError(
            f"{best.run}: its problem is another now (the data, the split or the model's revision has changed); "
            "run the experiment again"
        )
    return problem  # type: ignore[no-any-return]


def configuration_of(best: Best, problem: AnyProblem) -> Configuration:
    """The trial's configuration as a point of the problem's space; `UnreadableTable` where it is none."""
    try:
        return problem.space.canonical(best.configuration)
    except (InvalidConfiguration, ValueError, RecursionError) as error:
        reason = f"the configuration of trial {best.row['trial']} is none of its space ({error}); delete it"
        raise UnreadableTable(best.path, reason) from None
