"""The Ray engine: on this machine, and on a cluster of two nodes of which one is killed in the middle of a sweep."""

import importlib.util
import os
import time

import pytest
from commands import ROOT, SUPPORT, TOY, bench, bench_process
from postgres import postgres, server  # noqa: F401 - fixtures
from sweeps import expect_same, lines, local, tables

from bench import results

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="needs ray"),
]
SWEEP = ["run", "-m", *TOY, "optimizer=random,optuna_tpe", "seed=range(0,3)", "engine=ray"]


def test_a_sweep_on_this_machine_needs_no_server_and_makes_the_same_tables(tmp_path):
    process = bench_process(*SWEEP, "budget.trials=8", cwd=tmp_path, TOY_LOG=str(tmp_path / "log"))
    _, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    evaluated = lines(tmp_path / "log")
    assert len(evaluated) == len(set(evaluated))
    expect_same(tables(tmp_path), local(tmp_path / "local", SWEEP, "budget.trials=8"))
    metadata = results.read_metadata(next(iter(results.find(tmp_path / "results", "scratch").values())))
    assert metadata["provenance"]["omp_wait_policy"] == "PASSIVE"
    assert metadata["provenance"]["threads"] == 1


def test_a_run_that_fails_or_kills_its_workers_is_told_and_the_others_finish(tmp_path):
    arguments = ["budget.trials=8", "optimizer.class=toy.Dying", "optimizer.name=dying", "seed=0"]
    sweep = [argument for argument in SWEEP if not argument.startswith(("optimizer=", "seed="))]
    process = bench_process(*sweep, *arguments, cwd=tmp_path)
    _, err = process.communicate(timeout=300)
    assert process.returncode == 1
    assert "scratch/wine/toy/dying/0: its worker died again and again" in err
    assert "Traceback" not in err


def test_a_node_that_is_killed_takes_nothing_with_it(postgres, tmp_path, monkeypatch):  # noqa: F811
    """A head without cores and two nodes of one core each, all on this machine."""
    from ray.cluster_utils import Cluster

    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(SUPPORT), str(ROOT)]))
    monkeypatch.setenv("TOY_LOG", str(tmp_path / "log"))
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
    try:
        nodes = [cluster.add_node(num_cpus=1) for _ in range(2)]
        cluster.wait_for_nodes()
        log = tmp_path / "log"
        budget = ["budget.trials=40", "+model.settings.sleep=0.1", f"engine.address='{cluster.address}'"]
        process = bench_process(
            *SWEEP, *budget, "store='${oc.env:BENCH_STORE}'", cwd=tmp_path, TOY_LOG=str(log), BENCH_STORE=postgres
        )
        end = time.monotonic() + 120
        while len(lines(log)) < 40:
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < end, "waited in vain"
            time.sleep(0.05)
        cluster.remove_node(nodes[0], allow_graceful=False)
        _, err = process.communicate(timeout=400)
        assert process.returncode == 0, err
        evaluated = lines(log)
        assert len(evaluated) - len(set(evaluated)) <= 1  # the one that was under way
        expect_same(tables(tmp_path), local(tmp_path / "local", SWEEP, "budget.trials=40"))
    finally:
        cluster.shutdown()


def test_a_cluster_with_sqlite_and_one_that_is_not_there_are_refused_in_one_line(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert bench(*SWEEP, "budget.trials=2", "engine.address=auto") == 2
    assert "engine=ray: its runs may be on several hosts, which an SQLite file cannot serve" in capsys.readouterr().err
    for key, value in (("attempts", 0), ("runs_at_once", "some")):
        assert bench(*SWEEP, "budget.trials=2", f"engine.{key}={value}") == 2
        assert f"engine.{key}=" in capsys.readouterr().err
