"""What a run of a function does without: libraries that take longer to import than the run itself."""

import subprocess
import sys

from commands import ROOT

HEAVY = ("jax", "joblib", "keras", "lightgbm", "matplotlib", "pandas", "plotly", "psutil", "scipy", "sklearn")

RUN = f"""
import sys
from bench.cli.app import app
app(["run", "dataset=function", "model=branin", "optimizer=random", "budget.trials=2"], standalone_mode=False)
print(*(set({HEAVY}) | {{"sqlalchemy.dialects.postgresql"}}) & set(sys.modules))
"""


def test_a_run_of_a_function_imports_nothing_heavy(tmp_path):
    command = [sys.executable, "-c", RUN]
    done = subprocess.run(
        command, cwd=tmp_path, env={"PYTHONPATH": str(ROOT)}, check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == ""
    assert (tmp_path / "results/scratch/function/branin/random/0.parquet").is_file()
