"""What to do next, as the last lines of a command say it: commands that work as they stand."""

from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from bench import files, results
from bench.config import catalogue
from bench.config.own_file import is_own_file
from bench.errors import UserError
from bench.results import RunId
from bench.running.run import RunSpec
from bench.wording import command

OF_THE_SUITE = "bench.models."
"""Where the models stand that can be saved."""


def after_run(specs: Sequence[RunSpec], config_dir: Path | None = None) -> Iterator[str]:
    """The last lines of `bench run`: where the tables are, what draws them, and what saves the winner."""
    experiment, folder = specs[0].run.experiment, Path(specs[0].results_dir)
    places = _place("results", folder)
    yield f"tables in {folder / experiment}; '{command('bench', 'report', experiment, *places)}' draws them"
    places += _place("datasets", Path(specs[0].datasets_dir))
    places += [] if config_dir is None else ["--config-dir", str(config_dir)]
    yield from _saved({spec.run: spec.config for spec in specs}, _given, places)


def in_python(specs: Sequence[RunSpec]) -> Iterator[str]:
    """The last line of `bench.compare`."""
    of_data = any(spec.run.dataset != "function" for spec in specs)
    saved = ", .fit() trains and saves what won" if of_data else ""
    yield f"tables in {Path(specs[0].results_dir) / specs[0].run.experiment}; .report() draws them{saved}"


def after_report(experiment: str, results_dir: Path) -> Iterator[str]:
    """What saves the winner, as the last line of `bench report` and `bench best` says it."""
    try:
        runs = {run: results.read_metadata(results_dir, run) for run in _one_a_problem(experiment, results_dir)}
    except UserError:  # of which the report itself has spoken
        return
    configs = {run: data.get("config") for run, data in runs.items() if not data.get("imported")}
    plain = {run: config for run, config in configs.items() if isinstance(config, Mapping)}
    yield from _saved(plain, _located, _place("results", results_dir), catalogue.names("model"))


def _saved(
    configs: Mapping[RunId, Mapping[str, Any]],
    data: Callable[[Mapping[str, Any]], list[str]],
    places: Sequence[str],
    models: Container[object] | None = None,
) -> Iterator[str]:
    """The command that saves the winner of the first problem that has a model to save; nothing where there is none.

    With `models` only of those: another needs the folder of its config, which no table records.
    """
    problems = {f"{run.dataset}/{run.model}" for run in configs}
    for run, config in configs.items():
        dataset, model = (_mapping(config.get(name)) for name in ("dataset", "model"))
        if not str(model.get("class")).startswith(OF_THE_SUITE) or (
            models is not None and model.get("name") not in models
        ):
            continue
        which = ["--problem", f"{run.dataset}/{run.model}"] if len(problems) > 1 else []
        file = data(dataset) if is_own_file(dataset) else []
        words = ["bench", "fit", run.experiment, *which, *file, *places, "--out", f"models/{run.experiment}"]
        yield f"to train and save what won: {command(*words)}"
        return


def _given(dataset: Mapping[str, Any]) -> list[str]:
    """The file as the run was given it, from the working folder where it is in it."""
    path = Path(str(dataset.get("path"))).expanduser().absolute()
    return ["--data", str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)]


def _located(dataset: Mapping[str, Any]) -> list[str]:
    """The file of the working folder that has the recorded digest; a word in its place where none has."""
    from bench.datasets import locating  # noqa: PLC0415 - with what reads tables, which a run of a function does without

    return [
        "--data",
        str(locating.with_digest(dataset.get("sha256"), [Path(), Path("datasets", files.MEMORY)]) or "FILE"),
    ]


def _one_a_problem(experiment: str, results_dir: Path) -> list[RunId]:
    first: dict[tuple[str, str], RunId] = {}
    for run in results.find_some(results_dir, experiment):
        first.setdefault((run.dataset, run.model), run)
    return list(first.values())


def _place(name: str, folder: Path) -> list[str]:
    """The option that names a folder, where it is not the usual one."""
    return [] if folder.absolute() == Path(name).absolute() else [f"--{name}-dir", str(folder)]


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
