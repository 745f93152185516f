"""Command lines: overrides of `bench run` and options of the other verbs, from valid ones, changed word by word."""

import os
import random

from fuzzing import mutating
from fuzzing.of_configs import GROUPS, names
from fuzzing.templates import Templates
from fuzzing.world import World

RUNS: list[list[str]] = [
    ["dataset=wine", "model=lightgbm", "optimizer=optuna_tpe", "seed=3", "budget.trials=2", "model.settings.rounds=3"],
    ["dataset=function", "model=branin", "optimizer=random", "budget=trials20", "workers=2", "clock=cost", "threads=1"],
    ["-m", "dataset=function", "model=branin,ackley", "optimizer=random,grid", "seed=range(0,2)", "budget.trials=2"],
    ["dataset=wine", "resampling=kfold", "resampling.k=3", "metric=error", "seeds=paired", "seeds.split=1"],
    ["dataset=function", "model=mfhartmann3", "optimizer=random_sha", "budget.cost=2", "budget.trials=null"],
    ["dataset=function", "model=zdt1", "optimizer=optuna_nsga2", "objectives=[f1,f2]", "budget.trials=3"],
    ["dataset=function", "model=branin", "control=permuted", "initial_design=shared", "initial_design.size=2"],
    ["dataset=wine", "+model.space.max_depth={type: int, low: 2, high: 8}", "~model.space.lambda_l1", "name=x"],
    [
        "dataset=function",
        "model=levy",
        "model.dimension=3",
        "isolation=none",
        "trial.timeout=null",
        "results.pack=true",
    ],
    ["dataset=file", "dataset.path=my.csv", "dataset.target=y", "dataset.types={a: category}", "dataset.missing=[NA]"],
    ["experiment=default", "optimizer=random", "budget.trials=2"],
    ["dataset=bundled", "store=sqlite:///results/s.sqlite", "results_dir=results", "datasets_dir=datasets"],
]
OTHERS: list[list[str]] = [
    ["status", "e", "--results-dir", "results"], ["status", "e", "--store", "sqlite:///results/store.sqlite"],
    ["best", "e", "--dataset", "function", "--model", "branin", "--full"],
    ["best", "f", "--python", "--datasets-dir", "datasets"],
    ["verify", "e", "--trials", "2", "--seed", "1"], ["store", "show", "--results-dir", "results"],
    ["store", "export", "out.parquet"], ["store", "prune", "--status", "failed", "--older-than", "1", "--dry-run"],
    ["store", "import", "results/store.sqlite", "--store", "sqlite:///results/o.sqlite"], ["pack", "e", "--undo"],
    ["list", "models", "--config-dir", "mine"], ["list", "experiments"],
    ["new", "optimizer", "my_tpe", "--folder", "mine"],
    ["new", "dataset", "mine2", "--folder", "mine"], ["data", "my.csv", "--target", "y", "dataset.missing=NA"],
    ["report", "e", "--figures", "main", "--optimizers", "random", "--problems", "function/branin"],
    ["report", "e", "--names", "names.yaml", "--check"], ["report", "e", "f", "--paper", "icml2024", "--check"],
    ["fit", "f", "--out", "model", "--problem", "wine/lightgbm", "--rows", "train"], ["--version"], ["run", "--help"],
    ["import", "my.csv", "--name", "x", "--map", "a=loss", "--optimizer", "tpe", "--seed", "0"],
    ["explain", "--optimizer", "optuna_tpe", "--model", "nope", "--trials", "3"], ["control", "nope"],
    ["check", "nope", "--examples", "1", "--trials", "2"], ["export", "mlflow", "nope"],
]  # fmt: skip
_BARRED = ("engine", "isolation", "watch", "openml", "_dir", "store", "--folder", "--out", "otto", "mnist", "-dir")
"""What a change must not lead to: other hosts and processes, endless waiting, folders elsewhere."""
CSV = "a,b,y\n" + "".join(f"{i},{i / 7:.3f},{'pq'[i % 2]}\n" for i in range(60))


def overrides(rng: random.Random, world: World, _: Templates) -> None:
    """A changed command line of `bench run` is done or refused in one line."""
    (world.work / "my.csv").write_text(CSV)
    words = changed(rng, list(rng.choice(RUNS)))
    small = ["dry_run=true"] if rng.random() < 0.75 or not any("function" in word for word in words) else [
        "budget.trials=2", "budget.seconds=null", "budget.cost=null", "workers=1", "threads=1"]  # fmt: skip
    world.bench("run", *words, *small, may_change=lambda _: True)


def lines(rng: random.Random, world: World, made: Templates) -> None:
    """A changed command line of another verb is done or refused in one line."""
    made.folder("made", world.work)
    (world.work / "my.csv").write_text(CSV)
    (world.work / "names.yaml").write_text("random: Random search\n")
    (world.work / "mine").mkdir()
    words = changed(rng, list(rng.choice(OTHERS)))
    overwritten = {"--overwrite", "pack", "report"} & set(words)
    world.bench(*words, may_change=lambda place: bool(overwritten) and place.startswith(("results/", "reports/")))


def changed(rng: random.Random, words: list[str]) -> list[str]:
    """A command line with one to three changes that keep it to this folder and this process."""
    for _ in range(rng.randint(1, 3)):
        new = list(words)
        at = rng.randrange(len(new))
        kind = rng.randrange(8)
        if kind == 0:
            del new[at]
        elif kind == 1:
            new.insert(rng.randint(0, len(new)), new[at])
        elif kind == 2:
            new.insert(rng.randint(0, len(new)), rng.choice(_MORE))
        else:
            new[at] = _word(rng, new[at])
        gone = set(words) - set(new)
        added = set(new) - set(words)
        if new and not any(barred in each for each in added | gone for barred in _BARRED):
            words = new
    return [word.replace("\0", "") for word in words if _encodable(word)]


def _encodable(word: str) -> bool:
    """Whether a shell could pass it."""
    try:
        os.fsencode(word)
    except UnicodeEncodeError:
        return False
    return True


_MORE = [
    *(
        "-m",
        "--cfg",
        "--cfg=job",
        "x",
        "=",
        "a=",
        "=b",
        "+a=1",
        "++a.b=1",
        "~a",
        "~",
        "hydra.mode=RUN",
        "hydra=x",
        "--",
    ),
    *(
        "-x",
        "--nope",
        "name=a b",
        "name='a b'",
        "name=",
        "seed=range(0,3)",
        "seed=1,2",
        "seed=choice(1,2)",
        "-1",
        "'",
        "[",
    ),
    *("dataset=[a]", "model={a: 1}", "blocks=[{seed: 1}]", "budget.trials=${seed}", "seed=${x}", "model.space=null"),
    *("budget={trials: 2, nope: 1}", "objectives=[log_loss,size]", "seeds.until=decided", "+experiment=otto", "@a=b"),
    *("optimizer@x=random", "model/space=1", "seed=glob(*)", "seed=sort(3,1)", "seed=shuffle(range(0,3))", "seed=1e3"),
    *(
        "seed=99999999999",
        "budget.trials=0",
        "budget.trials=-1",
        "budget.trials=1.5",
        "budget.trials=true",
        "metric=auc",
    ),
]


def _word(rng: random.Random, word: str) -> str:
    key, equals, value = word.partition("=")
    kind = rng.randrange(9)
    if not equals or kind == 0:
        return rng.choice([mutating.mistyped(rng, word), mutating.word(rng), f"{word}{mutating.word(rng)}"])
    if kind == 1:
        return f"{mutating.mistyped(rng, key)}={value}"
    if kind == 2:
        return rng.choice("+~") + word
    if kind == 3:
        return f"{key}={rng.choice([value[:-1], value + value, f'[{value}]', f'{value},{value}', f'({value})'])}"
    if kind == 4:
        other = rng.choice(GROUPS)
        return f"{key}={rng.choice(names(other))}"
    new = mutating.value(rng) if kind < 7 else mutating.word(rng)
    text = "" if isinstance(new, int) and abs(new) > 10**300 else str(new).replace("None", "null")
    return f"{key}={text}" if kind != 8 else f"{key}='{text}'"
