"""From a composed config to executed runs: plan, dry run, engine, progress, and what became of it."""

import json
import signal
import sys
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from statistics import fmean
from typing import Any

from omegaconf import DictConfig, OmegaConf
from rich.console import Console

from bench import results
from bench.config.components import locate
from bench.engines import Failure
from bench.running import progress
from bench.running import sweep as sweeps
from bench.running.cores import on_cores
from bench.running.run import RunSpec, execute, problem_of
from bench.running.sweep import Plan
from bench.running.trial_loop import RunFailed
from bench.store import Store
from bench.wording import plural, ranges


class RunsFailedError(Exception):
    """Some runs failed; the others are finished."""

    def __init__(self, failures: Sequence[Failure], runs: int) -> None:
        others = "; the others are finished" if runs > len(failures) else ""
        super().__init__(f"{len(failures)} of {runs} runs failed{others}")
        self.failures = failures

    def lines(self) -> Iterator[str]:
        """Each reason once, with the first of the runs that it ended, and how many."""
        by_reason: dict[str, list[Failure]] = defaultdict(list)
        for failure in self.failures:
            by_reason[failure.message.replace(str(failure.run), "")].append(failure)
        for failures in by_reason.values():
            first = failures[0]
            where = "" if str(first.run) in first.message else f"{first.run}: "
            more = f" (and {len(failures) - 1} more runs)" if len(failures) > 1 else ""
            yield f"{where}{first.message}{more}"


def single(config: DictConfig) -> None:
    """Do the one run of a config in this process, with all cores unless `threads` says otherwise."""
    (spec,) = sweeps.specify(config)
    plan = sweeps.plan([spec], overwrite=bool(config.overwrite), touch=not config.dry_run)

    def in_this_process(specs: Sequence[RunSpec]) -> list[Failure]:
        try:
            with on_cores(specs[0].threads):
                execute(specs[0])
        except RunFailed as error:
            return [Failure(specs[0].run, str(error))]
        return []

    _carry_out(config, plan, in_this_process)


def sweep(master: DictConfig, compose: Callable[[list[str]], DictConfig], arguments: list[str]) -> None:
    """Do the sweep that the overrides `arguments` select, with the engine of the config."""
    specs = sweeps.enumerate_runs(compose, master.get("blocks"), arguments)
    if master.threads is None:
        specs = (replace(spec, threads=1) for spec in specs)
    plan = sweeps.plan(specs, overwrite=bool(master.overwrite), touch=not master.dry_run)
    engine = {str(key): value for key, value in (OmegaConf.to_container(master.engine) or {}).items()}  # type: ignore[union-attr]
    settings = {key: value for key, value in engine.items() if key not in ("name", "description", "class")}
    run_all = locate("engine.class", engine.get("class"))
    _carry_out(master, plan, lambda specs: run_all(specs, **settings))


def _carry_out(config: DictConfig, plan: Plan, run_all: Callable[[list[RunSpec]], list[Failure]]) -> None:
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    for note in plan.notes:
        console.print(f"note: {note}", markup=False)
    if config.dry_run:
        for line in dry_run(plan):
            sys.stdout.write(line + "\n")
        return
    if not plan.to_do:
        console.print(f"{len(plan.done)} of {len(plan.done)} runs are done; nothing to do", markup=False)
        return
    to_do = _in_order(plan.to_do)
    Store(to_do[0].store).close()  # one that cannot be used is told before anything is loaded
    with _ended_by_sigterm():
        _load_once(to_do)
        with progress.shown(console, to_do, len(plan.done)):
            failures = run_all(to_do)
    store = Store(to_do[0].store, patient=True)
    done = {str(spec.run) for spec in to_do}
    for run, line in store.barren(to_do[0].run.experiment).items():
        if run in done:
            console.print(f"warning: {line}", markup=False)
    store.close()
    if failures:
        raise RunsFailedError(failures, len(to_do))
    experiment = to_do[0].run.experiment
    console.print(
        f"tables in {Path(to_do[0].results_dir) / experiment}; 'bench report {experiment}' draws them", markup=False
    )


def _load_once(specs: Sequence[RunSpec]) -> None:
    """Load each dataset and build each problem once, here, before any worker does.

    So a mistake in it is one message instead of one a run, and a download is made once instead of by all workers.
    """
    seen = set()
    for spec in specs:
        groups = json.dumps(
            [spec.config["dataset"], spec.config["model"], spec.config["resampling"], spec.config["metric"]]
        )
        if groups not in seen:
            seen.add(groups)
            problem_of(spec)


def _in_order(specs: Sequence[RunSpec]) -> list[RunSpec]:
    """Problem by problem, and within one seed by seed, so that what is there early compares all optimisers."""
    problems = {(spec.run.dataset, spec.run.model): place for place, spec in reversed(list(enumerate(specs)))}
    return sorted(specs, key=lambda spec: (problems[spec.run.dataset, spec.run.model], spec.run.seed))


def dry_run(plan: Plan) -> Iterator[str]:
    """What would run and what it would cost, in lines."""
    yield f"{len(plan.to_do) + len(plan.done)} runs: {len(plan.done)} done, {len(plan.to_do)} to do"
    finished: dict[tuple[str, str, str], list[int]] = defaultdict(list)
    for spec in plan.done:
        finished[spec.run.dataset, spec.run.model, spec.run.optimizer].append(spec.run.seed)
    for (dataset, model, optimizer), seeds in finished.items():
        yield f"  {dataset} {model} {optimizer}: done with {_seeds(seeds)}"
    groups: dict[tuple[str, str, str], list[RunSpec]] = defaultdict(list)
    for spec in plan.to_do:
        groups[spec.run.dataset, spec.run.model, spec.run.optimizer].append(spec)
    if not groups:
        return
    store = Store(plan.to_do[0].store)
    begun = {
        row["run"]: row["trials"] for name in {spec.run.experiment for spec in plan.to_do} for row in store.runs(name)
    }
    total = 0.0
    known = True
    for (dataset, model, optimizer), specs in groups.items():
        trials = sum(spec.trials or 0 for spec in specs)
        already = sum(min(begun.get(str(spec.run), 0), spec.trials or 0) for spec in specs)
        cost, source = store.mean_seconds(dataset, model), ""
        if cost is None and specs[0].trials is not None:
            cost, source = _seconds_in_tables(specs[0])
        time = "no evaluation measured yet"
        if specs[0].trials is None:
            limit = specs[0].seconds or 0.0
            time = f"{len(specs)} x {limit:g} s"
            total += len(specs) * limit
        elif cost is not None:
            seconds = (trials - already) * cost
            total += seconds
            time = f"{trials - already} x {cost:.2g} s{source} = {progress.duration(seconds)} of one core"
        else:
            known = False
        which = _seeds([spec.run.seed for spec in specs])
        runs = f"{plural(len(specs), 'run')} with {which}"
        yield f"  {dataset} {model} {optimizer}: {runs}, {trials} trials, {already} in the store; {time}"
    store.close()
    if known:
        yield f"expected: {progress.duration(total)} of one core for evaluations, and the optimisers' own time"


def _seconds_in_tables(spec: RunSpec, most: int = 20) -> tuple[float | None, str]:
    """The mean seconds of an evaluation in the tables of the first experiment on the same problem, and which it is.

    So a checkout that has another's tables and no store says what more runs will cost. Of an experiment `most` tables
    are read.
    """
    of_problem = ("dataset", "resampling", "model", "metric")
    wanted = sweeps.hashed(spec.config)
    for folder in sorted(Path(spec.results_dir).glob(f"*/{spec.run.dataset}/{spec.run.model}")):
        seconds: list[float] = []
        for path in sorted(folder.glob("*/*.parquet"))[:most]:
            try:
                table, metadata = results.read_run(path, ["evaluate_seconds"])
                there = sweeps.hashed(metadata["config"])
            except (results.UnreadableTable, KeyError, TypeError):
                continue
            if any(there.get(name) != wanted.get(name) for name in of_problem):
                break
            seconds += table["evaluate_seconds"].to_pylist()
        if seconds:
            return fmean(seconds), f" (as in {folder.parts[-3]})"
    return None, ""


def _seeds(seeds: Sequence[int]) -> str:
    return f"seed{'s' if len(seeds) > 1 else ''} {ranges(sorted(seeds))}"


@contextmanager
def _ended_by_sigterm() -> Iterator[None]:
    """Let SIGTERM end the program the way Ctrl-C does."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(_number: int, _frame: Any) -> None:
        raise Terminated

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


class Terminated(KeyboardInterrupt):
    """SIGTERM, which ends the program as Ctrl-C does, with a status of its own."""

    status = 143
