"""A problem whose evaluations are those of a surrogate, fitted to what an experiment has evaluated.

What it is fitted to is read where a run's config is composed (`bench.running.replaying`): a recipe names the surrogate
by its hash, and it is found in the folder of datasets.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench import provenance
from bench.errors import UserError
from bench.models import Step
from bench.problems import deviates
from bench.problems.contract import Evaluate, Evaluation, Recipe
from bench.problems.identified import Identified, in_any_order
from bench.problems.surrogates import stored as surrogates
from bench.problems.surrogates.encoding import Encoding
from bench.problems.surrogates.stored import Surrogate
from bench.space import Configuration, InvalidConfiguration, Space, parsing

if TYPE_CHECKING:
    from bench.datasets import Dataset

NAME = "replay"
"""Of dataset and model, where their configs name none of their own."""

loads = False
controls: tuple[str, ...] = ("permuted",)


@dataclass(frozen=True, eq=False, kw_only=True)
class ReplayProblem(Identified):
    """A surrogate in the place of what it was fitted to; as a control each configuration has the place of another."""

    surrogate: Surrogate
    encoding: Encoding
    """Of the experiment's space, of which the run's may be a part."""
    model_seed: int
    """That of the noise."""

    @property
    def label(self) -> str:
        """What the loss is called: that of the experiment."""
        return str(self.surrogate.facts["metric"])

    def evaluate(self, configuration: Configuration, step: Step | None = None) -> Evaluation:
        """What the surrogate predicts: losses, seconds, and whether it fails.

        With noise the loss has a deviate of the configuration's own added, the same whenever it is evaluated; where
        the experiment has no test loss, that without noise is one.
        """
        at = configuration if self.control is None else self.control.point(self.space, configuration)
        predicted = self.surrogate.predict(self.encoding.row(at))
        seconds = math.exp(predicted["log_seconds"])
        if predicted.get("failure", -1.0) > 0:
            return Evaluation(None, None, seconds, "failed", "the surrogate predicts a failure")
        loss, test_loss = predicted["loss"], predicted.get("test_loss")
        noise = self.surrogate.noise
        if noise:
            test_loss = loss if test_loss is None else test_loss
            loss += noise * deviates.normal(f"{self.model_seed} ".encode() + in_any_order(at))
        return Evaluation(loss, test_loss, seconds, "ok")

    def baseline(self, evaluate: Evaluate) -> float:
        """The experiment's loss of a model that knows nothing; where that is not recorded, its median loss."""
        known = self.surrogate.facts["baseline_loss"]
        return float(self.surrogate.facts["median_loss"] if known is None else known)

    def baselines(self, evaluate: Evaluate) -> tuple[float, ...]:
        """The same."""
        return (self.baseline(evaluate),)

    def check(self, evaluate: Evaluate) -> None:
        """What it was fitted to is known by its hash."""

    def metadata(self, baseline_loss: float | None = None) -> dict[str, Any]:
        """The hashes, and under `replay` the surrogate with its error."""
        facts = self.surrogate.facts
        known = ("experiment", "problem", "evaluations", "configurations", "failed", "fitted", "noise", "error")
        return {
            "problem": self.hash,
            "problem_family": self.family,
            "key_prefix": self._key_prefix.decode(),
            "metric": self.label,
            "task": facts["task"],
            "baseline_loss": facts["baseline_loss"],
            "replay": {
                "sha256": self.surrogate.sha256,
                "forced": bool(self.recipe.groups["dataset"].get("force")),
                **{name: facts.get(name) for name in known},
            },
            **({} if self.control is None else {"control": self.control.name}),
        }


def chosen(groups: Mapping[str, Any]) -> bool:
    """Whether a config's dataset is the replay of an experiment, or its model what one has trained."""
    return "experiment" in groups["dataset"] or "replay" in groups["model"]


def stored(_groups: Mapping[str, Any]) -> bool:
    """Never: it is made again in less time."""
    return False


def relevant(groups: Mapping[str, Any]) -> dict[str, Any]:
    """The config without a split, which it has not."""
    return {**groups, "resampling": {}, "seeds": {"model": groups["seeds"]["model"]}}


def check(groups: Mapping[str, Any]) -> None:
    """Raise `UserError` where no experiment is named, or a key has no meaning in a replay."""
    dataset, model, metric = groups["dataset"], groups["model"], groups["metric"].get("name")
    if "experiment" not in dataset:
        raise UserError(f"dataset={dataset['name']}: model={model['name']} is of replays; set dataset={NAME}")
    if not dataset.get("experiment"):
        raise UserError(
            "dataset.experiment: missing; name an experiment with finished runs, whose evaluations to replay"
        )
    if dataset.get("load") is not None:
        raise UserError("dataset.load: stands beside dataset.experiment; keep the one that is meant")
    if metric != "auto":
        raise UserError(f"metric={metric}: the loss is that of the experiment; leave metric=auto")
    if groups.get("objectives") is not None:
        raise UserError("objectives: a replay has one loss; leave it out")


def build(recipe: Recipe, dataset: "Dataset | None" = None) -> ReplayProblem:
    """The problem of a recipe; reads the surrogate, which must be there."""
    assert dataset is None
    config, seeds = recipe.groups["dataset"], recipe.groups["seeds"]
    path = surrogates.place(Path(recipe.datasets_dir), str(config["experiment"]), str(config["evaluations"]))
    surrogate = surrogates.read(path)
    if surrogate.sha256 != config["sha256"]:
        raise UserError(f"{path}: is another surrogate than the run's; delete it, and run its experiment again")
    space, whole = parsing.parse(recipe.groups["model"]["space"]), parsing.parse(dict(surrogate.space))
    check_space(space, whole, str(config["experiment"]))
    follows = seeds["model"] == "seed"
    model_seed = recipe.seed if follows else int(seeds["model"])
    identity = {"surrogate": surrogate.sha256, "space": space.describe()}
    noisy = bool(surrogate.noise)
    return ReplayProblem(
        recipe=recipe,
        surrogate=surrogate,
        space=space,
        encoding=Encoding(whole),
        model_seed=model_seed,
        identity=identity | ({"model_seed": model_seed} if noisy else {}),
        family=provenance.digest(identity | ({"model_seed": seeds["model"]} if noisy else {})),
    )


def check_space(space: Space, whole: Space, experiment: str) -> None:
    """Raise `UserError` where a space is no part of that of an experiment."""
    where = f"of experiment {experiment}; model={NAME} has its space"
    theirs = {parameter.name: parameter for parameter in whole.parameters}
    for parameter in space.parameters:
        name = f"model.space.{parameter.name}"
        if parameter.name not in theirs:
            raise UserError(f"{name}: is not in the space {where}")
        other = theirs[parameter.name]
        if dict(parameter.when) != dict(other.when) or parameter.kind != other.kind:
            raise UserError(f"{name}: is another parameter than that {where}")
        for value in parameter.representatives:
            try:
                other.cast(value)
            except InvalidConfiguration:
                raise UserError(f"{name}: holds {value!r}, which is outside of that {where}") from None
    for missing in theirs.keys() - {parameter.name for parameter in space.parameters}:
        raise UserError(f"model.space.{missing}: missing; it is in the space {where}")
