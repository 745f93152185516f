"""What is there: where an experiment's runs stand, and the best configuration found."""

import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import typer
from rich.console import Console

from bench import metrics, results, texts
from bench.checks import is_whole
from bench.cli import store as storing
from bench.errors import UserError, allowed
from bench.metrics import Scale
from bench.running import deciding, progress
from bench.store import Store, StoreError
from bench.wording import duration


def status(experiment: str, results_dir: Path, store_url: str | None, watch: bool) -> None:
    """Print the state of an experiment's runs, once or until all have ended."""
    results.refuse_links(results_dir, experiment, option="--results-dir")
    if store_url is None and not (results_dir / "store.sqlite").exists():
        _finished_only(experiment, results_dir)
        return
    store = storing.there(results_dir, store_url)
    console = Console(highlight=False, soft_wrap=True)
    while True:
        journalled = store.runs(experiment)
        if not journalled:
            _finished_only(experiment, results_dir)
            return
        for run in journalled:
            _check(store, run)
        rows = progress.gather(journalled)
        console.print(progress.status_table(rows, {}, _scales(experiment, results_dir)))
        _print_states(console, journalled)
        for state, error, count in store.errors(experiment):
            console.print(texts.line(f"{count} trials {state}: {error}", texts.SHOWN), markup=False)
        for line in store.barren(experiment).values():
            console.print(texts.line(line, texts.SHOWN), markup=False)
        if not watch or not any(run["alive"] for run in journalled):
            for line in [*_marks(results_dir, experiment), *deciding.standing(results_dir, experiment)]:
                console.print(texts.line(line, texts.SHOWN), markup=False)
            return
        time.sleep(2)


def _scales(experiment: str, results_dir: Path) -> dict[tuple[str, str], Scale]:
    """How losses are shown, by dataset and model, as the first finished run of each says."""
    scales: dict[tuple[str, str], Scale] = {}
    for run in results.find(results_dir, experiment):
        if (run.dataset, run.model) not in scales:
            with suppress(UserError):  # a damaged table, which is told of where it is asked for
                scales[run.dataset, run.model] = metrics.scale(results.read_metadata(results_dir, run).get("metric"))
    return scales


def _marks(results_dir: Path, experiment: str) -> Iterator[str]:
    """Which of the problems with a finished run are controls or replays, a line each."""
    seen: set[tuple[str, str]] = set()
    for run in results.find(results_dir, experiment):
        if (run.dataset, run.model) in seen:
            continue
        seen.add((run.dataset, run.model))
        with suppress(UserError):  # as above
            metadata = results.read_metadata(results_dir, run)
            if metadata.get("control"):
                yield f"{run.dataset}/{run.model}: a control (control={metadata['control']}), not a result"
            if isinstance(metadata.get("replay"), dict):
                forced = ", refused for its error and forced" if metadata["replay"].get("forced") else ""
                yield f"{run.dataset}/{run.model}: replayed from {metadata['replay'].get('experiment')}{forced}"


def _check(store: Store, run: dict[str, Any]) -> None:
    """Raise `StoreError` where it is no run's entry."""
    numbers = {name: is_whole(run[name], 0) for name in ("trials", "cached", "failures")}
    numbers["best_loss"] = run["best_loss"] is None or isinstance(run["best_loss"], int | float)
    numbers |= {name: _is_time(run[name]) for name in ("started_at", "updated_at")}
    for name, sound in numbers.items():
        if not sound:
            raise StoreError(
                f"store={store.database.public_url}: the run {run['run']!r} has {name}={str(run[name])[:40]!r}, which "
                "no run has; mend or remove it there"
            )


def _is_time(text: object) -> bool:
    try:
        return datetime.fromisoformat(str(text)).tzinfo is not None
    except ValueError:
        return False


def _print_states(console: Console, journalled: list[dict[str, Any]]) -> None:
    done = sum(run["state"] == "done" for run in journalled)
    running = sum(run["alive"] for run in journalled)
    failed = [run for run in journalled if run["state"] == "failed"]
    stopped = len(journalled) - done - running - len(failed)
    console.print(f"{done} done, {running} running, {len(failed)} failed, {stopped} interrupted", markup=False)
    console.print(_said_of_trials(journalled), markup=False)
    for run in failed:
        console.print(texts.line(f"{run['run']}: {run['error']}", texts.SHOWN), markup=False)


def _said_of_trials(journalled: list[dict[str, Any]]) -> str:
    """How many trials were made, how many the store served, how fast they come, and how long the runs begun will take.

    The pace is that of the runs under way; how many trials they will make is taken from runs that are done: of the same
    optimiser where there is one, since one budget of cost buys others more trials or fewer, else of their problem.
    """
    trials, cached = (sum(run[name] for run in journalled) for name in ("trials", "cached"))
    parts = [f"{trials} trials", f"{100 * cached / trials if trials else 0:.0f} % from the store"]
    minutes = {run["run"]: _minutes(run) for run in journalled if run["alive"]}
    pace = sum(run["trials"] / minutes[run["run"]] for run in journalled if minutes.get(run["run"]))
    if pace:
        parts.append(f"{pace:.3g} a minute")
    goals: dict[tuple[str, ...], int] = {}
    for run in journalled:
        if run["state"] == "done":
            for key in _alike(run):
                goals[key] = max(run["trials"], goals.get(key, 0))
    under_way = [run for run in journalled if run["state"] == "running"]
    known = [(run, goals[key]) for run in under_way for key in [key for key in _alike(run) if key in goals][:1]]
    if pace and known and len(known) == len(under_way):
        left = sum(max(0, goal - run["trials"]) for run, goal in known)
        parts.append(f"about {duration(60 * left / pace)} left for the runs begun")
    return ", ".join(parts)


def _alike(run: dict[str, Any]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What names the runs that make as many trials: best those of its optimiser, else those of its problem."""
    problem = run["dataset"], run["model"]
    return (*problem, run["optimizer"]), problem


def _minutes(run: dict[str, Any]) -> float:
    """How long a run has been under way, until it was last heard of."""
    start, last = (datetime.fromisoformat(str(run[name])) for name in ("started_at", "updated_at"))
    return (last - start).total_seconds() / 60


def _finished_only(experiment: str, results_dir: Path) -> None:
    """Without a store, say what the tables say."""
    tables = results.find(results_dir, experiment)
    if not tables:
        raise UserError(f"experiment {experiment!r}: nothing in {results_dir}; {_known(results_dir, experiment)}")
    where = f"in {results_dir / experiment}; no store in {results_dir} knows more (--store)"
    typer.echo(texts.line(f"{len(tables)} finished runs {where}"))
    for line in [*_marks(results_dir, experiment), *deciding.standing(results_dir, experiment)]:
        typer.echo(texts.line(line, texts.SHOWN))


def _known(results_dir: Path, experiment: str) -> str:
    known = results.others(results_dir, experiment)
    return allowed(experiment, known) if known else f"'bench run name={experiment}' makes some"
