"""The frame of every script: the data and its split by `bench.datasets`, the loss by `bench.metrics`, the folds."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from bench.config.own_file import is_own_file
from bench.config.schema import ABOUT
from bench.datasets.loading import OWN_KEYS
from bench.datasets.roles import ROLES
from bench.datasets.table import OF_COLUMNS
from bench.errors import UserError
from bench.problems.data import DataProblem
from bench.problems.function import FunctionProblem
from bench.results.best import Best, bests
from bench.running.rebuilding import configuration_of, problem_of, recipe_of
from bench.running.script import boosted, contract, estimator, function
from bench.running.script.literals import Source, literal
from bench.running.script.training import Training

_WRITERS = {
    "bench.models.lightgbm.LightGBM": boosted.lightgbm,
    "bench.models.xgboost.XGBoost": boosted.xgboost,
    "bench.models.scikit_learn.Estimator": estimator.scikit_learn,
}
"""What writes the training of a class of model; of any other `contract` does."""


def script(
    experiment: str,
    dataset: str | None,
    model: str | None,
    results_dir: Path,
    datasets_dir: Path,
    data: Path | None = None,
    config_dir: Path | None = None,
) -> str:
    """A script that trains the best trial of a problem, and prints its validation and test loss to the last digit.

    Nothing is trained here, but the data is read, to see what the script needs. Raises `UserError` where there are
    several problems to choose from, or the problem cannot be built again as it was.
    """
    chosen = bests(experiment, dataset, model, results_dir)
    if len(chosen) > 1:
        names = [each if isinstance(each, str) else f"{each.run.dataset} {each.run.model}" for each in chosen]
        raise UserError(
            f"--python: writes one script, and these are {len(chosen)} problems: {', '.join(names)}; "
            "choose with --dataset and --model"
        )
    best = chosen[0]
    if isinstance(best, str):
        raise UserError(f"--python: {best}: no trial succeeded")
    problem = problem_of(best, recipe_of(best, datasets_dir, config_dir, data))
    configuration = configuration_of(best, problem)
    title = "\n".join(_quotable(line.removeprefix("# ")) for line in best.head.splitlines())
    if isinstance(problem, FunctionProblem):
        return function.script(title, problem, configuration)
    if not isinstance(problem, DataProblem):
        raise UserError(f"--python: {best.run}: was looked up in a recorded table; there is nothing to train")
    write = _WRITERS.get(str(problem.recipe.groups["model"]["class"]), contract.any_model)
    return _script(title, best, problem, write(problem, configuration))


def _script(title: str, best: Best, problem: DataProblem, training: Training) -> str:
    if problem.split.refit:
        raise UserError(
            f"--python: {best.run}: its test loss is that of a refit (resampling.refit), which a script does not make; "
            "use bench fit --rows train+valid"
        )
    groups, seeds = problem.recipe.groups, problem.recipe.groups["seeds"]
    seed = best.run.seed if seeds["split"] == "seed" else seeds["split"]
    resampling = {key: value for key, value in groups["resampling"].items() if key not in ("name", *ABOUT)}
    dataset = {key: value for key, value in groups["dataset"].items() if not _says_nothing(groups["dataset"], key)}
    usage = ""
    if "path" in dataset:
        dataset["path"] = Source("sys.argv[1]")
        usage = "\nRun it with the file of the data as its argument."
    tests = "" if best.test_loss is None else f", on test data {best.test_loss!r}"
    several, tested, weighed = len(problem.split.folds) > 1, problem.split.test is not None, problem.dataset.weights
    plain = {"from pathlib import Path"} | ({"import sys"} if usage else set())
    plain |= {"import math"} if several else set()
    imports = [plain | training.standard, training.others, {"from bench import datasets, metrics", *training.own}]
    loaded = [
        'data = datasets.load(DATASET, Path("datasets"))',
        f"split = datasets.split(data, RESAMPLING, seed={int(seed)})",
        f"metric = metrics.get({literal(problem.metric.name)}, data.task)",
    ]
    blocks = [
        f'"""{title}\n\nIt reached {best.loss!r}{tests}, and so does this script.{usage}\n"""\n',
        *("\n".join(_together(group)) + "\n" for group in imports if group),
        f"DATASET = {literal(dataset)}\nRESAMPLING = {literal(resampling)}\n{training.constants}",
        "\n".join([*loaded, training.prepared]),
        f"\n{training.functions.strip()}\n\n",
        _folds(training, weighted=weighed is not None, tested=tested)
        if several
        else _fold(training, weighted=weighed is not None, tested=tested),
    ]
    return "\n".join(blocks)


def _together(lines: Iterable[str]) -> list[str]:
    """A group of imports in order, the names of one module in one line."""
    whole, of_module = [], dict[str, list[str]]()
    for line in sorted(lines):
        module, _, name = line.partition(" import ")
        if name:
            of_module.setdefault(module, []).append(name)
        else:
            whole.append(line)
    return [*whole, *(f"{module} import {', '.join(names)}" for module, names in of_module.items())]


def _fold(training: Training, *, weighted: bool, tested: bool) -> str:
    lines = ["(fold,) = split.folds", "model = fit(fold)"]
    lines += [f'print("validation loss", {_loss("fold.valid", training.predict("fold.valid"), weighted)})']
    lines += [f'print("test loss", {_loss("split.test", training.predict("split.test"), weighted)})'] if tested else []
    return "\n".join(lines) + "\n"


def _folds(training: Training, *, weighted: bool, tested: bool) -> str:
    lines = ["losses, tests = [], []" if tested else "losses = []", "for fold in split.folds:"]
    lines += ["    model = fit(fold)"]
    lines += [f"    losses.append({_loss('fold.valid', training.predict('fold.valid'), weighted)})"]
    lines += [f"    tests.append({training.predict('split.test')})"] if tested else []
    lines += ["", 'print("validation loss", math.fsum(losses) / len(losses))']
    lines += [f'print("test loss", {_loss("split.test", "sum(tests) / len(tests)", weighted)})'] if tested else []
    return "\n".join(lines) + "\n"


def _loss(rows: str, predicted: str, weighted: bool) -> str:
    weights = f", data.weights[{rows}]" if weighted else ""
    return f"metric.loss(data.target[{rows}], {predicted}{weights})"


def _quotable(line: str) -> str:
    """A line of a table's texts, which cannot end the docstring that it stands in."""
    return "".join(character if character.isprintable() else " " for character in line.translate(_ENDS))


_ENDS = str.maketrans({'"': "'", "\\": "/"})


def _says_nothing(config: Mapping[str, Any], key: str) -> bool:
    """Whether a key of a dataset's config changes nothing of what is loaded."""
    known = key in (*OWN_KEYS, *ROLES, *OF_COLUMNS) or is_own_file(config)
    value = config[key]
    usual = (
        value is None
        or value in ([], {})
        or (key, value) in (("drop_missing_target", False), ("rare_classes", "error"))
    )
    return key in ABOUT or (known and usual)
