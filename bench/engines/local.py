"""The local engine: worker processes (loky), each with one thread (or `threads`), and at work as many cores of its own.

A worker that dies takes the pool with it, so the pool is made anew and unfinished runs are taken up again, from the
store. A run that was under way at several deaths without getting any further is put off to the end and done alone, so
that it takes no other with it; if it gets no further even there, it has failed.
"""

import os
import signal
import sys
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import as_completed

from loky import ProcessPoolExecutor
from loky.backend.context import LokyContext
from loky.process_executor import BrokenProcessPool

from bench.checks import whole
from bench.engines import semaphores
from bench.engines.worker import DEATHS, ONE_THREAD, threads_of, work
from bench.errors import UserError
from bench.results import RunId
from bench.running.child import die_with_parent, environment_of_child
from bench.running.cores import at_work, cores, lockable, note_unpinned
from bench.running.run import Failure, RunSpec
from bench.store import Store


def execute(specs: Sequence[RunSpec], workers: int | None = None) -> list[Failure]:
    """Do all runs on this machine with `workers` processes, by default as many as there are cores for their threads."""
    threads = threads_of(specs)
    count = max(1, cores() // threads) if workers is None else workers
    whole("engine.workers", count, 1, otherwise=", or null for all cores")
    if not specs:
        return []
    reason = lockable(threads)
    if reason is not None:
        note_unpinned(reason)
    semaphores.leave_none()
    store = Store(specs[0].store, patient=True)
    failures: list[Failure] = []
    stuck = _until_done_or_stuck(store, list(specs), count, failures)
    for spec in stuck:
        if _until_done_or_stuck(store, [spec], 1, failures):
            message = "its worker process died again and again, outside of any evaluation; the system's log may say why"
            failures.append(Failure(spec.run, message))
    store.close()
    return failures


def _until_done_or_stuck(store: Store, left: list[RunSpec], workers: int, failures: list[Failure]) -> list[RunSpec]:
    """Do runs, with a new pool after each death; returns those that got no further at `DEATHS` deaths in a row."""
    stuck: list[RunSpec] = []
    reached: dict[RunId, int] = {}
    deaths: Counter[RunId] = Counter()
    idle = 0
    while left:
        left, broken = _round(left, min(workers, len(left)), failures)
        if not broken:
            break
        under_way = _under_way(store, left)
        idle = 0 if under_way else idle + 1
        if idle == DEATHS:
            raise UserError(
                f"engine: {DEATHS} times in a row a worker died before it began a run; the machine may be out of memory"
            )
        for run, trials in under_way.items():
            deaths[run] = 1 if trials > reached.get(run, -1) else deaths[run] + 1
            reached[run] = max(trials, reached.get(run, -1))
        stuck += [spec for spec in left if deaths[spec.run] >= DEATHS]
        left = [spec for spec in left if deaths[spec.run] < DEATHS]
    return stuck


def _round(specs: Sequence[RunSpec], workers: int, failures: list[Failure]) -> tuple[list[RunSpec], bool]:
    """Do runs until all are done or a worker dies; returns those that are left, and whether one died."""
    threads = max(spec.threads for spec in specs)
    executor = ProcessPoolExecutor(
        max_workers=workers,
        context=LokyContext(),  # else that of joblib's copy of loky, where it was imported last
        initializer=_start,
        initargs=(os.getpid(), list(sys.path)),
        env=environment_of_child() | (ONE_THREAD if threads == 1 else {}),
    )
    try:
        futures = {executor.submit(_work, spec, threads): spec for spec in specs}
        finished = set()
        for future in as_completed(futures):
            try:
                message = future.result()
            except BrokenProcessPool:
                return [spec for other, spec in futures.items() if other not in finished], True
            finished.add(future)
            if message is not None:
                failures.append(Failure(futures[future].run, message))
        return [], False
    finally:
        executor.shutdown(wait=True, kill_workers=True)


def _under_way(store: Store, specs: Sequence[RunSpec]) -> dict[RunId, int]:
    """Those runs that a worker had begun and not ended, and how many trials they had."""
    begun = {
        row["run"]: row["trials"]
        for experiment in {spec.run.experiment for spec in specs}
        for row in store.runs(experiment)
        if row["state"] == "running"
    }
    return {spec.run: begun[str(spec.run)] for spec in specs if str(spec.run) in begun}


def _start(parent: int, path: list[str]) -> None:
    """Make this process a worker: Ctrl-C is the parent's to handle."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.path[:] = path
    die_with_parent(parent)


def _work(spec: RunSpec, threads: int) -> str | None:
    """Do one run on cores of this worker's own, which it gives back: what is idle holds none."""
    with at_work(threads):
        return work(spec)
