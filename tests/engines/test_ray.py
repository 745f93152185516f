"""The Ray engine: on this machine, and on a cluster of two nodes of which one is killed in the middle of a sweep."""

import importlib.util
import os
import signal
import sys

import pytest
from commands import ROOT, SUPPORT, TOY, bench, bench_process, toy_optimizers, wait_for
from postgres import postgres, server  # noqa: F401 - fixtures
from sweeps import expect_same, lines, local, tables

from bench import results

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="needs ray"),
]
SWEEP = ["run", "-m", *TOY, "engine=ray"]
PLAIN = [*SWEEP, "optimizer=random,optuna_tpe", "seed=0,1"]


def test_on_this_machine_it_needs_no_server_and_a_run_that_kills_its_workers_fails_alone(tmp_path):
    """The tables of the others are those of the local engine."""
    toy_optimizers(tmp_path, "dying")
    arguments = ["--config-dir", "mine", "optimizer=random,optuna_tpe,dying", "seed=0", "budget.trials=8"]
    process = bench_process(*SWEEP, *arguments, cwd=tmp_path, TOY_LOG=str(tmp_path / "log"))
    _, err = process.communicate(timeout=600)
    assert process.returncode == 1
    assert "scratch/wine/toy/dying/0: its worker died again and again" in err
    assert "1 of 3 runs failed" in err
    assert "Traceback" not in err
    evaluated = lines(tmp_path / "log")
    assert len(evaluated) == len(set(evaluated))
    expected = local(tmp_path / "local", SWEEP, "optimizer=random,optuna_tpe", "seed=0", "budget.trials=8")
    expect_same(tables(tmp_path), expected)
    for path in results.find(tmp_path / "results", "scratch").values():
        provenance = results.file_metadata(path)["provenance"]
        assert (provenance["omp_wait_policy"], provenance["threads"]) == ("PASSIVE", 1)


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
        budget = ["budget.trials=24", "+model.settings.sleep=0.1"]
        where = [f"engine.address='{cluster.address}'", "store='${oc.env:BENCH_STORE}'"]
        process = bench_process(*PLAIN, *budget, *where, cwd=tmp_path, TOY_LOG=str(log), BENCH_STORE=postgres)
        wait_for(lambda: len(lines(log)) >= 16, process)
        cluster.remove_node(nodes[0], allow_graceful=False)
        _, err = process.communicate(timeout=600)
        assert process.returncode == 0, err
        evaluated = lines(log)
        assert len(evaluated) - len(set(evaluated)) <= 1  # the one that was under way
    finally:
        cluster.shutdown()
    monkeypatch.delenv("TOY_LOG")
    expect_same(tables(tmp_path), local(tmp_path / "local", PLAIN, "budget.trials=24"))


def test_a_cluster_with_sqlite_and_one_that_is_not_there_are_refused_in_one_line(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert bench(*PLAIN, "budget.trials=2", "engine.address=auto") == 2
    assert "engine=ray: its runs may be on several hosts, which an SQLite file cannot serve" in capsys.readouterr().err
    for key, value in (("attempts", 0), ("runs_at_once", "some")):
        assert bench(*PLAIN, "budget.trials=2", f"engine.{key}={value}") == 2
        assert f"engine.{key}=" in capsys.readouterr().err


def test_what_ends_a_worker_or_the_command_from_outside_is_no_outcome_of_an_evaluation(monkeypatch):
    """Ray's handlers of SIGTERM raise `SystemExit` wherever the process is, within a model's training too."""
    from bench.engines import ray as engine

    def mine(_number, _frame): ...

    def rays(*_arguments, **_settings):
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))

    before = signal.signal(signal.SIGTERM, mine)
    try:
        monkeypatch.setattr(engine.ray, "init", rays)
        engine._connect(None, 1)
        assert signal.getsignal(signal.SIGTERM) is mine
        rays()
        monkeypatch.setattr(engine, "work", lambda spec: str(signal.getsignal(signal.SIGTERM)))
        assert engine._work(None, []) == str(signal.SIG_DFL)
    finally:
        signal.signal(signal.SIGTERM, before)


@pytest.mark.parametrize(
    ("address", "line"),
    [
        (None, "engine.address=null: Ray does not start here"),
        ("auto", "engine.address=auto: Ray cannot be reached there"),
    ],
)
def test_whatever_ray_raises_while_it_starts_is_one_line(monkeypatch, address, line):
    from bench.engines import ray as engine
    from bench.errors import UserError

    def slow(*_arguments, **_settings):
        raise Exception("The current node timed out during startup.\nSee the logs")  # noqa: TRY002 - as Ray does

    monkeypatch.setattr(engine.ray, "init", slow)
    with pytest.raises(UserError) as error:
        engine._connect(address, 1)
    assert str(error.value) == f"{line} (The current node timed out during startup.)"
