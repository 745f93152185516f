"""`compare`: from Python objects to the same configs, runs and tables as `bench run -m`."""

import importlib
import inspect
import sys
import threading
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf
from rich.console import Console

from bench import texts
from bench.api import components, surroundings
from bench.api import data as data_
from bench.api.comparison import Comparison
from bench.api.components import Choice, escaped, plain
from bench.api.handing import Hands
from bench.checks import whole
from bench.config import catalogue
from bench.config.values import OfSweep
from bench.errors import UserError, allowed
from bench.running import checks, compose, launch, next_steps
from bench.running.launch import RunsFailedError
from bench.running.run import RunSpec
from bench.running.sweep import enumerate_runs

_ALONE = threading.RLock()
"""Hydra, `sys.path` and the environment are the whole process's: two calls at a time wait for each other."""
_ARGUMENTS = {
    "dataset": "data", "model": "model", "optimizer": "optimizers", "seed": "seeds", "budget.trials": "trials",
    "budget.cost": "cost", "objectives": "objectives",
    "name": "name", "metric": "metric", "resampling": "resampling", "results_dir": "results_dir",
    "datasets_dir": "datasets_dir", "store": "store", "engine": "engine", "overwrite": "overwrite",
}  # fmt: skip
"""Keys of `bench run` that are arguments of `compare`."""
_OF_SHELL = ("experiment", "blocks", "dry_run", "hydra")
_OPEN = ("model", "optimizer")
"""Groups whose further keys are checked against the class that they name."""


class RunsFailed(UserError):
    """Some runs failed; the others are finished. The message has the lines that `bench run` prints."""

    def __init__(self, error: RunsFailedError) -> None:
        super().__init__(*error.lines(), str(error))
        self.failures = error.failures


def compare(
    data: Any = None,
    target: Any = None,
    model: Any = None,
    *,
    optimizers: Sequence[Any],
    objective: Callable[..., Any] | None = None,
    space: Mapping[str, Any] | None = None,
    seeds: int | Iterable[int] = 10,
    trials: int | None = 30,
    cost: float | None = None,
    fidelity: Mapping[str, Any] | None = None,
    objectives: Sequence[str] | None = None,
    name: str = "scratch",
    metric: str = "auto",
    resampling: str = "holdout",
    settings: Mapping[str, Any] | None = None,
    results_dir: str | Path = "results",
    datasets_dir: str | Path = "datasets",
    reports_dir: str | Path = "reports",
    config_dir: str | Path | None = None,
    store: str | None = None,
    engine: str = "local",
    overwrite: bool = False,
    progress: bool = True,
) -> Comparison:
    """Compare optimisers on a model and data, or on a function, and return the result.

    The runs are those of `bench run -m` on the same choices: the same tables in `results_dir`, the same store, so that
    a second call evaluates nothing, and one that was stopped goes on. Each seed has a split of its own (`seeds=paired`)
    unless `settings={"seeds": "fixed"}` says otherwise. It may be called from a notebook, from a thread, and from code
    that an event loop runs; two calls at a time wait for each other.

    data: a pandas DataFrame (its index is left out), an array of rows, `(X, y)`, the path of a file, or the name of a
        dataset (`bench list datasets`). What is in memory is written to `datasets_dir`/memory, by its content.
    target: the name of the column to predict, or its values.
    model: the name of a model, a scikit-learn estimator (its class, or an object with its settings), a class with `fit`
        as docs/contributing.md describes, or a mapping `{"class": ..., "settings": {...}}` (or `"config": name`).
    objective: instead of data and model, a function of a configuration (a dict) to be minimised.
    space: the search space, as in YAML (docs/spaces.md); needed for estimators, classes and functions.
    optimizers: names (`bench list optimizers`), classes with `ask` and `tell`, and mappings such as
        `{"config": "random", "name": "mine", "settings": {...}}`.
    seeds: how many, from 0, or which. trials: how many each run makes; None where `settings={"budget.seconds": 60}`
        alone limits it. cost: in the place of trials, how many full evaluations, in parts or whole.
    fidelity: the ladder of the model or objective, such as `{"low": 3, "high": 100, "eta": 3}`, for optimisers that end
        evaluations early; an objective is then called with `fidelity` as well (docs/fidelity.md).
    objectives: the names of several losses (docs/objectives.md): of a model `["log_loss", "size"]`, the metric first;
        of an objective what its losses are called, which it returns in this order, or in a dict by these names.
    settings: any other key of `bench run`: `{"model.settings.rounds": 50, "initial_design": "shared"}`.
    progress: False shows nothing of how the runs come along.

    Raises `UserError` with the message of the shell, `RunsFailed` where runs failed.

    >>> import tempfile
    >>> result = compare(
    ...     objective=lambda configuration: (configuration["x"] - 0.3) ** 2,
    ...     space={"x": {"type": "float", "low": 0.0, "high": 1.0, "levels": 11}},
    ...     optimizers=["random", "grid"],
    ...     seeds=2,
    ...     trials=4,
    ...     results_dir=tempfile.mkdtemp(),
    ...     progress=False,
    ... )
    >>> len(result.trials), sorted(result.best())
    (16, ['x'])
    >>> result.verdict.split(";")[0]
    'No ranking: 2 seeds are too few for any test'
    """
    hands, console = Hands(), _console(progress)
    folder, places = None if config_dir is None else Path(config_dir), (Path(datasets_dir), Path(reports_dir))
    with _ALONE, surroundings.kept(), _stopping(console):
        if objective is not None:
            chosen = _of_function(data, target, model, components.objective(objective, space, hands, fidelity))
        else:
            chosen = _of_data(data, target, name, places[0], folder, components.model(model, space, hands, fidelity))
        each = [components.optimizer(given, place, hands) for place, given in enumerate(_listed(optimizers))]
        choices, keys = _settings(settings, folder)
        groups = {"metric": metric, "resampling": resampling, "seeds": "paired", "engine": engine} | choices
        keys = {
            "name": name,
            "results_dir": str(results_dir),
            "datasets_dir": str(datasets_dir),
            "store": store,
            "overwrite": overwrite or bool(hands.anew),
            "budget.trials": plain("trials", trials) if cost is None else None,
            "budget.cost": plain("cost", cost),
            "objectives": plain("objectives", objectives),
            **keys,
        }
        for line in hands.anew:
            warnings.warn(line, stacklevel=2)
        with hands.over():
            master, specs = _specs(groups, keys, chosen, each, _seeds(seeds), folder)
            for line in catalogue.warnings(folder):
                console.print(f"warning: {texts.line(line)}", markup=False)
            try:
                with_objects = [replace(spec, handed=hands.pickled) for spec in specs]
                runs = launch.carry_out(master, with_objects, next_steps.in_python, console, _display(progress))
            except RunsFailedError as error:
                raise RunsFailed(error) from None
    return Comparison.of(runs[0], places[1], folder, hands)


def _specs(
    groups: Mapping[str, Any],
    keys: Mapping[str, Any],
    chosen: Sequence[Choice],
    optimizers: Sequence[Choice],
    seeds: str,
    config_dir: Path | None,
) -> tuple[DictConfig, list[RunSpec]]:
    """The config that holds for all runs, and the runs of each optimiser, by the door of `bench run -m`."""
    overrides = [f"{group}={choice}" for group, choice in groups.items()]
    overrides += [line for choice in chosen for line in choice.overrides]
    ends = [choice.overrides for choice in optimizers]
    master, composed = compose.swept(overrides, config_dir, [line for end in ends for line in end])
    _set(master, {key: value for key, value in keys.items() if key.split(".")[0] in OfSweep.model_fields})

    def configured(optimizer: Choice, choices: list[str]) -> DictConfig:
        config = composed(choices)
        parts = (*chosen, optimizer)
        OmegaConf.set_struct(config, False)
        for part in parts:
            if part.node is not None:
                OmegaConf.update(config, part.group, escaped(part.node), merge=False)
        _set(config, {key: value for part in parts for key, value in part.keys.items()})
        _set(config, keys)
        return config

    specs: list[RunSpec] = []
    for optimizer, end in zip(optimizers, ends, strict=True):
        specs += enumerate_runs(partial(configured, optimizer), None, [*overrides, *end, seeds])
    return master, specs


def _of_function(data: Any, target: Any, model: Any, choice: Choice) -> tuple[Choice, Choice]:
    for argument, value in (("data", data), ("target", target), ("model", model)):
        if value is not None:
            raise UserError(f"{argument}: stands beside objective, which has none; leave one of them out")
    return Choice("dataset", "function"), choice


def _of_data(
    given: Any, target: Any, name: str, datasets_dir: Path, config_dir: Path | None, model: Choice
) -> tuple[Choice, Choice]:
    if given is None:
        if target is not None or not _is_function(model, config_dir):
            raise UserError("data: missing; give a table, the name of a dataset or a file, or an objective instead")
        return Choice("dataset", "function"), model
    choice, keys = data_.chosen(given, target, name, datasets_dir, config_dir)
    return Choice("dataset", choice, keys=keys), model


def _is_function(model: Choice, config_dir: Path | None) -> bool:
    """Whether the config that is chosen is of a function, such as branin."""
    known = catalogue.names("model", config_dir)
    return model.choice in known and "function" in catalogue.config("model", str(model.choice), config_dir)


def _listed(optimizers: Any) -> Sequence[Any]:
    if isinstance(optimizers, str | Mapping) or inspect.isclass(optimizers):
        return [optimizers]
    if not isinstance(optimizers, Iterable) or not (every := list(optimizers)):
        raise UserError(
            "optimizers: expected a list of names or classes, at least one; 'bench list optimizers' shows them"
        )
    return every


def _seeds(seeds: Any) -> str:
    """The override that says which seeds."""
    seeds = plain(
        "seeds", list(seeds) if isinstance(seeds, Iterable) and not isinstance(seeds, str | Mapping) else seeds
    )
    every = seeds if isinstance(seeds, list) else range(whole("seeds", seeds, 1, 1_000_000, ", or a list of seeds"))
    if not every:
        raise UserError("seeds: is an empty list; give at least one")
    return f"seed={','.join(str(checks.seed(seed)) for seed in every)}"


def _settings(settings: Any, config_dir: Path | None) -> tuple[dict[str, str], dict[str, Any]]:
    """The choices of groups among the settings, and the keys to set."""
    if settings is not None and not isinstance(settings, Mapping):
        raise UserError(
            "settings: expected a mapping from keys of 'bench run' to values: {'model.settings.rounds': 50}"
        )
    choices: dict[str, str] = {}
    keys: dict[str, Any] = {}
    known = catalogue.groups(config_dir)
    for key, value in (settings or {}).items():
        if key in _ARGUMENTS:
            raise UserError(f"settings: {key} is an argument of compare; give it as {_ARGUMENTS[key]}=")
        if not isinstance(key, str) or key.split(".")[0] in _OF_SHELL:
            raise UserError(f"settings: {key!r} has no meaning here; 'bench run' alone takes it")
        if key in known and isinstance(value, str):
            choices[key] = value
        else:
            keys[key] = plain(f"settings: {key}", value)
    return choices, keys


def _set(config: DictConfig, keys: Mapping[str, Any]) -> None:
    """Set keys of a composed config as the command line does; raises `UserError` for one that is not there."""
    for key, value in keys.items():
        node: Any = config
        for name in key.split("."):
            there = isinstance(node, DictConfig) and name in node
            if not there and key.split(".")[0] not in _OPEN:
                near = (str(other) for other in node if other != "hydra") if isinstance(node, DictConfig) else ()
                raise UserError(f"{key}: no such key; {allowed(name, near)}")
            node = node[name] if there else None
        OmegaConf.update(config, key, escaped(value), merge=False, force_add=True)


def _console(progress: bool) -> Console:
    """Where lines go: stderr as of the command, in a notebook the cell, without progress nowhere."""
    shown: Any = {"quiet": not progress, "highlight": False, "soft_wrap": True}
    if Console().is_jupyter:
        return Console(file=sys.stdout, force_jupyter=False, color_system=None, **shown)
    return Console(stderr=True, **shown)


def _display(progress: bool) -> Callable[[str], None] | None:
    """In a notebook, what shows a text in the place of the one before."""
    if not progress or not Console().is_jupyter:
        return None
    first = importlib.import_module("IPython.display").display  # where this is a notebook, it is there
    handles: list[Any] = []

    def display(text: str) -> None:
        content = {"text/plain": text}
        if handles:
            handles[0].update(content, raw=True)
        else:
            handles.append(first(content, raw=True, display_id=True))

    return display


@contextmanager
def _stopping(console: Console) -> Iterator[None]:
    """Say that what Ctrl-C has stopped is not lost."""
    try:
        yield
    except KeyboardInterrupt:
        console.print("stopped; the same call goes on from here", markup=False)
        raise
