"""The config hash of every committed table, from what it recorded and from today's configs: runs stay known."""

import json
from collections.abc import Iterator
from typing import Any

import hydra
import pyarrow.parquet as pq
import pytest
import yaml
from commands import ROOT
from hydra.core.global_hydra import GlobalHydra
from omegaconf import DictConfig

from bench import provenance
from bench.config.folders import conf_dir
from bench.config.schema import hashed
from bench.results import RunId
from bench.running.run import RunSpec
from bench.running.sweep import enumerate_runs

RESULTS = ROOT / "results"
EXPERIMENTS = ["lecture_keras", "nni_autogbdt", "nni_autogbdt_gp", "otto_keras", "otto_reference"]
"""Those whose tables are in the repository; others may lie beside them, made here under any settings."""


def tables(experiment: str) -> Iterator[tuple[RunId, dict[str, Any]]]:
    """Each run of an experiment with what was recorded of it."""
    for path in sorted((RESULTS / experiment).glob("*/*/*/*.parquet")):
        dataset, model, optimizer = path.relative_to(RESULTS / experiment).parts[:3]
        metadata = pq.read_schema(path).metadata
        yield RunId(experiment, dataset, model, optimizer, int(path.stem)), json.loads(metadata[b"bench"])


def of_today(experiment: str) -> dict[RunId, RunSpec]:
    """The runs of an experiment as its file and those that it names have them now."""
    GlobalHydra.instance().clear()
    with hydra.initialize_config_dir(str(conf_dir()), version_base="1.3"):

        def compose(overrides: list[str]) -> DictConfig:
            return hydra.compose("bench", [f"experiment={experiment}", *overrides])

        return {spec.run: spec for spec in enumerate_runs(compose, compose([]).blocks, [])}


def test_each_experiment_has_tables() -> None:
    assert all(next(tables(experiment), None) for experiment in EXPERIMENTS)


@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_a_committed_table_has_the_hash_of_its_own_config(experiment: str) -> None:
    for run, metadata in tables(experiment):
        assert provenance.digest(hashed(metadata["config"])) == metadata["config_hash"], run


@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_a_committed_table_has_the_hash_that_its_run_has_today(experiment: str) -> None:
    """Else `bench run experiment=...` would refuse to go on with it, or make it again."""
    specs = of_today(experiment)
    stored = dict(tables(experiment))
    assert stored.keys() <= specs.keys()
    assert {run: entry["config_hash"] for run, entry in stored.items()} == {
        run: specs[run].config_hash for run in stored
    }
    for run, entry in stored.items():
        assert entry["config"].keys() <= specs[run].config.keys() | {"trial"}
        assert entry["config"]["optimizer"] == specs[run].config["optimizer"], run


def test_a_hash_sees_what_decides_and_nothing_else() -> None:
    spec = next(iter(of_today("otto_reference").values()))

    def changed(group: str, **entries: Any) -> str:
        groups = {**spec.config, group: {**spec.config[group], **entries}}
        return provenance.digest(hashed(groups))

    assert changed("budget", trials=26) != spec.config_hash
    assert changed("optimizer", settings={"n": 1}) != spec.config_hash
    assert changed("dataset", rows=1000) != spec.config_hash
    assert changed("optimizer", name="another") == spec.config_hash
    assert changed("optimizer", look={"color": "#000000"}, description="in other words") == spec.config_hash
    assert changed("dataset", licence="another", path="elsewhere") == spec.config_hash


def test_keys_that_came_later_enter_a_hash_only_where_they_are_set() -> None:
    dataset = {"load": "bench.datasets.file.load", "path": "a.csv", "sha256": "1", "target": "y", "drop": []}
    groups = {"dataset": dataset, "model": {}, "metric": {"name": "auto"}}
    later = yaml.safe_load((conf_dir() / "dataset" / "file.yaml").read_text())
    keys = ("separator", "decimal", "thousands", "encoding", "missing", "types", "drop_missing_target", "rare_classes")
    assert hashed({**groups, "dataset": dataset | {key: later[key] for key in keys}}) == hashed(groups)
    others = (";", ",", ".", "utf-16", ["?"], {"x": "ignore"}, True, "drop")
    for key, value in zip(keys, others, strict=True):
        assert hashed({**groups, "dataset": dataset | {key: value}}) != hashed(groups), key
