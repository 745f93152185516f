"""The config of a replay made whole: its surrogate found or fitted, judged, and named, before a run is made of it."""

import sys
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from bench import problems, results, texts
from bench.checks import whole
from bench.errors import DataOptionError, UserError
from bench.problems import replay
from bench.problems.surrogates import evaluations, limits, making
from bench.problems.surrogates.encoding import Encoding
from bench.problems.surrogates.stored import Surrogate
from bench.running.evaluating import evaluate
from bench.space import repeat
from bench.wording import plural

SUFFIX, FORCED = "-replay", "-replay-forced"
"""What a replay's dataset is named by, wherever it stands."""


def completed(config: dict[str, Any]) -> dict[str, Any]:
    """The config with the surrogate that its `dataset.experiment` names, and the experiment's model and space.

    Any other config is returned as it is. Raises `UserError` where the experiment cannot be replayed, its surrogate is
    refused and not forced, or the model of the config is another than the experiment's.
    """
    dataset, model = config.get("dataset"), config.get("model")
    if not isinstance(dataset, Mapping) or not isinstance(model, Mapping) or "experiment" not in dataset:
        return config
    if not dataset["experiment"] or "sha256" in dataset:
        return config
    experiment = results.check_experiment("dataset.experiment", dataset["experiment"])
    force, fresh = dataset.get("force", False), whole("dataset.fresh", dataset.get("fresh") or 0, 0, 100_000)
    if not isinstance(force, bool):
        raise UserError(f"dataset.force={force!r}: expected true or false")
    if dataset.get("problem") is not None and not isinstance(dataset["problem"], str):
        raise UserError(f"dataset.problem={dataset['problem']!r}: expected DATASET/MODEL, as text")
    places = str(config["results_dir"]), str(config["datasets_dir"])
    surrogate = _surrogate(*places, experiment, dataset.get("problem"), fresh)
    facts = surrogate.facts
    if "replay" not in model and model.get("name") != facts["model"]:
        raise UserError(
            f"model={model.get('name')}: experiment {experiment} has trained {facts['model']}; set model={replay.NAME}"
        )
    if config.get("control") is None:  # of permuted losses none has to be right
        _refuse_poor(surrogate, experiment, force)
    space = repeat.spread(model).get("space") or dict(surrogate.space)
    named = {"name": facts["dataset"] + (FORCED if force else SUFFIX), "load": None, "experiment": experiment}
    known = {"problem": facts["problem"], "evaluations": facts["evaluations"], "sha256": surrogate.sha256}
    about = {key: dataset[key] for key in ("description", "source", "licence", "citation") if key in dataset}
    return {
        **config,
        "dataset": {**named, **known, "force": force, **about},
        "model": {"name": facts["model"], "replay": True, "space": space},
    }


def groups_of(experiment: str, problem: str, results_dir: Path, datasets_dir: Path) -> dict[str, Any]:
    """Dataset and model of a problem's replay, to be used for a control, whatever its error."""
    asked = {"name": replay.NAME, "load": None, "experiment": experiment, "problem": problem}
    config = {"dataset": asked, "model": {"name": replay.NAME, "replay": True}, "control": "permuted"}
    made = completed({**config, "results_dir": str(results_dir), "datasets_dir": str(datasets_dir)})
    return {name: made[name] for name in ("dataset", "model")}


@lru_cache(maxsize=16)
def _surrogate(results_dir: str, datasets_dir: str, experiment: str, problem: str | None, fresh: int) -> Surrogate:
    read = evaluations.read(Path(results_dir), experiment, problem)
    surrogate = making.surrogate(read, experiment, Path(datasets_dir), _say)
    if fresh > ((surrogate.facts["error"].get("fresh") or {}).get("evaluations") or 0):
        surrogate = making.with_fresh(surrogate, _fresh(surrogate, read, Path(datasets_dir), fresh), Path(datasets_dir))
    return surrogate


def _fresh(surrogate: Surrogate, read: evaluations.Evaluations, datasets_dir: Path, count: int) -> dict[str, Any]:
    """The error on configurations that are drawn from the reference distribution, with seed 0, and truly evaluated."""
    from bench.problems.surrogates import accuracy  # noqa: PLC0415 - LightGBM and scikit-learn, as where it is fitted
    from bench.running import trusted  # noqa: PLC0415 - pandas, which other configs do without

    try:
        recipe = trusted.recipe(read.metadata, 0, datasets_dir)
        problem = problems.shared(recipe)
    except (UserError, DataOptionError) as error:
        raise UserError(
            f"dataset.fresh={count}: its problem cannot be built again here ({error}); leave it out"
        ) from None
    _say(f"evaluating {plural(count, 'fresh configuration')} of {read.problem}, to see how far its surrogate is off")
    rng = np.random.default_rng(0)
    pairs = []
    for _ in range(count):
        configuration = problem.space.sample(rng)
        outcome = evaluate(problem, configuration, None)
        if outcome.loss is not None:
            row = Encoding(read.space).row(read.space.canonical(configuration))
            pairs.append((outcome.loss, surrogate.predict(row)["loss"]))
    true, predicted = np.array(pairs).reshape(-1, 2).T
    return {
        "evaluations": count,
        "failed": count - len(true),
        "rank_correlation": accuracy.correlation(true, predicted),
        "rmse": float(np.sqrt(np.mean((true - predicted) ** 2))) if len(true) else None,
        "seed": 0,
    }


def _refuse_poor(surrogate: Surrogate, experiment: str, force: bool) -> None:
    reasons = limits.refusals(surrogate.facts["error"])
    if reasons and not force:
        raise UserError(
            f"dataset.experiment={experiment}: a replay of it says little of {surrogate.facts['problem']}: "
            f"{', '.join(reasons)}; dataset.force=true uses it all the same, and marks it"
        )


def lines(problem: Any) -> Iterator[str]:
    """What is said of a replay before its runs begin; nothing of other problems."""
    surrogate = getattr(problem, "surrogate", None)
    if surrogate is not None:
        yield f"{surrogate.facts['problem']}: {stated(surrogate.facts)}"


def stated(facts: Mapping[str, Any]) -> str:
    """A surrogate's error in short."""
    error = facts["error"]
    best, every = (error[name]["rank_correlation"] for name in ("best_tenth", "all"))
    order = "" if error["order"] is None else f", order of optimisers at tau {_number(error['order'])}"
    return (
        f"losses are those of a surrogate of {facts['experiment']}; out of group its rank correlation is "
        f"{_number(every)}, {_number(best)} in the best tenth{order}"
    )


def _number(value: float | None) -> str:
    return "not defined" if value is None else f"{value:.2f}"


def _say(line: str) -> None:
    sys.stderr.write(f"bench: {texts.line(line)}\n")
