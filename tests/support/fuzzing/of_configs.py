"""Search spaces and config files: the suite's own, changed as parsed YAML, as text and as bytes."""

import os
import random
from functools import lru_cache
from pathlib import Path
from typing import Any

import fuzz_objective
import numpy as np
import yaml
from commands import ROOT

from bench.config import reading
from bench.space import parsing, repeat
from fuzzing import mutating
from fuzzing.templates import Templates
from fuzzing.world import World

CONF = ROOT / "conf"
GROUPS = ("model", "dataset", "optimizer", "resampling", "metric", "budget", "seeds", "initial_design", "experiment")
QUICK = (
    "random",
    "default",
    "grid",
    "sklearn_sampler",
    "optuna_tpe",
    "hyperopt_random",
    "hyperopt_tpe",
    "random_distinct",
)
SPACE = {
    "learning_rate": {"type": "float", "low": 0.01, "high": 0.3, "log": True, "default": 0.1},
    "num_leaves": {"type": "int", "low": 8, "high": 256, "log": True, "default": 31, "levels": 4},
    "max_depth": {"type": "categorical", "choices": [None, 4, 8]},
    "size": {"type": "ordinal", "choices": [1, 2, 4.5, "more"], "levels": 2},
    "optimizer": {"type": "categorical", "choices": ["adam", "sgd"], "default": "sgd"},
    "momentum": {"type": "float", "low": 0.0, "high": 0.99, "when": {"optimizer": "sgd"}},
    "layers": {"type": "int", "low": 1, "high": 3},
    "units": {"type": "int", "low": 32, "high": 128, "step": 32, "when": {"layers": [2, 3]}},
    "share": {"type": "float", "low": 0.1, "high": 0.9, "scale": "logit"},
    "rate": {"type": "float", "low": 0.0, "high": 1.0, "step": 0.25},
    "fixed": {"type": "int", "low": 3, "high": 3},
}


@lru_cache(maxsize=256)
def config(place: str) -> Any:
    """A config of the suite's, parsed."""
    return yaml.safe_load((CONF / f"{place}.yaml").read_text())


_LARGE = ("bbob", "bbob_mixint", "bayesmark", "tabular", "fidelity", "workers")
"""Experiments of thousands of runs, which take minutes to be planned."""


@lru_cache(maxsize=16)
def names(group: str) -> list[str]:
    return sorted(path.stem for path in (CONF / group).glob("*.yaml") if path.stem not in _LARGE)


# --- search spaces ---------------------------------------------------------------------------------------------------


def space(rng: random.Random) -> dict[str, Any]:
    """A search space of the suite's, or one with every key that there is, changed more often than not."""
    known = [name for name in names("model") if config(f"model/{name}").get("space")]
    chosen = SPACE if rng.random() < 0.6 else config(f"model/{rng.choice(known)}")["space"]
    entries = rng.sample(sorted(chosen), rng.randint(1, len(chosen))) if rng.random() < 0.5 else list(chosen)
    kept = {name: entry for name, entry in chosen.items() if name in entries}
    return mutating.plain(rng, kept, 3) if rng.random() < 0.95 else kept


def spaces(rng: random.Random, world: World, _: Templates) -> None:
    """A changed search space is refused in one line, or each quick optimiser can search it."""
    model = {"name": "m", "function": "fuzz_objective.value", "revision": 1, "stored": False, "baseline": 0}
    path = world.work / "mine/model/m.yaml"
    written(rng, path, {**model, "space": space(rng)}, 0.15)
    if world.quick or rng.random() < 0.3:
        _parsed(rng, world, path)
        return
    words = ["dataset=function", "model=m", f"optimizer={rng.choice(QUICK)}", "--config-dir", "mine"]
    budget = ["budget.trials=3", f"name={rng.choice(['s', 't'])}", f"seed={rng.randrange(3)}"]
    outcome = world.bench("run", *words, *budget, *rng.choice([[], [], ["dry_run=true"], ["initial_design=shared"]]))
    if outcome.status == 1:
        world.found(f"{world.commands[-1]}: a space that was accepted cannot be searched: {outcome.err[:500]!r}")


def _parsed(rng: random.Random, world: World, path: Path) -> None:
    """Parse a space: what is drawn from it is of it, and what describes it is parsed as the same."""
    with world.calling(f"parsing.parse of {path.name}"):
        parsed = parsing.parse(repeat.spread(reading.plain(path)).get("space"))
        chance = np.random.default_rng(rng.randrange(2**31))
        for _ in range(5):
            drawn = parsed.sample(chance)
            if parsed.canonical(drawn) != drawn:
                world.found(f"{world.commands[-1]}: {drawn!r} was drawn, which is {parsed.canonical(drawn)!r}")


def objectives(rng: random.Random, world: World, _: Templates) -> None:
    """Whatever an objective returns is an outcome: its runs end, and are looked at and reported."""
    outcomes = rng.sample(range(len(fuzz_objective.OUTCOMES) + 1), rng.choice([1, 2, 3]))
    model = {"name": "m", "function": "fuzz_objective.odd", "revision": 1, "stored": rng.random() < 0.5}
    model |= {"settings": {"outcomes": outcomes}, "space": {"x": SPACE["learning_rate"], "k": SPACE["num_leaves"]}}
    written(rng, world.work / "mine/model/m.yaml", model, 0.0)
    words = ["dataset=function", "model=m", "budget.trials=6", "name=s", "--config-dir", "mine"]
    for optimizer in rng.sample(QUICK, rng.choice([1, 1, 2])):
        for seed in range(rng.choice([1, 2])):
            outcome = world.bench("run", *words, f"optimizer={optimizer}", f"seed={seed}")
            if outcome.status:
                world.found(f"{world.commands[-1]}: ended with {outcome.status}: {outcome.err[:500]!r}")
    if (world.work / "results/s").exists():
        world.bench(*rng.choice([["status", "s"], ["best", "s"], ["report", "s", "--figures", "main"]]))


def hyperparameters(rng: random.Random, world: World, _: Templates) -> None:
    """A hyperparameter is refused whose name is mistyped, or which the suite sets itself, whatever the library."""
    name = rng.choice(["lightgbm", "xgboost", "ridge", "svm", "random_forest", "knn", "logistic_regression"])
    model = dict(config(f"model/{name}"))
    entries = dict(model["space"])
    old = rng.choice([each for each in entries if not isinstance(each, str) or "." not in each])
    set_here = ["seed", "num_threads", "nthread", "metric", "objective", "random_state", "verbosity"]
    new = (
        rng.choice(set_here) if name in ("lightgbm", "xgboost") and rng.random() < 0.4 else mutating.mistyped(rng, old)
    )
    if new in entries or new == old or any(old in (entry.get("when") or {}) for entry in entries.values()):
        return
    model["space"] = {new if each == old else each: entry for each, entry in entries.items()}
    model.pop("fidelity", None)
    dataset = "diabetes" if name == "ridge" else "wine"
    written(rng, world.work / "mine/model/m.yaml", model, 0.0)
    words = ["run", f"dataset={dataset}", "model=m", "optimizer=random", "budget.trials=1", "dry_run=true"]
    outcome = world.bench(*words, "--config-dir", "mine")
    if outcome.status == 0:
        world.found(f"{world.commands[-1]}: {name} takes {new!r} for {old!r}, without a word")


# --- files -----------------------------------------------------------------------------------------------------------


def files(rng: random.Random, world: World, _: Templates) -> None:
    """A changed config file is used or refused in one line by what reads it."""
    group = rng.choice(GROUPS)
    name = rng.choice(names(group))
    data = dict(config(f"{group}/{name}"))
    written(rng, world.work / f"mine/{group}/{rng.choice(['m', 'm', name])}.yaml", mutating.plain(rng, data, 3), 0.35)
    if rng.random() < 0.1:
        _odd(rng, world.work / "mine" / rng.choice(["", group, "model", "nope"]) / "odd.yaml")
    chosen = "m" if (world.work / f"mine/{group}/m.yaml").exists() else name
    own = ["--config-dir", rng.choice(["mine"] * 12 + ["nowhere", "mine/model", "."])]
    kind = rng.randrange(10)
    if kind == 0:
        world.bench("list", *rng.choice([[], [f"{group}s"], [group]]), *own)
        return
    if kind == 1:
        world.bench("run", f"{group}={chosen}", "--cfg", "job", *own)
        return
    base = {"dataset": "wine", "model": "lightgbm", "optimizer": "random"}
    if group == "model" and "function" in config(f"model/{name}"):
        base |= {"dataset": "function"}
    if group == "dataset" and name == "function":
        base |= {"model": "branin"}
    base[group] = chosen
    words = [f"{key}={value}" for key, value in base.items()]
    words = [word for word in words if group == "experiment" or word != "experiment=m"]
    world.bench("run", *words[-1:] if group == "experiment" else words, "dry_run=true", *own)


def _odd(rng: random.Random, path: Path) -> None:
    """Something that is no config, where configs are."""
    path.parent.mkdir(parents=True, exist_ok=True)
    kind = rng.randrange(5)
    if kind == 0:
        path.mkdir()
    elif kind == 1:
        os.mkfifo(path)
    elif kind == 2:
        path.symlink_to(rng.choice([path.name, "/dev/zero", "nowhere"]))
    else:
        path.write_bytes(
            rng.choice([b"", b"\xff\xfe", b"[" * 3000, b"- a\n", b"{}", b"x" * 2_100_000, b"a: &a [*a]\n"])
        )


def written(rng: random.Random, path: Path, data: Any, wild: float) -> None:
    """Write data as YAML, in one of its styles; with probability `wild` changed as text or bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    flow = rng.choice([None, False, False, True])
    text = yaml.safe_dump(data, sort_keys=False, default_flow_style=flow, allow_unicode=rng.random() < 0.5)
    content = text.encode("utf-8", "surrogatepass")
    if rng.random() < wild:
        kind = rng.randrange(8)
        if kind < 3:
            content = mutating.lines(rng, text).encode("utf-8", "surrogatepass")
        elif kind < 5:
            content = mutating.raw(rng, content)
        else:
            content = rng.choice(_WILD) + content if rng.random() < 0.6 else content + rng.choice(_WILD)
        if kind == 7:
            content = text.encode("utf-16" if rng.random() < 0.5 else "latin-1", "replace")
    path.write_bytes(content)


_WILD = [
    *(b"\xef\xbb\xbf", b"---\n", b"...\n---\nb: 1\n", b"%YAML 1.1\n---\n", b"\t", b"  ", b"# @package _global_\n"),
    *(
        b"name: x\nname: y\n",
        b"? [a, b]\n: c\n",
        b"? {a: 1}\n: c\n",
        b"1: 2\n",
        b"null: 3\n",
        b"true: 4\n",
        b"1.5: x\n",
    ),
    b"a: &a [x, x, x, x, x, x, x, x]\n"
    + b"".join(b"%c: &%c [%s]\n" % (98 + i, 98 + i, b", ".join([b"*%c" % (97 + i)] * 8)) for i in range(9)),
    *(
        b"x: !!python/object/apply:os.getcwd []\n",
        b"x: !!binary aGk=\n",
        b"x: !!set {a, b}\n",
        b"x: !!timestamp 2024-01-01\n",
    ),
    *(
        b"x: ${y}\ny: ${x}\n",
        b"x: ${oc.env:HOME}\n",
        b"x: ${nope:1}\n",
        b"x: ???\n",
        b"x: 0o17\n",
        b"x: 1:30\n",
        b"x: yes\n",
    ),
    *(b"defaults: [nope]\n", b"defaults:\n  - _self_\n  - m\n", b"defaults: 5\n", b"hydra: {mode: MULTIRUN}\n"),
    *(
        b"hydra: {run: {dir: ../up}}\n",
        b"<<: {a: 1}\n",
        b"blocks: [{seed: 1}]\n",
        b"x: " + b"[" * 60 + b"]" * 60 + b"\n",
    ),
]
