"""From an experiment's evaluations to a surrogate with its error, fitted once and kept by what it was fitted to."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from bench import provenance
from bench.errors import UserError
from bench.problems.surrogates import stored
from bench.problems.surrogates.evaluations import LEAST, Evaluations
from bench.problems.surrogates.stored import Surrogate
from bench.space import repeat
from bench.wording import plural

Say = Callable[[str], None]
_SHORTEST = 1e-9
"""Seconds, of which the logarithm is fitted."""


def surrogate(evaluations: Evaluations, experiment: str, datasets_dir: Path, say: Say) -> Surrogate:
    """That of some evaluations: the one that is kept, else a new one, of which `say` is told.

    Raises `UserError` where there are too few configurations, or groups of them.
    """
    path = stored.place(datasets_dir, experiment, evaluations.digest)
    if path.exists():
        return stored.read(path)
    if path.is_symlink():
        raise UserError(f"{path}: is a link to {path.readlink()}, which is not there; remove it, or mend it")
    distinct = len(np.unique(evaluations.codes[evaluations.ok]))
    if distinct < LEAST:
        raise UserError(
            f"dataset.experiment={experiment}: has evaluated {plural(distinct, 'configuration')} of "
            f"{evaluations.problem}; a surrogate needs {LEAST}: make more runs of it, or replay another"
        )
    if len(np.unique(evaluations.run)) < 2:
        raise UserError(
            f"dataset.experiment={experiment}: has 1 run of {evaluations.problem}; the error of a surrogate is "
            "measured on runs that it was not fitted to, which takes two: make another with another seed"
        )
    say(f"fitting a surrogate to {distinct} configurations of {evaluations.problem} in experiment {experiment}")
    made = _fitted(evaluations, experiment)
    made.write(path)
    return made


def _fitted(evaluations: Evaluations, experiment: str) -> Surrogate:
    from bench.problems.surrogates import accuracy, fitting  # noqa: PLC0415 - LightGBM and scikit-learn, once in a life

    of_split, noise = accuracy.effects(evaluations)
    losses = evaluations.loss - of_split[evaluations.split]
    candidate, error = accuracy.chosen(evaluations, losses)
    nobody = np.zeros(len(losses), dtype=bool)
    ensembles, scales = [], {}
    outputs: list[str] = []

    def add(name: str, rows: Any, values: Any, scale: str) -> None:
        targets, back = fitting.scaled(values, scale)
        ensembles.append(fitting.grown(candidate.ensemble, rows, targets))
        outputs.append(name)
        if name != "log_seconds":
            scales[name] = back

    add("loss", *accuracy.training(evaluations, losses, nobody), candidate.scale)
    if not np.isnan(evaluations.test_loss[evaluations.ok]).any():
        add("test_loss", *accuracy.training(evaluations, evaluations.test_loss, nobody), candidate.scale)
    seconds = np.log(np.maximum(np.nan_to_num(evaluations.seconds), _SHORTEST))
    add("log_seconds", *accuracy.training(evaluations, seconds, nobody), "loss")
    failed = np.bincount(evaluations.codes, evaluations.failed) > 0
    if failed.sum() >= fitting.FEWEST_FAILURES:
        ensembles.append(fitting.failures(evaluations.rows, failed))
        outputs.append("failure")
    config, metadata = evaluations.metadata["config"], evaluations.metadata
    facts = {
        "experiment": experiment,
        "problem": evaluations.problem,
        "dataset": evaluations.problem.partition("/")[0],
        "model": evaluations.problem.partition("/")[2],
        "metric": metadata.get("metric") or "loss",
        "task": metadata.get("task") or "",
        "baseline_loss": evaluations.baseline,
        "median_loss": float(np.median(losses[evaluations.ok])),
        "evaluations": evaluations.digest,
        "configurations": len(evaluations.configurations),
        "failed": int(evaluations.failed.sum()),
        "fitted": {"ensemble": candidate.ensemble, "scale": candidate.scale},
        "versions": provenance.versions(fitting.LIBRARIES),
        "noise": noise,
        "error": error,
    }
    space = repeat.spread(config["model"])["space"]
    return Surrogate(fitting.together(ensembles), tuple(outputs), scales, space, noise or 0.0, facts)


def with_fresh(made: Surrogate, fresh: dict[str, Any], datasets_dir: Path) -> Surrogate:
    """The same with its error on configurations that were drawn and truly evaluated, and kept so."""
    facts = {**made.facts, "error": {**made.facts["error"], "fresh": fresh}}
    known = replace(made, facts=facts)
    known.write(stored.place(datasets_dir, str(facts["experiment"]), str(facts["evaluations"])))
    return known
