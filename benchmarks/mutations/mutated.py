"""The mutations: a mistake each that somebody has made here or elsewhere, and the tests that must notice it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Mutation:
    """One piece of text, which occurs once in its file, in the place of another."""

    name: str
    path: str
    old: str
    new: str
    tests: tuple[str, ...]
    """Files or node ids, as pytest takes them."""


RUN = ("tests/running/test_run.py",)
STORE = ("tests/store/test_store.py",)

MUTATIONS = [
    Mutation(
        "a failed trial is not told",
        "bench/running/trial_loop.py",
        'self._guarded("tell", number, lambda: self._tell(asked, told))',
        'self._guarded("tell", number, lambda: None if told.failed else self._tell(asked, told))',
        RUN,
    ),
    Mutation(
        "told the last instead of the worst loss",
        "bench/running/trial_loop.py",
        "self._worst_loss = loss if self._worst_loss is None else max(loss, self._worst_loss)",
        "self._worst_loss = loss",
        RUN,
    ),
    Mutation(
        "an incumbent by its test loss",
        "bench/running/trial_loop.py",
        "if evaluation.loss is not None and (best is None or evaluation.loss < best):",
        "if evaluation.loss is not None and (best is None or evaluation.test_loss < self._incumbent_test_loss):",
        RUN,
    ),
    Mutation(
        "diverged_at is never set",
        "bench/running/trial_loop.py",
        "                self.diverged_at = number\n",
        "                self.diverged_at = None\n",
        RUN,
    ),
    Mutation(
        "the optimiser is told before the evaluation is committed",
        "bench/running/trial_loop.py",
        "return self.store.put(asked.key, self.problem.hash, configuration,",
        "return Stored(evaluation, self.name) or (configuration,",
        ("tests/engines/test_local.py", *RUN),
    ),
    Mutation(
        "a claim is not released where the evaluation ends the run",
        "bench/running/trial_loop.py",
        "            self.store.release(asked.key)\n            raise",
        "            raise",
        ("tests/running/test_run.py", "tests/running/test_faults.py", "tests/store/test_store.py"),
    ),
    Mutation(
        "a key whose claim died twice is evaluated here again",
        "bench/running/trial_loop.py",
        "if self.limits is not None or deaths >= 2:",
        "if self.limits is not None:",
        ("tests/engines/test_local.py",),
    ),
    Mutation(
        "a dead holder's claim counts no death",
        "bench/store/store.py",
        "deaths = before + 1",
        "deaths = before",
        STORE,
    ),
    Mutation(
        "the key is without the libraries' versions",
        "bench/problems/data.py",
        '        parts["versions"] = provenance.versions((*self.model.libraries, "scikit-learn"))\n',
        "",
        ("tests/problems/test_data.py",),
    ),
    Mutation(
        "the config hash has the place of datasets in it",
        "bench/running/sweep.py",
        "provenance.digest(hashed(groups))",
        'provenance.digest(hashed(groups) | {"datasets_dir": config["datasets_dir"]})',
        ("tests/running/test_sweep.py",),
    ),
    Mutation(
        "the config hash is without the budget",
        "bench/config/schema.py",
        'if group != "metric"',
        'if group not in ("metric", "budget")',
        ("tests/running/test_sweep.py",),
    ),
    Mutation(
        "a log integer is drawn without half a step at its ends",
        "bench/space/space.py",
        "rng.uniform(math.log(self.low - 0.5), math.log(self.high + 0.5))",
        "rng.uniform(math.log(self.low), math.log(self.high))",
        ("tests/space/test_space.py",),
    ),
    Mutation(
        "a table is written in its place instead of renamed into it",
        "bench/files.py",
        'part = path.with_name(f".{path.name}.{os.getpid()}.part")',
        "part = path",
        ("tests/running/test_faults.py", "tests/results", "tests/test_files.py"),
    ),
    Mutation(
        "a timeout is not enforced",
        "bench/running/child_process.py",
        "end = None if within.timeout is None else start + within.timeout",
        "end = None",
        ("tests/running/test_child_process.py",),
    ),
    Mutation(
        "exit status 0 with failures",
        "bench/running/compose.py",
        "raise typer.Exit(1) from None",
        "raise typer.Exit(0) from None",
        ("tests/running/test_run.py", "tests/engines/test_local.py"),
    ),
    Mutation(
        "one more draw of Hyperopt's at each trial",
        "bench/optimizers/hyperopt_fmin.py",
        "        doc = self._insert(self.suggest(ids,",
        "        self._rstate.integers(2**31 - 1)\n        doc = self._insert(self.suggest(ids,",
        ("tests/optimizers/test_faithful.py",),
    ),
]
