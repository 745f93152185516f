"""The kind of problem that is a stream with policies of re-tuning: what its config must be, and how it is made."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench import provenance
from bench.checks import is_number, mapping, whole
from bench.config.schema import FOR_READERS
from bench.errors import UserError, allowed
from bench.problems.contract import Recipe
from bench.space import Categorical, parsing

if TYPE_CHECKING:
    from bench.datasets import Dataset
    from bench.problems.drift.problem import DriftProblem

loads = False
controls: tuple[str, ...] = ()

KEYS = ("class", "settings", "space", "window", "block", "valid", "trials", "carried", "period", "delta", "optimizers")
"""Those of `model.retuned`: what is tuned, how the stream is cut, what a study and a policy are, and who tunes."""


def chosen(groups: Mapping[str, Any]) -> bool:
    """Whether a config's model is tuned anew over a stream."""
    return "retuned" in groups["model"]


def stored(_groups: Mapping[str, Any]) -> bool:
    """Always: to pass a stream takes seconds."""
    return True


def relevant(groups: Mapping[str, Any]) -> dict[str, Any]:
    """The config without a split at random, which a stream has not, and without what is for readers."""
    model = dict(groups["model"])
    if isinstance(model["retuned"], Mapping) and isinstance(model["retuned"].get("optimizers"), Mapping):
        optimizers = {name: _decisive(config) for name, config in model["retuned"]["optimizers"].items()}
        model["retuned"] = {**model["retuned"], "optimizers": optimizers}
    return {**groups, "model": model, "resampling": {}}


def _decisive(config: Any) -> Any:
    if not isinstance(config, Mapping):
        return config
    return {key: value for key, value in config.items() if key not in FOR_READERS}


def check(groups: Mapping[str, Any]) -> None:
    """Raise `UserError` where a key of `model.retuned` is missing, unknown or cannot be used."""
    dataset, config = groups["dataset"], mapping("model.retuned", groups["model"]["retuned"])
    for key in config:
        if key not in KEYS:
            raise UserError(f"model.retuned.{key}: no such key; {allowed(key, KEYS)}")
    for key in KEYS:
        if key not in config and key != "settings":
            raise UserError(f"model.retuned.{key}: missing; model=retuned_tree shows all keys")
    if dataset.get("load") is None:
        raise UserError(f"dataset={dataset['name']}: holds no rows; choose a stream, such as dataset=sea_drift")
    if dataset.get("rows") is not None:
        raise UserError(f"dataset.rows={dataset['rows']}: draws rows at random, and a stream is one in order; set null")
    if groups.get("objectives") is not None:
        raise UserError("objectives: what is tuned over a stream has one loss; leave it out")
    _check_numbers(config)
    _check_optimizers(config["optimizers"])
    _check_space(groups["model"].get("space"), config["optimizers"])


def _check_numbers(config: Mapping[str, Any]) -> None:
    whole("model.retuned.valid", config["valid"], 1, whole("model.retuned.window", config["window"], 2) - 1)
    whole("model.retuned.block", config["block"], 1)
    whole("model.retuned.period", config["period"], 1)
    whole("model.retuned.carried", config["carried"], 1, whole("model.retuned.trials", config["trials"], 2) - 1)
    if not is_number(config["delta"]) or not 0 < config["delta"] < 1:
        raise UserError(f"model.retuned.delta={config['delta']!r}: expected a number between 0 and 1")


def _check_optimizers(optimizers: Any) -> None:
    if not mapping("model.retuned.optimizers", optimizers):
        raise UserError("model.retuned.optimizers: is empty; give at least one optimiser's config")
    for name, config in optimizers.items():
        where = f"model.retuned.optimizers.{name}"
        if "class" not in mapping(where, config):
            raise UserError(f"{where}.class: missing; name a class by its dotted path")
        if config.get("multi_fidelity") or config.get("budget_factor", 1) != 1:
            raise UserError(f"{where}: has a budget of its own kind, and studies are of full evaluations; leave it out")


def _check_space(space: Any, optimizers: Mapping[str, Any]) -> None:
    from bench.problems.drift.policies import POLICIES  # noqa: PLC0415 - river, which other problems do without

    parameters = {parameter.name: parameter for parameter in parsing.parse(space or {}).parameters}
    for name, known in (("optimizer", list(optimizers)), ("policy", list(POLICIES))):
        parameter = parameters.pop(name, None)
        if not isinstance(parameter, Categorical) or parameter.when:
            raise UserError(f"model.space.{name}: expected a categorical of some of {', '.join(known)}")
        for choice in parameter.choices:
            if choice not in known:
                raise UserError(f"model.space.{name}: holds {choice!r}; {allowed(str(choice), known)}")
    for name in parameters:
        raise UserError(
            f"model.space.{name}: a policy has an optimizer and a policy alone; it belongs in retuned.space"
        )


def build(recipe: Recipe, dataset: "Dataset | None" = None) -> "DriftProblem":
    """The problem of a recipe; draws or loads its stream.

    A stream that is drawn has the seed `dataset.seed` plus that of splits: with `seeds=paired` each repetition is a
    stream of its own, with `seeds=fixed` all are on one.
    """
    from bench import datasets, metrics  # noqa: PLC0415 - pandas and scikit-learn, which other kinds do without
    from bench.problems import searched  # noqa: PLC0415
    from bench.problems.drift.blocks import Cut, Stream  # noqa: PLC0415
    from bench.problems.drift.problem import REVISION, DriftProblem, Settings  # noqa: PLC0415

    groups, config = recipe.groups, recipe.groups["model"]["retuned"]
    seeds = {name: recipe.seed if (own := groups["seeds"][name]) == "seed" else own for name in ("split", "model")}
    drawn = dict(groups["dataset"])
    if "seed" in drawn:
        drawn["seed"] = whole("dataset.seed", drawn["seed"], 0) + seeds["split"]
    dataset = dataset or datasets.load(drawn, Path(recipe.datasets_dir))
    inner = {name: config.get(name) or {} for name in ("class", "settings", "space")}
    model = searched.model_of(inner, dataset.task, len(dataset.classes))
    space, policies = parsing.parse(inner["space"]), parsing.parse(groups["model"]["space"])
    metric = metrics.get(groups["metric"]["name"], dataset.task)
    cut = Cut(config["window"], config["block"], config["valid"])
    of_block = Recipe({**groups, "model": inner}, recipe.seed, recipe.datasets_dir, recipe.threads)
    stream = Stream(dataset, cut, model, inner, space, metric, seeds["model"], of_block)
    stream.check()
    settings = Settings(**{key: config[key] for key in ("trials", "carried", "period", "delta", "optimizers")})
    identity = {
        "revision": REVISION,
        "retuned": config,
        "model_revision": model.revision,
        "space": policies.describe(),
        "metric": metric.name,
    }
    here = {"data": dataset.content, "model_seed": seeds["model"], "seed": recipe.seed}
    source = {key: value for key, value in groups["dataset"].items() if key not in ("name", "description", "source")}
    facts = {**vars(cut), "rows": len(dataset.target), "positions": list(groups["dataset"].get("positions") or [])}
    return DriftProblem(
        recipe=recipe,
        stream=stream,
        settings=settings,
        space=policies,
        identity=identity | here,
        family=provenance.digest(identity | {"dataset": source, "seeds": dict(groups["seeds"])}),
        facts=facts,
        warnings=searched.check(model, inner["class"], space, dataset.features),
    )
