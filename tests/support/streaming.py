"""Roles of a stream as processes that tests kill: each a fork of one process that has imported everything."""

import multiprocessing
import os
from multiprocessing.process import BaseProcess
from pathlib import Path

from bench.running.child import die_with_parent

ROLES = multiprocessing.get_context("forkserver")


def predict(servers: str, folder: str, rows: int) -> None:
    """`bench stream predictor`."""
    from bench.stream import kafka, predictor, registry

    _with_the_tests()
    there = Path(folder)
    models = registry.Registry(registry.default_uri(there), "stream", there / "artifacts")
    broker = kafka.Broker(servers, {})
    predictor.run(broker, "rows", models, there / "predictor", answers="predictions", rows=rows, say=print)


def train(servers: str, folder: str, rows: int, overrides: tuple[str, ...], every: int) -> None:
    """`bench stream trainer`."""
    from bench.stream import kafka, registry, retuning, trainer
    from bench.stream.policy import Policy

    _with_the_tests()
    there = Path(folder)
    models = registry.Registry(registry.default_uri(there), "stream", there / "artifacts")
    broker = kafka.Broker(servers, {})
    means = trainer.Means(Policy(every, newest=30), retuning.checked(overrides, None), there, None)
    trainer.run(broker, "rows", models, there / "trainer", means, rows=rows, say=print)


def started(target: object, *arguments: object) -> BaseProcess:
    """A role in a process of its own."""
    ROLES.set_forkserver_preload(["bench.stream.kafka", "bench.stream.registry", "bench.stream.retuning"])
    process = ROLES.Process(target=target, args=arguments)  # type: ignore[arg-type]
    process.start()
    return process


def _with_the_tests() -> None:
    die_with_parent(os.getppid())
