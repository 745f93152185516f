"""Packed tables: bytes of a row with 5 hyperparameters, and what reading packed runs costs, beside their own files.

Run as `python benchmarks/packing.py`; exits with status 1 where a bound does not hold. The bytes are those of real runs
of a function, 100 trials each; the reading is that of the report, in seconds of the process on its core, the least of
three.
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import report

from bench.report.runs import selection
from bench.results import packing

BYTES = 70.0
"""The most bytes of a row."""
RATIO = 1.1
"""The most that reading may cost, in what the runs' own files cost: about the same, as far as it can be measured."""
SEEDS, TRIALS = 50, 100
READ = {"datasets": 1, "seeds": 50, "trials": 100}
"""1,000 runs for the report to read."""


def sizes(folder: Path) -> tuple[float, float]:
    """Bytes of a row of real runs, in files of their own and packed."""
    runs = ["optimizer=random,optuna_tpe", f"seed=range(0,{SEEDS})", f"budget.trials={TRIALS}", "seeds=paired"]
    problem = ["dataset=function", "model=ackley", "model.dimension=5", "name=sizes"]
    command = [sys.executable, "-m", "bench", "run", "-m", *problem, *runs]
    subprocess.run(command, check=True, capture_output=True, cwd=folder)
    done = packing.pack(folder / "results", "sizes")
    return done.before / (done.runs * TRIALS), done.after / (done.runs * TRIALS)


def reading(folder: Path) -> float:
    """The seconds that the report's reading takes."""
    command = [sys.executable, __file__, str(folder)]
    return min(float(subprocess.run(command, check=True, capture_output=True, text=True).stdout) for _ in range(3))


def main() -> int:
    if len(sys.argv) == 2:
        begun = time.process_time()
        selection.read(Path(sys.argv[1]), selection.selection(["big"]))
        sys.stdout.write(str(time.process_time() - begun))
        return 0
    with tempfile.TemporaryDirectory() as name:
        own, packed = sizes(Path(name))
    with tempfile.TemporaryDirectory() as name:
        report.write(Path(name), **READ)
        before = reading(Path(name))
        packing.pack(Path(name), "big")
        after = reading(Path(name))
    print(f"{'':24}{'own files':>12}{'packed':>12}")
    print(f"{'bytes of a row':24}{own:12.1f}{packed:12.1f}  (bound {BYTES:g})")
    print(f"{'reading 1,000 runs, s':24}{before:12.2f}{after:12.2f}  (bound {RATIO * before:.2f})")
    return int(packed > BYTES or after > RATIO * before)


if __name__ == "__main__":
    sys.exit(main())
