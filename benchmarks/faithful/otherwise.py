"""How far declared differences go: each measured beside a loop that has the one thing as the library does."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

SEEDS = (0, 1, 2)
FEW = (0, 1)
"""Of what takes seconds for each trial."""
TRIALS = 24
"""Of SMAC's forest: its design is five, and its model proposes from the sixth."""
FORESTS_SPACE = "flat"


def support(name: str) -> Any:
    """A module of tests/support."""
    return import_module(name)


def between(own: Any, ours: Any) -> tuple[int, int]:
    """How many trials are alike from the first on, and of how many."""
    return support("faithful").equal(own, ours), max(len(own), len(ours))


def said(pairs: list[tuple[int, int]]) -> str:
    """From which trial on two sequences differ."""
    first = sorted(equal + 1 for equal, of in pairs if equal < of)
    if not first:
        return f"equal in all {sum(of for _, of in pairs):,} trials"
    some = "" if len(first) == len(pairs) else f" in {len(first)} of {len(pairs)} runs"
    return f"differs from trial {first[0] if first[0] == first[-1] else f'{first[0]} to {first[-1]}'}{some}"


def forest(change: str, seed: int) -> list[str]:
    """What SMAC's forest proposes of itself, as it is, sorted, or not deterministic."""
    loops_smac = support("loops_smac")
    changes: dict[str, dict[str, Any]] = {
        "as it is": {},
        "sorted": {"change": loops_smac.in_order},
        "not deterministic": {"deterministic": False},
    }
    own = loops_smac.loop("smac_rf", loops_smac.FLAT, loops_smac.flat, **changes[change])
    case = next(case for case in loops_smac.SHIPPED if case.name == "smac_rf" and case.label == FORESTS_SPACE)
    return texts(support("loops").own_loop(replace(case, own=own), seed, TRIALS))


def adapted_forest(seed: int) -> list[str]:
    loops_smac = support("loops_smac")
    case = next(case for case in loops_smac.SHIPPED if case.name == "smac_rf" and case.label == FORESTS_SPACE)
    return texts(support("loops").our_loop(case, seed, TRIALS))


def texts(objective: Any) -> list[str]:
    return [support("loops").to_json(configuration) for configuration in objective.asked]


def start_points() -> str:
    """SMAC's forest in two processes of other hashes, and beside the adapter, as it is and sorted."""
    other = json.loads(
        subprocess.run(
            [sys.executable, __file__],
            env={**os.environ, "PYTHONHASHSEED": "1"},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.splitlines()[-1]
    )
    own, ours = [forest("as it is", seed) for seed in FEW], [adapted_forest(seed) for seed in FEW]
    ordered = [forest("sorted", seed) for seed in FEW]
    return (
        f"`smac_rf`, {len(FEW)} seeds, {TRIALS} trials: SMAC beside itself in a process of other hashes "
        f"{said(list(map(between, own, other)))}, the adapter beside SMAC {said(list(map(between, own, ours)))}; with "
        f"SMAC's points sorted too it is {said(list(map(between, ordered, ours)))}"
    )


def deterministic() -> str:
    own, ours = forest("not deterministic", 0), adapted_forest(0)
    return f"`smac_rf`: {said([between(own, ours)])}; {len(own) - len(set(own))} of SMAC's {len(own)} are repeats"


def names() -> str:
    """Of a space whose order is not that of its names."""
    faithful, loops_smac = support("faithful"), support("loops_smac")
    space = support("loops").only(loops_smac.TWO, "rate", "depth")
    pairs = {
        "smac_hyperband": [between(*faithful.smac_rungs("smac_hyperband", space, loops_smac.two, s)) for s in SEEDS],
        "dehb": [between(*faithful.dehb_rungs(space, loops_smac.two, s, 40)) for s in SEEDS],
    }
    return "; ".join(f"`{name}`, of `rate` before `depth`, {said(found)}" for name, found in pairs.items())


def beside(name: str, own: Callable[[Any, int, int], None], trials: int = 100, seeds: tuple[int, ...] = SEEDS) -> str:
    """An adapter beside a loop of another kind, on the flat space of its own."""
    loops = support("loops")
    case = replace(next(c for c in loops.shipped() if c.name == name and c.label.startswith("flat")), own=own)
    pairs = [
        between(texts(loops.own_loop(case, seed, trials)), texts(loops.our_loop(case, seed, trials))) for seed in seeds
    ]
    return said(pairs)


def unscrambled() -> str:
    loops_optuna, loops = support("loops_optuna"), support("loops")
    own = loops_optuna.optimize(lambda seed: loops_optuna.QMCSampler(seed=seed), loops_optuna.flat)
    case = next(c for c in loops.shipped() if c.name == "optuna_qmc" and c.label == "flat")
    plain = replace(case, own=own, fails=loops.never)
    drawn = [texts(loops.own_loop(plain, seed, 100)) for seed in SEEDS]
    shared = sum(len(set(trials)) == 1 for trials in zip(*drawn, strict=True))
    return f"{beside('optuna_qmc', own)}; unscrambled, {shared} of 100 trials are the same for {len(SEEDS)} seeds"


def multivariate() -> str:
    """Of both configs, on a space without conditions and on one with."""
    loops = support("loops")
    found = {}
    for label, space in (("without conditions", loops.MIXED), ("with them", loops.NESTED)):
        pairs = []
        for seed in SEEDS:
            asked = []
            for name in ("optuna_tpe", "optuna_tpe_multivariate"):
                objective = loops.Objective()
                loops.run(loops.build(name, space, seed, 100), 100, objective)
                asked.append(texts(objective))
            pairs.append(between(*asked))
        found[label] = said(pairs)
    return f"beside `optuna_tpe`: {found['without conditions']} without conditions, {found['with them']} with them"


def random_state() -> str:
    import numpy as np

    loops_cmaes = support("loops_cmaes")
    loops = {"cmaes_ipop": loops_cmaes.ipop, "cmaes_bipop": loops_cmaes.bipop}
    return "; ".join(
        f"`{name}` {beside(name, partial(loop, generator=np.random.RandomState))}" for name, loop in loops.items()
    )


def ax_failed() -> str:
    loops_ax = support("loops_ax")
    return beside("ax", partial(loops_ax.floats, abandon=False), 10, FEW[:1])


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests/support"))
    print(json.dumps([forest("as it is", seed) for seed in FEW]))
