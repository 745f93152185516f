"""Trial tables of schema 2 made by hand: runs on a ladder of fidelities, for tests that start from results."""

import json
import math
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from trials import metadata, trial_rows

from bench.results import RunId, write_run

RUNGS = (4, 11, 33, 100)
LADDER = {"unit": "rounds", "rungs": list(RUNGS), "eta": 3}
SPACE = {
    "x": {"type": "float", "low": 0.0, "high": 1.0, "default": 0.5},
    "y": {"type": "float", "low": 0.0, "high": 1.0, "default": 0.5},
}


@dataclass(frozen=True)
class Trial:
    """One row: a configuration evaluated to a rung, with what it would be worth at full fidelity."""

    configuration: str
    fidelity: int
    loss: float | None
    """At that rung; None where it failed."""
    full: float | None = None
    """What the runner finds at the end of the run where this is an incumbent that lacks full fidelity."""
    continues: int = 0
    pruned: bool = False
    rungs: Sequence[tuple[int, float]] = ()
    """The losses at rungs that it passed."""
    cost: float | None = None
    more: Mapping[str, Any] = field(default_factory=dict)


def rows(run: RunId, trials: Sequence[Trial], high: int = RUNGS[-1]) -> list[dict[str, Any]]:
    """The rows of a run; test losses are losses plus 0.01, the running columns come from a plain loop."""
    made: list[dict[str, Any]] = []
    best: tuple[int, float] | None = None
    incumbent: float | None = None
    plain = trial_rows(run, [each.loss for each in trials])
    for row, each in zip(plain, trials, strict=True):
        at = each.fidelity == high
        if each.loss is not None and (best is None or (each.fidelity, -each.loss) > (best[0], -best[1])):
            best, incumbent = (each.fidelity, each.loss), each.loss if at else each.full
        test = None if each.loss is None else each.loss + 0.01
        cost = (each.fidelity - each.continues) / high if each.cost is None else each.cost
        own = {
            "configuration": each.configuration,
            "status": "failed" if each.loss is None else "pruned" if each.pruned else "ok",
            "loss": each.loss if at else None,
            "test_loss": test if at else None,
            "partial_loss": None if at else each.loss,
            "partial_test_loss": None if at else test,
            "best_loss": incumbent,
            "incumbent_test_loss": None if incumbent is None else incumbent + 0.01,
            "evaluate_seconds": cost,
            "details": json.dumps({"rungs": [[rung, loss, loss + 0.01, 0.1] for rung, loss in each.rungs]}),
            "fidelity": each.fidelity,
            "cost": cost,
            "proposal": row["trial"],
            "continues": each.continues,
            "incumbent_uncharged": best is not None and best[0] < high,
            "worker": 0,
            "clock": None,
            "losses": None,
        }
        made.append(row | own | dict(each.more))
    return made


def put_ladder(
    results_dir: Path,
    run: RunId,
    trials: Sequence[Trial],
    cost: float | None = None,
    ladder: Mapping[str, Any] = LADDER,
    **changed: Any,
) -> None:
    """Write a run on a ladder; its budget is `cost`, in full evaluations, or the number of its trials."""
    limits = {"trials": len(trials) if cost is None else None, "seconds": None}
    limits |= {"cost": cost} if cost is not None else {}
    entry = metadata(run, None, fidelity=dict(ladder), **changed)
    entry["config"]["budget"] = limits
    entry["config"]["model"]["space"] = SPACE
    write_run(run.path(results_dir), rows(run, trials, ladder["rungs"][-1]), entry, 2)


def put_plain(results_dir: Path, run: RunId, losses: Sequence[float], cost: float, **changed: Any) -> None:
    """Write a run of schema 1 beside them: full evaluations of its own."""
    entry = metadata(run, None, **changed)
    entry["config"]["budget"] = {"trials": None, "seconds": None, "cost": cost}
    entry["config"]["model"]["space"] = SPACE
    chance = random.Random(f"{run}")
    made = trial_rows(run, losses, [loss + 0.01 for loss in losses])
    made = [row | {"configuration": drawn(chance)} for row in made]
    write_run(run.path(results_dir), made, entry)


def drawn(chance: random.Random) -> str:
    """A configuration, at random."""
    return json.dumps({"x": chance.random(), "y": chance.random()}, separators=(",", ":"))


def loss_at(configuration: str, rung: int, noise: float = 0.3) -> float:
    """The loss of a configuration at a rung: what is left to learn, and less of a scatter the higher the rung."""
    values = json.loads(configuration)
    full = 0.1 + 0.6 * ((values["x"] - 0.3) ** 2 + 0.3 * (values["y"] - 0.7) ** 2)
    scatter = random.Random(f"{configuration}").gauss(0, 1)
    below = 1 - math.log(rung) / math.log(RUNGS[-1])
    return full + 0.2 * below + noise * below**2 * scatter * 0.3


def whole(chance: random.Random) -> Trial:
    """A trial that goes through all rungs."""
    configuration = drawn(chance)
    passed = [(rung, loss_at(configuration, rung)) for rung in RUNGS]
    return Trial(configuration, RUNGS[-1], passed[-1][1], rungs=passed)


def pruned(chance: random.Random, seen: list[list[float]]) -> Trial:
    """A trial that ends at the first rung at which it is worse than the median of those before it."""
    configuration = drawn(chance)
    passed: list[tuple[int, float]] = []
    for place, rung in enumerate(RUNGS):
        passed.append((rung, loss_at(configuration, rung)))
        others = sorted(seen[place])
        seen[place].append(passed[-1][1])
        if rung < RUNGS[-1] and len(others) > 2 and passed[-1][1] > others[len(others) // 2]:
            full = loss_at(configuration, RUNGS[-1])
            return Trial(configuration, rung, passed[-1][1], full, pruned=True, rungs=passed)
    return Trial(configuration, RUNGS[-1], passed[-1][1], rungs=passed)


def halving(chance: random.Random, width: int = 27) -> Iterator[Trial]:
    """Brackets of successive halving, in which the best third goes on."""
    while True:
        bracket = [drawn(chance) for _ in range(width)]
        for place, rung in enumerate(RUNGS):
            for each in bracket:
                yield Trial(each, rung, loss_at(each, rung), loss_at(each, RUNGS[-1]), RUNGS[place - 1] if place else 0)
            bracket = sorted(bracket, key=lambda each: loss_at(each, rung))[: max(1, len(bracket) // 3)]


def within(trials: Iterator[Trial], cost: float) -> list[Trial]:
    """The trials that fit into a budget."""
    made, spent = [], 0.0
    for each in trials:
        own = (each.fidelity - each.continues) / RUNGS[-1]
        if spent + own > cost + 1e-9:
            return made
        made.append(each)
        spent += own
    raise AssertionError("trials do not end")


def write_fidelity(results_dir: Path, experiment: str = "rungs", seeds: int = 10, cost: float = 12) -> None:
    """A comparison: random search at full fidelity, one that records rungs, a pruner, halving, and a plain run."""
    for seed in range(seeds):

        def run(optimizer: str) -> RunId:
            return RunId(experiment, "digits", "lightgbm", optimizer, seed)  # noqa: B023

        def forever(make: Any) -> Iterator[Trial]:
            while True:
                yield make()

        chance = random.Random(f"random-{seed}")
        draws = [drawn(chance) for _ in range(int(cost))]
        own = [Trial(each, RUNGS[-1], loss_at(each, RUNGS[-1])) for each in draws]
        put_ladder(results_dir, run("random"), own, cost)
        chance = random.Random(f"rungs-{seed}")
        put_ladder(results_dir, run("random_rungs"), [whole(chance) for _ in range(int(cost))], cost)
        chance, seen = random.Random(f"median-{seed}"), [[] for _ in RUNGS]
        put_ladder(results_dir, run("my_median"), within(forever(lambda: pruned(chance, seen)), cost), cost)  # noqa: B023
        put_ladder(results_dir, run("my_halving"), within(halving(random.Random(f"h-{seed}")), cost), cost)
        chance = random.Random(f"plain-{seed}")
        losses = [loss_at(drawn(chance), RUNGS[-1]) - 0.003 * trial for trial in range(int(cost))]
        put_plain(results_dir, run("optuna_tpe"), losses, cost)
