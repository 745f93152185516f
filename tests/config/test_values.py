"""Every value of a config is checked by its type before a run is made of it: one line names the key."""

import copy
import math
import re
from pathlib import Path
from typing import Any

import hydra
import pytest
from commands import bench
from hydra.core.global_hydra import GlobalHydra
from omegaconf import OmegaConf

from bench.config import values
from bench.config.folders import conf_dir
from bench.errors import UserError

FUNCTION = ["dataset=function", "model=branin", "budget.trials=1"]
GONE = object()

WRONG: list[tuple[str, Any, str]] = [
    ("results_dir", None, "results_dir=null: expected the path of a folder"),
    ("results_dir", 7, "results_dir=7: expected the path of a folder; it was read as a number"),
    ("datasets_dir", "", "datasets_dir='': expected the path of a folder"),
    ("store", False, "store=false: expected an SQLAlchemy URL, or null for a file in results_dir; it was read as true"),
    ("trial", 5, "trial=5: expected a mapping from keys to values"),
    ("trial.timeout", math.inf, "trial.timeout=inf: expected a number greater than 0"),
    ("trial.timeout", "60", "trial.timeout='60': expected a number greater than 0"),
    ("trial.memory", [2], r"trial.memory=\[2\]: expected bytes, or a size such as 500M or 2G"),
    ("trial.tiemout", 5, r"trial.tiemout: no such key; allowed: timeout, memory \(did you mean timeout\?\)"),
    ("budget.seconds", math.nan, "budget.seconds=nan: expected a number greater than 0"),
    ("budget.trials", 2**31, "budget.trials=2147483648: expected a whole number from 1 to 2147483647"),
    ("trial.timeout", 1e300, r"trial.timeout=1e\+300: expected a number greater than 0, at most 1e9"),
    ("optimizer.budget_factor", 10**9, "optimizer.budget_factor=1000000000: expected a whole number from 1 to 1000"),
    ("budget.trials", True, "budget.trials=true: expected a whole number from 1"),
    ("budget.trails", 9, "budget.trails: no such key; allowed: .*did you mean trials"),
    ("seed", GONE, "seed: missing; expected a whole number from 0 to 2147483647"),
    ("seed", 2**31, "seed=2147483648: expected a whole number from 0 to 2147483647"),
    ("seeds.split", "sed", "seeds.split='sed': expected a whole number from 0 .* or the word seed"),
    ("seeds.until", True, "seeds.until=true: expected the word decided, or null"),
    ("seeds.most", 1, "seeds.most=1: expected a whole number from 2"),
    ("seeds.looks", [10, 15.0], r"seeds.looks=\[10, 15.0\]: expected a list of increasing whole numbers"),
    ("name", GONE, "name: missing; expected a name, as text"),
    ("name", 1e5, "name=100000.0: expected a name, as text; it was read as a number"),
    ("name", ["a"], r"name=\['a'\]: expected a name, as text"),
    ("nmae", "x", r"nmae: no such key; allowed: .*\(did you mean name\?\)"),
    ("description", 4, "description=4: expected text, or null; it was read as a number"),
    ("overwrite", "yes", "overwrite='yes': expected true or false"),
    ("dry_run", 1, "dry_run=1: expected true or false"),
    ("results.pack", "yes", "results.pack='yes': expected true or false"),
    ("threads", 1.0, "threads=1.0: expected a whole number from 1 to 4096, or null for all cores"),
    ("isolation", None, "isolation=null: expected none or process"),
    ("blocks", {"optimizer": "grid"}, "blocks={.*}: expected a list of mappings such as"),
    ("blocks", ["grid"], r"blocks=\['grid'\]: expected a list of mappings such as"),
    ("engine", GONE, "engine: missing; expected a mapping from keys to values"),
    ("tracking", GONE, "tracking: missing; expected a mapping from keys to values"),
    ("tracking.to", "wandb", "tracking.to='wandb': expected mlflow or null"),
    ("tracking.trials", "some", "tracking.trials='some': expected none, best or all"),
    ("tracking.uri", 5, "tracking.uri=5: expected a server or a database"),
    ("tracking.wait", -1, "tracking.wait=-1: expected a number of seconds from 0 to 86400"),
    ("engine.class", None, "engine.class=null: expected a dotted path such as my_module.MyClass"),
    ("metric", None, "metric=null: expected the name of a config"),
    ("metric.nam", "auc", "metric.nam: no such key; allowed: .*did you mean name"),
    ("metric.scores", "recall", "metric.scores='recall': expected a list of metrics, such as"),
    ("control", "permute", "control='permute': expected permuted, decorrelated or null"),
    ("dataset.name", 5, "dataset.name=5: expected a name, as text; it was read as a number"),
    ("dataset.path", 5, "dataset.path=5: expected the path of a file; it was read as a number"),
    ("dataset.path", ["a.csv"], r"dataset.path=\['a.csv'\]: expected the path of a file"),
    ("dataset.target", 3, "dataset.target=3: expected the name of a column; it was read as a number"),
    ("dataset.drop", 5, "dataset.drop=5: expected a list of the names of columns, as text"),
    ("dataset.drop", ["a", 5], r"dataset.drop=\['a', 5\]: expected a list of the names of columns, as text"),
    ("dataset.rows", 0, "dataset.rows=0: expected a whole number from 1, or null for all rows"),
    ("dataset.weight", 1, "dataset.weight=1: expected the name of a column; it was read as a number"),
    ("dataset.load", 5, "dataset.load=5: expected the dotted path of a function, or null"),
    ("dataset.5", 1, "dataset: expected keys that are text, found 5"),
    ("resampling.train", "most", "resampling.train='most': expected a number from 0 to 1"),
    ("resampling.refit", "yes", "resampling.refit='yes': expected true or false"),
    ("resampling.folds", 5, "resampling.folds: no such key; allowed: .*method, train"),
    ("model.class", GONE, "model.class: missing; expected a dotted path"),
    ("model.settings", [1], r"model.settings=\[1\]: expected a mapping from names to values"),
    ("model.spce", {}, "model.spce: no such key; allowed: .*did you mean space"),
    ("optimizer.class", 5, "optimizer.class=5: expected a dotted path such as my_module.MyClass; it was read as"),
    ("optimizer.settings", "fast", "optimizer.settings='fast': expected a mapping from names to values"),
    ("optimizer.setings", {}, "optimizer.setings: no such key; allowed: .*did you mean settings"),
    ("optimizer.budget_factor", 0.5, "optimizer.budget_factor=0.5: expected a whole number from 1"),
    ("initial_design.size", -3, "initial_design.size=-3: expected a whole number from 0"),
]


@pytest.fixture(scope="module")
def composed() -> dict[str, Any]:
    GlobalHydra.instance().clear()
    with hydra.initialize_config_dir(str(conf_dir()), version_base="1.3"):
        config: Any = OmegaConf.to_container(hydra.compose("bench", ["dataset=file", "dataset.path=a.csv"]))
    return config


@pytest.mark.parametrize(("key", "value", "message"), WRONG, ids=[f"{key}={str(value)[:9]}" for key, value, _ in WRONG])
def test_a_wrong_value_is_one_line(composed: dict[str, Any], key: str, value: Any, message: str) -> None:
    config = copy.deepcopy(composed)
    *parents, last = key.split(".")
    node = config
    for parent in parents:
        node = node[parent]
    if value is GONE:
        del node[last]
    else:
        node[int(last) if last.isdigit() else last] = value
    with pytest.raises(UserError, match=f"^{message}") as refused:
        values.check(config)
    assert "\n" not in str(refused.value)
    assert "pydantic" not in str(refused.value)


def test_what_is_right_is_neither_refused_nor_changed(composed: dict[str, Any]) -> None:
    config = copy.deepcopy(composed)
    config["budget"] |= {"seconds": 10, "trials": None}
    config["seeds"] = {"split": "seed", "model": 3}
    config["model"]["settings"] = None
    config["optimizer"]["settings"] = {"depth": math.inf, "inner": [{"a": None}]}
    config["dataset"] |= {"drop": "id", "sha256": {"a": "b"}}
    config["engine"]["partition"] = "main"
    config["trial"] = {"timeout": 1.5, "memory": "2G"}
    before = copy.deepcopy(config)
    values.check(config)
    assert config == before
    config["dataset"] = {"name": "own", "load": "mine.load", "target": 5, "path": ["a", "b"], "noise": 0.1}
    values.check(config)  # arguments of a user's own function are its own affair


COMMANDS = [
    (["-m", "+engine.nope=1"], "engine.nope: unknown; allowed: workers"),
    (["-m", "seed=range(0,4,0)"], r"seed=range\(0,4,0\): cannot be swept"),
    (["-m", "seed=range(7,7)"], r"seed=range\(7,7\): holds no value"),
    (["-m", "seed=range(0,inf)"], r"seed=range\(0,inf\): holds more than 1,000,000 values"),
    (["-m", "budget.trials=range(0,nan)"], r"budget.trials=range\(0,nan\): cannot be swept"),
    (["-m", "threads=1,2"], "threads=1,2: holds for all runs of a sweep"),
    (["-m", "engine.workers=1,2"], "engine.workers=1,2: holds for all runs of a sweep"),
    (["-m", "blocks=[{results_dir: a}]"], r"blocks\[0\].results_dir: holds for all runs of a sweep"),
    (["-m", "optimizer=glob(opt*)"], "only lists, choice"),
    (["-m", "~engine"], "engine=null: expected the name of a config"),
    (["-m", "~overwrite"], "overwrite: missing; expected true or false"),
    (["--cfg", "nope"], "--cfg=nope: allowed: job, hydra, all"),
    (["-m", "--cfg", "job"], "--cfg: prints the config of a single run"),
    (["=5"], "'=5': expected key=value"),
    (["seed"], "'seed': expected key=value"),
    (["+" + "a." * 200 + "b=1"], "expected key=value"),
    (["~seed"], "seed: missing"),
    (["~name"], "name: missing"),
    (["+seed=1"], r"\+seed: is there already; leave out the \+"),
    (["metric=7"], "metric=7: unknown metric; allowed: .*quotes: \"metric='...'\""),
    (["budget=null"], "budget=null: unknown budget; allowed"),
    (["seeds=[0]"], r"seeds=\[0\]: unknown seeds; allowed: fixed, paired; the seeds of runs are 'seed': -m seed=0,1"),
    (["-m", "seeds=0,1"], r"seeds=0,1: unknown seeds 0; allowed: fixed, paired; the seeds of runs are 'seed'"),
    (["-m", "budget=trials20,7"], "budget=trials20,7: unknown budget 7; allowed: .*quotes"),
    (["-m", "budget=range(0,3)"], r"budget=range\(0,3\): unknown budget; allowed"),
    (["budget=[trials20,trails5]"], r"unknown budget 'trails5'; allowed: .*did you mean trials.*\?\)$"),
    (["optimizer=[random,grid]"], "expected one optimizer; to compare several: -m optimizer=random,grid"),
    (["name=1e5"], "name=100000.0: .*quotes make it text: \"name='1e5'\""),
    (["optimizer.name=1_000"], "optimizer.name=1000: .*\"optimizer.name='1_000'\""),
    (["name=???"], r"name=\?\?\?: has no value yet"),
    (["name=${description}", "description=${name}"], "Recursive interpolation"),
    (["model.space=[1]"], r"model.space=\[1\]: cannot be set"),
    (["+model.settings={a: " + "[" * 2000 + "]" * 2000 + "}"], "nests too deep"),
    (["hydra.run.dir=elsewhere"], "hydra.run.dir is a setting of Hydra's own"),
    (["-m", "hydra.sweep.dir=elsewhere"], "hydra.sweep.dir is a setting of Hydra's own"),
    (["hydra.output_subdir=log"], "hydra.output_subdir is a setting of Hydra's own"),
    (["hydra/job_logging=default"], "hydra/job_logging is a setting of Hydra's own"),
    (["-m", "hydra/sweeper=basic"], "hydra/sweeper is a setting of Hydra's own"),
    (["+hydra/launcher=basic"], r"hydra/launcher is a setting of Hydra's own"),
    (["hydra.searchpath=[file:///tmp]"], "hydra.searchpath is a setting of Hydra's own"),
    (["--", "--experimental-rerun=config.pickle"], "--experimental-rerun=config.pickle: no such option"),
    (["results_dir=" + "r" * 300], r"results_dir=rrr.*\.\.\..*: no usable path \(file name too long\)"),
    (["datasets_dir=" + "d/" * 3000], r"datasets_dir=d/d.*: no usable path \(file name too long\)"),
    (["name=" + "n" * 151], "name=nnn.*: expected at most 150 characters"),
    (["--config-dir", "c" * 300], "--config-dir=ccc.*: no usable path"),
    (["dataset=file", "dataset.path=" + "p" * 300 + ".csv", "model=ridge"], "dataset.path=ppp.*: no usable path"),
]


@pytest.mark.parametrize(("arguments", "message"), COMMANDS, ids=[str(each[0])[:40] for each in COMMANDS])
def test_the_command_says_so_and_leaves_nothing(tmp_path, monkeypatch, capsys, arguments, message) -> None:
    monkeypatch.chdir(tmp_path)
    options, overrides = arguments[: 1 if "-m" in arguments else 0], arguments[1 if "-m" in arguments else 0 :]
    assert bench("run", *options, *([] if "--" in overrides else FUNCTION), *overrides) == 2
    err = capsys.readouterr().err
    lines = [line for line in err.splitlines() if line]
    assert len(lines) == 1, err
    assert lines[0].startswith("bench: ")
    assert re.search(message, lines[0]), lines[0]
    assert len(lines[0]) < 600
    assert not list(tmp_path.iterdir())


LONG = "x" * 300


@pytest.mark.parametrize(
    "arguments",
    [
        ["list", "--config-dir", LONG],
        ["check", "random", "--config-dir", LONG],
        ["new", "optimizer", "mine", "--folder", LONG],
        ["new", "optimizer", LONG],
        ["report", "a", "--results-dir", LONG],
        ["report", LONG],
        ["status", "a", "--results-dir", LONG],
        ["best", LONG],
        ["verify", LONG],
        ["pack", LONG],
        ["store", "show", "--results-dir", LONG],
        ["store", "export", LONG],
        ["import", LONG, "--name", "a"],
    ],
    ids=lambda words: " ".join(words)[:30],
)
def test_a_name_that_no_file_system_holds_is_one_line_in_every_verb(tmp_path, monkeypatch, capsys, arguments) -> None:
    monkeypatch.chdir(tmp_path)
    assert bench(*arguments) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert err.startswith("bench: ")


@pytest.mark.parametrize("name", ["a?b#c%41", "q?mode=memory", "50 %", "ä&="])
def test_the_store_is_in_the_results_whatever_they_are_called(tmp_path, monkeypatch, capsys, name) -> None:
    monkeypatch.chdir(tmp_path)
    assert bench("run", *FUNCTION, "model.stored=true", f"results_dir='{name}'") == 0
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert Path(name, "store.sqlite").is_file()
    capsys.readouterr()
    assert bench("store", "show", "--results-dir", name) == 0
    assert "1 evaluations of 1 problems" in capsys.readouterr().out
