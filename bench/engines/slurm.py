"""The Slurm engine: the runs of a sweep as one job array, through submitit.

The command stays and waits, shows how the runs come along, and tells what failed; Ctrl-C cancels the jobs. A job does
`runs_per_job` runs one after the other. Runs of a job that ended early, by a node's failure, its time or an operator,
are submitted again: they replay from the store. One that gets no further three times in a row has failed. A job that is
told that its time is nearly up, or that it is preempted, stops and is queued again by Slurm itself.
"""

import os
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import submitit

from bench.checks import whole
from bench.engines.worker import DEATHS, environment, mapping, refuse_sqlite, threads_of, work
from bench.errors import UserError
from bench.results import RunId
from bench.running.child import import_path, take_import_path
from bench.running.run import Failure, RunSpec
from bench.store import Store
from bench.store.database import without_password

STORE = "HPO_COMPARE_STORE"
"""The variable by which jobs learn the store's URL: its password must not stand in submitit's files."""
POLL_SECONDS = 1.0
GONE = 3
"""At how many looks in a row a job that has left no result must be missing from the queue to be taken for dead."""


class Preempted(KeyboardInterrupt):
    """The job is queued again: it must stop, and nothing that it was doing is an outcome."""


class Job:
    """The runs of one job, as submitit sends them; called again after Slurm has queued the job anew."""

    def __init__(self, path: Sequence[str]) -> None:
        self._path = list(path)

    def __call__(self, specs: Sequence[RunSpec]) -> dict[RunId, str]:
        """Do the runs; returns why each of those that failed did."""
        _stop_when_told()
        take_import_path(self._path)
        store = os.environ.get(STORE)
        failures = {spec.run: work(spec if store is None else replace(spec, store=store)) for spec in specs}
        return {run: message for run, message in failures.items() if message is not None}

    def checkpoint(self, specs: Sequence[RunSpec]) -> submitit.helpers.DelayedSubmission:
        """What is queued again where the job's time is up or it is preempted: the same runs, which replay."""
        return submitit.helpers.DelayedSubmission(self, specs)


def _stop_when_told() -> None:
    """Let submitit's exit, when Slurm says that the time is up or the job preempted, be none of a model's own.

    A model that calls `sys.exit` has failed; what stops the process from outside says nothing of a configuration.
    """
    queue_again = signal.getsignal(signal.SIGUSR2)

    def stop(number: int, frame: Any) -> None:
        try:
            queue_again(number, frame)  # type: ignore[operator, misc]
        except SystemExit:
            raise Preempted from None

    if callable(queue_again):
        signal.signal(signal.SIGUSR2, stop)


def execute(
    specs: Sequence[RunSpec],
    runs_per_job: int = 1,
    jobs_at_once: int | None = None,
    minutes: int = 240,
    memory: str | None = "4G",
    partition: str | None = None,
    account: str | None = None,
    folder: str | None = None,
    setup: Sequence[str] | None = None,
    options: Mapping[str, Any] | None = None,
) -> list[Failure]:
    """Do all runs as jobs of Slurm.

    `minutes` and `memory` are each job's; `jobs_at_once` limits how many of the array run at one time; `setup` are
    shell lines before each job, such as "module load python"; `options` any other of sbatch, such as {qos: low}.
    `folder`, on a disk that all nodes have, is where submitit keeps its files: results_dir/.submitit by default.
    """
    for key, value, null in (
        ("runs_per_job", runs_per_job, False),
        ("jobs_at_once", jobs_at_once, True),
        ("minutes", minutes, False),
    ):
        if value is not None or not null:
            whole(f"engine.{key}", value, 1, otherwise=", or null" if null else "")
    refuse_sqlite("slurm", specs)
    if not specs:
        return []
    where = Path(folder or Path(specs[0].results_dir) / ".submitit").absolute()
    executor = _executor(where)
    threads = threads_of(specs)
    parameters = {
        "slurm_job_name": specs[0].run.experiment,
        "slurm_time": minutes,
        "slurm_mem": memory,
        "slurm_partition": partition,
        "slurm_account": account,
        "slurm_cpus_per_task": threads,
        "slurm_array_parallelism": jobs_at_once or max(1, -(-len(specs) // runs_per_job)),
        "slurm_setup": [*(f"export {_quoted(*pair)}" for pair in environment(threads).items()), *(setup or [])],
        "slurm_additional_parameters": dict(mapping("options", options)) or None,
    }
    executor.update_parameters(**{name: value for name, value in parameters.items() if value is not None})
    return _until_done(executor, list(specs), runs_per_job)


def _executor(where: Path) -> submitit.AutoExecutor:
    try:
        where.mkdir(parents=True, exist_ok=True)
        where.chmod(0o700)  # pickles are code: nobody else may write them
        return submitit.AutoExecutor(folder=where / "%j", cluster="slurm")
    except OSError as error:
        raise UserError(f"{where}: cannot be written ({error.strerror}); set engine.folder=...") from None
    except RuntimeError:
        raise UserError("engine=slurm: there is no sbatch here; start the command on a login node of Slurm") from None


def _quoted(name: str, value: str) -> str:
    escaped = value.replace("'", "'\\''")
    return f"{name}='{escaped}'"


def _until_done(executor: submitit.AutoExecutor, left: list[RunSpec], runs_per_job: int) -> list[Failure]:
    """Submit runs until each is done or has failed, those of jobs that died again and again."""
    failures: list[Failure] = []
    store = Store(left[0].store, patient=True)
    reached: dict[RunId, int] = {}
    deaths: Counter[RunId] = Counter()
    while left:
        lost = _round(executor, left, runs_per_job, failures)
        trials = _trials(store, [spec for spec, _ in lost])
        left = []
        for spec, message in lost:
            further = trials.get(spec.run, 0) > reached.get(spec.run, -1)
            deaths[spec.run] = 1 if further else deaths[spec.run] + 1
            reached[spec.run] = max(trials.get(spec.run, 0), reached.get(spec.run, -1))
            if deaths[spec.run] >= DEATHS:
                failures.append(Failure(spec.run, f"its job died again and again: {message}"))
            else:
                left.append(spec)
    store.close()
    return failures


def _round(
    executor: submitit.AutoExecutor, specs: Sequence[RunSpec], runs_per_job: int, failures: list[Failure]
) -> list[tuple[RunSpec, str]]:
    """Do runs as one array; returns those whose jobs died, with what Slurm says of it."""
    parts = [specs[start : start + runs_per_job] for start in range(0, len(specs), runs_per_job)]
    job = Job(import_path())
    os.environ[STORE] = specs[0].store
    try:
        with executor.batch():
            jobs = [executor.submit(job, [_hidden(spec) for spec in part]) for part in parts]
    except (RuntimeError, submitit.core.utils.FailedJobError) as error:
        raise UserError(f"engine=slurm: sbatch refused the jobs ({_last_line(str(error))})") from None
    lost: list[tuple[RunSpec, str]] = []
    try:
        waiting = dict(zip(jobs, parts, strict=True))
        missing: Counter[str] = Counter()
        while waiting:
            queued = _queued(waiting)
            for one in list(waiting):
                done = one.paths.result_pickle.exists()
                missing[one.job_id] = 0 if queued is None or one.job_id in queued else missing[one.job_id] + 1
                if done or missing[one.job_id] >= GONE:
                    lost += _outcome(one, waiting.pop(one), done, failures)
            time.sleep(POLL_SECONDS if waiting else 0)
        _end_requeued(jobs)
    except BaseException:
        for one in jobs:
            one.cancel(check=False)
        raise
    return lost


def _end_requeued(jobs: Sequence[Any]) -> None:
    """Cancel those that an operator has queued again while they finished: they would do it all once more.

    Until its process has ended, at most Slurm's KillWait later, such a job is completing. So is one that merely ends,
    for which being cancelled changes nothing.
    """
    for _ in range(GONE):
        if not _queued(jobs):  # most are gone at once
            return
        waiting = _queued(jobs, "--states=PENDING,COMPLETING") or ()
        for one in jobs:
            if one.job_id in waiting:
                one.cancel(check=False)
        time.sleep(POLL_SECONDS)


def _hidden(spec: RunSpec) -> RunSpec:
    return replace(spec, store=without_password(spec.store))


def _queued(jobs: Iterable[Any], *options: str) -> set[str] | None:
    """Those of the jobs that Slurm has, waiting or running; None where it does not answer now."""
    numbers = sorted({str(job.job_id).partition("_")[0] for job in jobs})
    command = ["squeue", "--noheader", "--array", "--format=%i", f"--jobs={','.join(numbers)}", *options]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return None
    if done.returncode and "Invalid job id" not in done.stderr:
        return None
    return set(done.stdout.split())


def _outcome(job: Any, part: Sequence[RunSpec], done: bool, failures: list[Failure]) -> list[tuple[RunSpec, str]]:
    """Note the failures of a job that has ended; returns its unfinished runs where it died."""
    try:
        if done:
            messages: dict[RunId, str] = job.result()
            failures += [Failure(run, message) for run, message in messages.items()]
            return []
        reason = _last_line(job.stderr() or "it left no word")
    except (submitit.core.utils.UncompletedJobError, submitit.core.utils.FailedJobError, OSError, EOFError) as error:
        reason = _last_line(str(error))
    message = f"job {job.job_id}: {reason}"
    return [(spec, message) for spec in part if spec.overwrite or spec.extends or not spec.finished]


def _trials(store: Store, specs: Sequence[RunSpec]) -> dict[RunId, int]:
    """How many trials the journal has of each run that was begun."""
    rows = {row["run"]: row["trials"] for name in {spec.run.experiment for spec in specs} for row in store.runs(name)}
    return {spec.run: rows[str(spec.run)] for spec in specs if str(spec.run) in rows}


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "no message"
