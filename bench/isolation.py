"""Evaluate one configuration in a process of its own, so that a crash is an outcome and not an end."""

import os
import pickle
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench import problem
from bench.problem import Evaluation, Recipe
from bench.processes import die_with_parent, environment_of_child
from bench.space import Configuration


def evaluate_in_child(recipe: Recipe, configuration: Configuration) -> Evaluation:
    """The evaluation as a child process makes it; `crashed`, with the signal or exit status, where the child dies.

    What is not an outcome in this process (`Problem.evaluate`) is none in the child: it is raised here.
    """
    start = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="hpo-compare-") as folder:
        task, outcome = Path(folder, "task"), Path(folder, "outcome")
        task.write_bytes(pickle.dumps((sys.path, recipe, configuration)))
        command = [sys.executable, "-m", "bench.isolation", str(os.getpid()), str(task), str(outcome)]
        done = subprocess.run(command, check=False, env=os.environ | environment_of_child())
        if outcome.exists():
            result = pickle.loads(outcome.read_bytes())  # noqa: S301 - written by our own child
            if isinstance(result, BaseException):
                raise result
            assert isinstance(result, Evaluation)
            return result
    code = done.returncode
    how = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit status {code}"
    return Evaluation(None, None, time.perf_counter() - start, "crashed", f"the process died with {how}")


def main() -> None:
    """The child: read the task, evaluate, write the outcome whole."""
    parent, task, outcome = int(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3])
    die_with_parent(parent)
    path, recipe, configuration = pickle.loads(task.read_bytes())  # noqa: S301 - written by our own parent
    sys.path[:] = path
    result: Evaluation | Exception
    try:
        result = problem.build(recipe).evaluate(configuration)
    except Exception as error:  # noqa: BLE001 - handed to the parent, which raises it
        result = error
    part = outcome.with_suffix(".part")
    part.write_bytes(pickle.dumps(result))
    part.replace(outcome)
    os._exit(0)


if __name__ == "__main__":
    main()
