"""Limits of numeric threads: they hold for libraries that an evaluation loads, and cost next to nothing."""

import subprocess
import sys

import pytest
from commands import ROOT
from threadpoolctl import ThreadpoolController, threadpool_info

from bench.running import thread_pools
from bench.running.thread_pools import limited


def threads() -> set[int]:
    return {pool["num_threads"] for pool in threadpool_info()}


@pytest.fixture(autouse=True)
def three_threads():
    with ThreadpoolController().limit(limits=3):
        yield


def test_a_limit_holds_within_and_not_after():
    with limited(2):
        assert threads() == {2}
    assert threads() == {3}


def test_the_inner_limit_counts_and_the_outer_one_comes_back():
    with limited(1):
        with limited(2):
            assert threads() == {2}
        assert threads() == {1}
    assert threads() == {3}


def test_a_limit_ends_with_an_error():
    with pytest.raises(ZeroDivisionError), limited(1):
        raise ZeroDivisionError
    assert threads() == {3}


def test_libraries_are_looked_up_again_only_where_modules_were_imported(monkeypatch):
    looks = []

    class Counted(ThreadpoolController):
        def __init__(self):
            looks.append(None)
            super().__init__()

    monkeypatch.setattr(thread_pools, "ThreadpoolController", Counted)
    with limited(1):
        pass
    looks.clear()
    for _ in range(10):
        with limited(1), limited(2):
            pass
    assert not looks
    monkeypatch.setitem(sys.modules, "a_module_that_was_not_there", sys)
    with limited(1):
        pass
    assert len(looks) == 1


LOADED_LATER = """
import sys
from threadpoolctl import threadpool_info
from bench.running.thread_pools import limited

def threads():
    return {pool["filepath"]: pool["num_threads"] for pool in threadpool_info()}

with limited(1):
    assert not threads(), threads()
    with limited(int(sys.argv[1])):
        import numpy
        own = threads()
    assert set(threads().values()) == {1}, threads()
    with limited(3):
        assert set(threads().values()) == {3}, threads()
    assert set(threads().values()) == {1}, threads()
assert own and threads() == own, threads()
"""


@pytest.mark.parametrize("inner", ["1", "3"])
def test_a_library_that_an_evaluation_loads_is_limited_from_then_on_and_gets_its_threads_back(inner):
    variables = {"OPENBLAS_NUM_THREADS": "2", "OMP_NUM_THREADS": "2", "MKL_NUM_THREADS": "2", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", LOADED_LATER, inner], env=variables, check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
