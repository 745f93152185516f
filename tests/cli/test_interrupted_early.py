"""Ctrl-C while the command still loads, or in a library that makes another error of it: one line, status 130."""

import subprocess
import sys

import pytest
from commands import ROOT, bench

from bench.running import compose

INTERRUPTED = """
import sys
class Interrupting:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            raise KeyboardInterrupt
sys.meta_path.insert(0, Interrupting())
sys.argv = ["bench", "run"]
from bench.cli import main
main()
"""


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("bench.cli.app", "bench: stopped\n"),
        ("bench.running.compose", "bench: stopped; the same command goes on from here\n"),
    ],
)
def test_while_it_loads(tmp_path, module, line):
    command = [sys.executable, "-c", INTERRUPTED.format(module=module)]
    done = subprocess.run(
        command, cwd=tmp_path, env={"PYTHONPATH": str(ROOT)}, check=False, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (130, line)


def test_within_a_library_that_makes_another_error_of_it(monkeypatch, capsys):
    def interrupted(*_arguments):
        try:
            raise KeyboardInterrupt
        except KeyboardInterrupt:
            {}["a flag of the library's"]

    monkeypatch.setattr(compose, "run", interrupted)
    assert bench("run") == 130
    assert capsys.readouterr().err == "bench: stopped\n"
