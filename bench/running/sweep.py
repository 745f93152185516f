"""From Hydra overrides to run specifications; which of them are done, and which would contradict what is there."""

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from omegaconf import DictConfig, ListConfig, OmegaConf

from bench import problems, provenance, results
from bench.datasets.file import fingerprint
from bench.errors import UserError, allowed
from bench.results import SEEDS, DamagedTable, RunId
from bench.running import child_process
from bench.running.cores import cores
from bench.running.run import RunSpec
from bench.space import parsing, repeat

GROUPS = ("dataset", "resampling", "model", "metric", "optimizer", "seeds", "initial_design", "budget")
"""The groups that a result depends on, in the order in which they are recorded."""

FILE = "bench.datasets.file.load"
"""The source of a user's own file, whose content is hashed in the place of its path."""

_NOT_HASHED = {"name", "description", "source", "licence", "citation", "path"}


@dataclass(frozen=True)
class Plan:
    """The runs of a sweep: those to do, those that are done, and what was noticed on the way."""

    to_do: list[RunSpec]
    done: list[RunSpec]
    notes: list[str] = field(default_factory=list)


# --- from overrides to specifications ---------------------------------------------------------------------------------


def enumerate_runs(
    compose: Callable[[list[str]], DictConfig], blocks: Any, arguments: Sequence[str]
) -> Iterator[RunSpec]:
    """The runs that `arguments` (Hydra overrides) select from an experiment's `blocks`.

    Each block is a product of choices; an argument replaces a block's choice of the same key. `compose` makes a config
    from overrides without choices: it is called once per choice of everything but the seed, which is set as data.
    """
    parser = OverridesParser.create()
    given = parser.parse_overrides(list(arguments))
    for number, block in enumerate(_blocks(blocks)):
        own = parser.parse_overrides([f"{key}={_as_override(number, key, value)}" for key, value in block.items()])
        names = {override.key_or_group for override in given}
        chosen = [override for override in own if override.key_or_group not in names] + given
        overrides = list({override.get_key_element(): override for override in chosen}.values())  # the last one counts
        seeds = [seed for override in overrides if override.key_or_group == "seed" for seed in _seeds(override)]
        axes = [_choices(override) for override in overrides if override.key_or_group != "seed"]
        for choice in itertools.product(*axes):
            yield from specify(compose(list(choice)), seeds or None)


def specify(config: DictConfig, seeds: Iterable[int] | None = None) -> Iterator[RunSpec]:
    """The runs of one composed config: one for each of `seeds`, or for the config's own seed."""
    config = OmegaConf.masked_copy(config, [str(key) for key in config if key != "hydra"])
    first = _resolved(config)
    # An interpolation of the seed must be resolved for each; else the config is the same for all, and so is its hash.
    follows_seed = "${seed" in OmegaConf.to_yaml(config)
    spec = _specification(first)
    for seed in [first["seed"]] if seeds is None else seeds:
        if follows_seed:
            config.seed = seed
            spec = _specification(_resolved(config))
        yield replace(spec, run=replace(spec.run, seed=_checked_seed(seed)))


def _blocks(blocks: Any) -> list[Mapping[str, Any]]:
    plain = OmegaConf.to_container(blocks) if isinstance(blocks, ListConfig | DictConfig) else blocks
    if plain is None:
        return [{}]
    if not isinstance(plain, list) or not plain or not all(isinstance(block, dict) for block in plain):
        raise UserError("blocks: expected a list of mappings such as {optimizer: [random, grid], seed: 'range(0,10)'}")
    return plain


def _as_override(number: int, key: str, value: Any) -> str:
    if isinstance(value, list):
        if not value:
            raise UserError(f"blocks[{number}].{key}: is an empty list")
        return ",".join(_as_override(number, key, item) for item in value)
    if isinstance(value, dict):
        raise UserError(f"blocks[{number}].{key}: expected a value or a list of values, found a mapping")
    return {None: "null", True: "true", False: "false"}.get(value, str(value))


def _choices(override: Override) -> list[str]:
    key = override.input_line.partition("=")[0] if override.input_line else override.get_key_element()
    if not override.is_sweep_override():
        return [override.input_line or f"{key}={override.get_value_element_as_str()}"]
    if not override.is_discrete_sweep():
        raise UserError(f"{override.input_line}: only lists, choice(...) and range(...) can be swept")
    return [f"{key}={value}" for value in override.sweep_string_iterator()]


def _seeds(override: Override) -> list[int]:
    if override.is_sweep_override():
        if not override.is_discrete_sweep():
            raise UserError(f"{override.input_line}: only lists, choice(...) and range(...) can be swept")
        return [_checked_seed(value) for value in override.sweep_iterator()]
    return [_checked_seed(override.value())]


def _resolved(config: DictConfig) -> dict[str, Any]:
    plain = OmegaConf.to_container(config, resolve=True, throw_on_missing=True)
    assert isinstance(plain, dict)
    return {str(key): value for key, value in plain.items()}


def _specification(config: Mapping[str, Any]) -> RunSpec:
    _check(config)
    config = {**config, "model": repeat.spread(config["model"])}
    groups = {name: {key: value for key, value in config[name].items() if key != "description"} for name in GROUPS}
    groups = problems.relevant(groups)
    limits = {key: value for key, value in asdict(child_process.limits(config["trial"])).items() if value is not None}
    if limits:
        groups["trial"] = limits
    dataset = groups["dataset"]
    if dataset.get("sha256") is None and dataset.get("path") and dataset.get("load") == FILE:
        # The content of a user's file is part of what its results depend on; its place is not.
        dataset["path"] = str(Path(dataset["path"]).absolute())
        dataset["sha256"] = fingerprint(Path(dataset["path"]))
    results_dir = Path(config["results_dir"]).absolute()
    return RunSpec(
        RunId(config["name"], dataset["name"], groups["model"]["name"], groups["optimizer"]["name"], config["seed"]),
        groups,
        provenance.digest(hashed(groups)),
        str(results_dir),
        str(Path(config["datasets_dir"]).absolute()),
        config["store"] or f"sqlite:///{results_dir / 'store.sqlite'}",
        config["threads"] or cores(),
        isolation=config["isolation"],
    )


def hashed(groups: Mapping[str, Any]) -> dict[str, Any]:
    """What of a run's config decides its results: no names, no descriptions, no places."""
    said = {
        group: {key: value for key, value in entries.items() if key not in _NOT_HASHED}
        for group, entries in groups.items()
        if group != "metric"
    }
    if "path" in groups["dataset"] and not groups["dataset"].get("sha256"):
        said["dataset"]["path"] = groups["dataset"]["path"]  # of another source's file nothing else is known
    said["model"].pop("minimum", None)  # what is known of a function is no part of it
    return said | {"metric": groups["metric"]["name"]}


# --- what is done -----------------------------------------------------------------------------------------------------


def plan(specs: Iterable[RunSpec], overwrite: bool = False, touch: bool = True) -> Plan:
    """Sort runs into done and to do; refuse those that a finished run of another config stands in the way of.

    A finished run that had fewer trials as its budget, and is else the same, goes on to the new one, or starts anew
    where its optimiser plans with its budget. With `overwrite` finished runs are to do again; their tables stay until
    new ones take their place. A damaged table is set aside where `touch` is set.
    """
    wanted = _unique(specs)
    existing: dict[RunId, Path] = {}
    for folder, experiment in sorted({(spec.results_dir, spec.run.experiment) for spec in wanted}):
        existing |= results.find(Path(folder), experiment)
    made = Plan([], [])
    conflicts: list[tuple[RunSpec, dict[str, Any]]] = []
    raised: list[tuple[RunSpec, dict[str, Any]]] = []
    for spec in wanted:
        path = existing.get(spec.run)
        metadata = None if path is None or overwrite else _metadata(path, made.notes, touch)
        if metadata is None:
            made.to_do.append(replace(spec, overwrite=overwrite))
        elif metadata["config_hash"] == spec.config_hash:
            made.done.append(spec)
        elif _is_raised(spec, metadata):
            raised.append((spec, metadata))
            extends = metadata["config_hash"] if _goes_on(metadata) else None
            made.to_do.append(replace(spec, extends=extends, overwrite=extends is None))
        else:
            conflicts.append((spec, metadata))
    if conflicts:
        raise UserError(_conflict(*conflicts[0], len(conflicts)))
    made.notes.extend(_said_of_raised(raised))
    return made


def _is_raised(spec: RunSpec, metadata: Mapping[str, Any]) -> bool:
    """Whether a finished run differs in having had fewer trials as its budget, and in nothing else."""
    if metadata.get("imported"):
        return False
    then, now = hashed(metadata["config"]), hashed(spec.config)
    before, after = then["budget"].get("trials"), now["budget"].get("trials")
    known = before is not None and after is not None
    return known and before < after and _differences(then, now) == ["budget.trials"]


def _goes_on(metadata: Mapping[str, Any]) -> bool:
    return (metadata.get("declared") or {}).get("extendable") is not False


def _said_of_raised(raised: Sequence[tuple[RunSpec, Mapping[str, Any]]]) -> Iterator[str]:
    for goes_on, what in (
        (True, "go on, and reuse what they have"),
        (False, "start anew: they plan with their budget"),
    ):
        runs = [(spec, metadata) for spec, metadata in raised if _goes_on(metadata) is goes_on]
        if runs:
            before = sorted({metadata["config"]["budget"]["trials"] for _, metadata in runs})
            names = ", ".join(dict.fromkeys(spec.run.optimizer for spec, _ in runs))
            several = f"{len(runs)} finished runs" if len(runs) > 1 else "1 finished run"
            yield f"{several} of {names} had budget.trials={'/'.join(map(str, before))}: {what}"


def _unique(specs: Iterable[RunSpec]) -> list[RunSpec]:
    unique: dict[RunId, RunSpec] = {}
    for spec in specs:
        other = unique.setdefault(spec.run, spec)
        if other.config_hash != spec.config_hash:
            keys = ", ".join(_differences(hashed(other.config), hashed(spec.config)))
            raise UserError(f"two runs are named {spec.run} but differ in {keys}; set optimizer.name (or model.name)")
    return list(unique.values())


def _metadata(path: Path, notes: list[str], touch: bool) -> dict[str, Any] | None:
    try:
        return results.read_metadata(path)
    except DamagedTable:
        if touch:
            path.replace(path.with_suffix(".damaged"))
        notes.append(f"{path}: damaged; set aside as {path.with_suffix('.damaged').name} and made again from the store")
        return None


def _conflict(spec: RunSpec, metadata: Mapping[str, Any], count: int) -> str:
    more = f" (and {count - 1} more runs)" if count > 1 else ""
    if metadata.get("imported"):
        said = f"was imported from {metadata['imported']['file']}"
    else:
        keys = ", ".join(_differences(hashed(metadata["config"]), hashed(spec.config))) or "its config"
        said = f"finished before with another config, which differs in {keys}"
    return (
        f"{spec.run}{more}: {said}; choose another name=... or optimizer.name=..., or set overwrite=true to replace it"
    )


def _differences(a: Any, b: Any, prefix: str = "") -> list[str]:
    """The dotted keys at which two nested mappings differ."""
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        keys = [*a, *(key for key in b if key not in a)]
        return [name for key in keys for name in _differences(a.get(key), b.get(key), f"{prefix}{key}.")]
    return [] if a == b else [prefix.rstrip(".")]


# --- checks -----------------------------------------------------------------------------------------------------------


def _check(config: Mapping[str, Any]) -> None:
    for group in GROUPS:
        if not isinstance(config.get(group), Mapping):
            raise UserError(f"{group}={config.get(group)!r}: expected the name of a config; 'bench list' shows them")
    results.check_experiment("name", config["name"])
    for group in ("dataset", "model", "optimizer"):
        results.check_name(f"{group}.name", config[group].get("name"))
    _check_budget(config["budget"])
    _check_seeds(config)
    if config["threads"] is not None:
        _whole("threads", config["threads"], 1)
    if "class" not in config["optimizer"]:
        raise UserError("optimizer.class: missing; name a class by its dotted path")
    for group in ("model", "optimizer"):
        if not isinstance(config[group].get("settings") or {}, Mapping):
            raise UserError(f"{group}.settings: expected a mapping")
    _check_isolation(config)
    problems.check(config)
    parsing.parse(repeat.spread(config["model"]).get("space") or {})


def _check_budget(budget: Mapping[str, Any]) -> None:
    trials, seconds = budget.get("trials"), budget.get("seconds")
    if trials is None and seconds is None:
        raise UserError("budget: has neither trials nor seconds; set budget.trials=50, say")
    if trials is not None:
        _whole("budget.trials", trials, 1)
    if seconds is not None and (isinstance(seconds, bool) or not isinstance(seconds, int | float) or seconds <= 0):
        raise UserError(f"budget.seconds={seconds!r}: expected a number greater than 0")


def _check_isolation(config: Mapping[str, Any]) -> None:
    if config["isolation"] not in ("none", "process"):
        raise UserError(f"isolation={config['isolation']!r}: {allowed(config['isolation'], ('none', 'process'))}")
    for key, value in config["trial"].items():
        if value is not None and config["isolation"] != "process":
            raise UserError(
                f"trial.{key}={value}: what is evaluated in the run's own process has no limits; "
                "set isolation=process, too"
            )


def _check_seeds(config: Mapping[str, Any]) -> None:
    _checked_seed(config["seed"])
    for key in ("split", "model"):
        value = config["seeds"].get(key)
        if value != "seed":
            _whole(f"seeds.{key}", value, 0, " or the word seed, which follows the repetition's seed", SEEDS)


def _checked_seed(seed: Any) -> int:
    return _whole("seed", seed, 0, most=SEEDS)


def _whole(key: str, value: Any, least: int, more: str = "", most: int | None = None) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < least or (most is not None and value > most):
        upto = "" if most is None else f" to {most}"
        raise UserError(f"{key}={value!r}: expected a whole number from {least}{upto}{more}")
    return value
