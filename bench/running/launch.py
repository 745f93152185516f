"""From a composed config to executed runs: plan, dry run, engine, progress, and what became of it."""

import json
import signal
import sys
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf
from rich.console import Console

from bench import files, metrics, problems, results, texts
from bench.config import schema, values
from bench.config.components import check_settings, locate, parameters
from bench.errors import UserError
from bench.metrics import Scale
from bench.results import packing
from bench.running import child_process, deciding, dry_run, ladders, next_steps, outcome, progress, replaying, tracked
from bench.running.cores import on_cores
from bench.running.evaluating import evaluate
from bench.running.plan import Plan, plan_runs
from bench.running.run import Failure, RunSpec, execute, problem_of
from bench.running.sweep import enumerate_runs, specify
from bench.running.trial_loop import RunFailed
from bench.store import Store

Closing = Callable[[Sequence[RunSpec]], Iterable[str]]
"""What the last lines say of runs that are finished: where they are, and what to do next."""


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
            yield f"{where}{texts.line(first.message, texts.SHOWN)}{more}"


def single(config: DictConfig, config_dir: Path | None = None, console: Console | None = None) -> None:
    """Do the one run of a config in this process, with all cores unless `threads` says otherwise.

    The last lines name the commands to go on with, `config_dir` among their options. What is shown goes to `console`,
    by default stderr.
    """
    if config.seeds.get("until") is not None:
        raise UserError(
            f"seeds.until={config.seeds.until}: a single run has no seeds to add; compare optimisers with -m, as in "
            "bench run -m optimizer=random,optuna_tpe seeds.until=decided"
        )
    (spec,) = specify(config)
    plan = plan_runs([spec], overwrite=bool(config.overwrite), touch=not config.dry_run)

    def in_this_process(specs: Sequence[RunSpec]) -> list[Failure]:
        try:
            with on_cores(specs[0].threads):
                execute(specs[0])
        except RunFailed as error:
            return [Failure(specs[0].run, str(error))]
        return []

    _carry_out(config, plan, in_this_process, partial(next_steps.after_run, config_dir=config_dir), console)


def sweep(
    master: DictConfig,
    compose: Callable[[list[str]], DictConfig],
    overrides: Sequence[str],
    config_dir: Path | None = None,
) -> None:
    """Do a sweep with the engine of its config.

    `master` is the config without the choices that are swept, `compose` makes a config of overrides without choices,
    and `overrides` are those of the command line.
    """
    _of_sweep(master)
    closing = partial(next_steps.after_run, config_dir=config_dir)
    carry_out(master, enumerate_runs(compose, master.get("blocks"), overrides), closing)


def carry_out(
    master: DictConfig,
    specs: Iterable[RunSpec],
    closing: Closing,
    console: Console | None = None,
    display: progress.Display | None = None,
) -> list[RunSpec]:
    """Do runs with the engine of the config `master`; returns all of them, those that were done before at the end.

    What is noticed goes to `console`, by default stderr; progress too, unless there is a `display`. The
    last lines are what `closing` says of the runs. Raises `RunsFailedError` once the others are finished.
    """
    config = _of_sweep(master)
    if master.threads is None:
        specs = (replace(spec, threads=1) for spec in specs)
    plan = plan_runs(specs, overwrite=master.overwrite, touch=not master.dry_run)
    settings = {key: value for key, value in config["engine"].items() if key not in ("name", "class", *schema.ABOUT)}
    path = config["engine"]["class"]
    run_all = locate("engine.class", path)
    check_settings("engine", path, parameters(run_all, 1), settings)
    return _carry_out(master, plan, partial(run_all, **settings), closing, console, display)


def _of_sweep(master: DictConfig) -> dict[str, Any]:
    """The keys of `master` that hold for all runs, checked."""
    known = OmegaConf.masked_copy(master, [key for key in values.OfSweep.model_fields if key in master])
    config: Any = OmegaConf.to_container(known, resolve=True, throw_on_missing=True)
    values.check_sweep(config)
    return dict(config)


def _carry_out(
    config: DictConfig,
    plan: Plan,
    run_all: Callable[[list[RunSpec]], list[Failure]],
    closing: Closing,
    console: Console | None = None,
    display: progress.Display | None = None,
) -> list[RunSpec]:
    console = console or Console(stderr=True, highlight=False, soft_wrap=True)
    for note in plan.notes:
        console.print(f"note: {texts.line(note)}", markup=False)
    rounds = deciding.rounds(plan, lambda line: console.print(texts.line(line, texts.SHOWN), markup=False))
    first = next(rounds, None)
    if config.dry_run:
        for line in dry_run.lines(replace(plan, to_do=[] if first is None else first.specs), first):
            sys.stdout.write(line + "\n")
        return plan.done
    tracking: Any = OmegaConf.to_container(config.tracking, resolve=True)
    tracked.check(tracking)

    def of_tracking(line: str) -> None:
        console.print(line, markup=False)

    if first is None:
        console.print(f"{len(plan.done)} of {len(plan.done)} runs are done; nothing to do", markup=False)
        with tracked.sent(tracking, plan.done, of_tracking):
            pass
        _tidy(config, plan.done, console)
        _close(plan.done, console, closing)
        return plan.done
    every = _in_order([*first.specs, *first.further])
    for line in _told_one_loss(every):
        console.print(f"note: {texts.line(line)}", markup=False)
    Store(every[0].store).close()  # one that cannot be used is told before anything is loaded
    ended: list[RunSpec] = []
    failures: list[Failure] = []
    with ended_by_signals():
        scales = _load_once(every, console)
        with tracked.sent(tracking, every, of_tracking):
            for each in chain([first], rounds):
                to_do = _in_order(each.specs)
                with progress.shown(console, to_do, len(plan.done) + len(ended), scales, display):
                    failures += run_all(to_do)
                ended += to_do
    store = Store(every[0].store, patient=True)
    done = {str(spec.run) for spec in ended}
    for run, line in store.barren(every[0].run.experiment).items():
        if run in done:
            console.print(f"warning: {texts.line(line)}", markup=False)
    store.close()
    _tidy(config, [*plan.done, *ended], console)
    _close([*plan.done, *ended], console, closing if not failures else None)
    if failures:
        raise RunsFailedError(failures, len(ended))
    return ended + plan.done


def _tidy(config: DictConfig, specs: Sequence[RunSpec], console: Console) -> None:
    """Pack the finished runs of the experiments of `specs`, where the config says so; leave nothing half written."""
    for folder, experiment in sorted({(spec.results_dir, spec.run.experiment) for spec in specs}):
        files.leave_no_parts(Path(folder) / experiment)
        if config.results.pack and results.find(Path(folder), experiment):
            for line in packing.lines(experiment, packing.pack(Path(folder), experiment)):
                console.print(texts.line(line, texts.SHOWN), markup=False)


def _close(specs: Sequence[RunSpec], console: Console, closing: Closing | None) -> None:
    """The last lines: the values that the runs ended with, and what to do next, if all of them have a table."""
    for line in [*outcome.lines(specs), *(closing(specs) if closing is not None else [])]:
        console.print(texts.line(line, texts.SHOWN), markup=False)


def _load_once(specs: Sequence[RunSpec], console: Console) -> dict[tuple[str, str], Scale]:
    """Load each dataset and build each problem once, here, before any worker does; say what a user's file was read as.

    Returns how losses are shown, by dataset and model.

    So a mistake in it is one message instead of one a run, and a download is made once instead of by all workers. What
    is evaluated to see whether a config is right is evaluated within the limits of its runs.
    """
    seen, said = set(), set()
    scales: dict[tuple[str, str], Scale] = {}
    for spec in specs:
        groups = json.dumps(
            [spec.config.get(name) for name in ("dataset", "model", "resampling", "metric", *problems.OPTIONAL)]
        )
        if groups not in seen:
            seen.add(groups)
            problem = problem_of(spec)
            for line in [*dry_run.understood(spec), *dry_run.warned(problem), *replaying.lines(problem)]:
                if line not in said:
                    said.add(line)
                    console.print(texts.line(line), markup=False)
            problem.check(partial(evaluate, problem, limits=spec.limits))
            scales[spec.run.dataset, spec.run.model] = metrics.scale(problem.label)
    if len(specs) > 1:
        child_process.cool()  # the runs are done by workers, with children of their own
    return scales


def _told_one_loss(specs: Sequence[RunSpec]) -> Iterator[str]:
    """Which optimisers look at the first of several losses alone; those that look at none are left out."""
    by_first: dict[str, dict[str, None]] = defaultdict(dict)
    for spec in specs:
        names, optimizer = spec.config.get("objectives"), spec.config["optimizer"]
        blind = names and getattr(locate("optimizer.class", optimizer["class"]), "independent", False)
        if names and not blind and len(ladders.told(optimizer, names)) == 1:
            by_first[names[0]][spec.run.optimizer] = None
    for first, optimizers in by_first.items():
        yield f"{', '.join(optimizers)}: of one loss alone, and given the first of objectives, {first}"


def _in_order(specs: Sequence[RunSpec]) -> list[RunSpec]:
    """Problem by problem, and within one seed by seed, so that what is there early compares all optimisers."""
    problems = {(spec.run.dataset, spec.run.model): place for place, spec in reversed(list(enumerate(specs)))}
    return sorted(specs, key=lambda spec: (problems[spec.run.dataset, spec.run.model], spec.run.seed))


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """Let SIGTERM, and SIGHUP where it is not ignored as under nohup, end the program the way Ctrl-C does."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    told: list[int] = []

    def stop(number: int, _frame: Any) -> None:
        told.append(number)
        raise Terminated(number)

    numbers = [signal.SIGTERM, *(number for number in _HANGUP if signal.getsignal(number) != signal.SIG_IGN)]
    before = {number: signal.signal(number, stop) for number in numbers}
    try:
        yield
    except KeyboardInterrupt as interrupt:
        if told and not isinstance(interrupt, Terminated):  # Ray raises a plain one in the place of it
            raise Terminated(told[0]) from None
        raise
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


_HANGUP = [signal.SIGHUP] if hasattr(signal, "SIGHUP") else []
"""What a terminal that is closed and a connection that is lost send; Windows has none."""


class Terminated(KeyboardInterrupt):
    """SIGTERM or SIGHUP, which ends the program as Ctrl-C does, with the status that a shell has for it."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.status = 128 + number
