"""Too few open files, too little memory or disk: a line that says what to raise, and no traceback."""

import errno
import resource
import subprocess
import sys

import pytest
from commands import TOY, bench

from bench.cli import scarce
from bench.running import compose


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the limits of Linux")
@pytest.mark.parametrize(
    ("limit", "least", "words"),
    [
        (resource.RLIMIT_NOFILE, 20, "may open 20 files (ulimit -n)"),
        (resource.RLIMIT_AS, 150 * 2**20, "may have 150 MiB"),
        (resource.RLIMIT_AS, 400 * 2**20, "may have 400 MiB"),
    ],
)
def test_a_sweep_under_a_limit_that_is_too_low_is_refused_before_a_library_hangs_or_ends_the_process(
    tmp_path, limit, least, words
):
    done = subprocess.run(
        [sys.executable, "-m", "bench", "run", *TOY],
        cwd=tmp_path,
        preexec_fn=lambda: resource.setrlimit(limit, (least, least)),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith("bench: this process ")
    assert words in line
    assert not list(tmp_path.iterdir())


def with_cause(error, cause):
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(errno.EMFILE, "Too many open files"), "no more files can be opened"),
        (with_cause(RuntimeError("of a library's own"), OSError(errno.EMFILE, "")), "ulimit -n 1024"),
        (OSError(errno.ENOSPC, "No space left on device", "/data/log"), "/data/log: no space is left there; make room"),
        (BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable"), "no more processes"),
        (RuntimeError("can't start new thread"), "no more processes or threads"),
        (MemoryError(), "the memory does not suffice"),
        (ImportError("libx.so: failed to map segment from shared object"), "the memory does not suffice"),
    ],
)
def test_what_a_process_lacked_is_said_in_a_line(monkeypatch, capsys, error, words):
    def lacks(*_arguments):
        raise error

    monkeypatch.setattr(compose, "run", lacks)
    assert bench("run") == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("bench: ")
    assert words in line
    assert line.endswith("and start the same command again")


def test_an_error_that_lacks_nothing_stays_what_it_is(monkeypatch):
    def wrong(*_arguments):
        raise ZeroDivisionError("a mistake of the suite's own")

    monkeypatch.setattr(compose, "run", wrong)
    monkeypatch.setattr(resource, "getrlimit", lambda _which: (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    with pytest.raises(ZeroDivisionError):
        bench("run")
    low = {resource.RLIMIT_AS: 2 * scarce.ADDRESSES * 2**20, resource.RLIMIT_NOFILE: 10**6}
    monkeypatch.setattr(resource, "getrlimit", lambda which: (low[which], low[which]))
    assert scarce.lacking(SystemError("odd")).startswith(
        "SystemError: odd; it may come of too little: this process may"
    )
