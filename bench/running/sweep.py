"""From Hydra overrides to the specifications of runs."""

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Glob, Override
from omegaconf import DictConfig, ListConfig, OmegaConf

from bench import problems, provenance, results
from bench.config.own_file import is_own_file
from bench.config.schema import FOR_READERS, GROUPS, UNTIL, hashed
from bench.errors import UserError
from bench.results import RunId
from bench.running import checks, child_process, replaying
from bench.running.cores import cores
from bench.running.run import RunSpec
from bench.space import repeat
from bench.store import default_url
from bench.wording import shortened

OF_ALL_RUNS = (
    "engine", "tracking", "threads", "overwrite", "dry_run", "store", "results", "results_dir", "datasets_dir",
    "blocks",
)  # fmt: skip
"""Keys that a sweep reads once."""
_OF_PLAN = ("until", "most", "looks")
"""Keys of `seeds` that say how many there are, and nothing of a run."""
MOST_VALUES = 1_000_000
"""That one key is swept over."""


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
        for key in block:
            if str(key).split(".")[0] in OF_ALL_RUNS:
                raise UserError(f"blocks[{number}].{key}: holds for all runs of a sweep; set it outside of blocks")
        own = parser.parse_overrides([f"{key}={_as_override(number, key, value)}" for key, value in block.items()])
        names = {override.key_or_group for override in given}
        chosen = [override for override in own if override.key_or_group not in names] + given
        overrides = list({override.get_key_element(): override for override in chosen}.values())  # the last one counts
        seeds = [seed for override in overrides if override.key_or_group == "seed" for seed in _seeds(override)]
        axes = [_choices(override) for override in overrides if override.key_or_group != "seed"]
        for choice in itertools.product(*axes):
            yield from specify(compose(list(choice)), seeds or None)


def specify(config: DictConfig, seeds: Iterable[int] | None = None) -> Iterator[RunSpec]:
    """The runs of one composed config: one for each of `seeds`, or for the config's own seed.

    With `seeds.until` one for each that it may come to: from the first of them, `seeds.most`.
    """
    config = OmegaConf.masked_copy(config, [str(key) for key in config if key != "hydra"])
    first = _resolved(config)
    # An interpolation of the seed must be resolved for each; else the config is the same for all, and so is its hash.
    follows_seed = "${seed" in repr(OmegaConf.to_container(config, resolve=False))
    checks.check(first)
    numbers: Sequence[int] = [first["seed"]] if seeds is None else list(seeds)
    until: dict[str, Any] | None = None
    if first["seeds"].get("until") is not None:
        until = _until(first["seeds"], numbers)
        numbers = range(until["first"], until["first"] + until["looks"][-1])
    spec = _specification(first, until)
    for seed in numbers:
        if follows_seed:
            config.seed = seed
            resolved = _resolved(config)
            checks.check(resolved)
            spec = _specification(resolved, until)
        yield replace(spec, run=replace(spec.run, seed=checks.seed(seed)))


def _until(seeds: Mapping[str, Any], given: Sequence[int]) -> dict[str, Any]:
    """The plan by which seeds are added: where it begins, and how many of each optimiser there are at each look."""
    ordered = sorted(set(given))
    first, last = ordered[0], ordered[-1]
    if last - first + 1 != len(ordered):
        raise UserError(
            f"seed={shortened(','.join(map(str, given)))}: has gaps, and with seeds.until=decided seeds follow one "
            f"another from the first; give the first alone, seed={first}"
        )
    looks = checks.looks(seeds)
    if first + looks[-1] - 1 > results.SEEDS:
        raise UserError(
            f"seed={first}: seeds.most={looks[-1]} of them end beyond {results.SEEDS}; begin with a smaller one"
        )
    return {"name": seeds["until"], "first": first, "looks": looks}


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
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return str(value)


def _choices(override: Override) -> list[str]:
    key = override.input_line.partition("=")[0] if override.input_line else override.get_key_element()
    if not override.is_sweep_override():
        return [override.input_line or f"{key}={override.get_value_element_as_str()}"]
    return [f"{key}={value}" for value in _swept(override, override.sweep_string_iterator)]


def _seeds(override: Override) -> list[int]:
    if override.is_sweep_override():
        return [checks.seed(value) for value in _swept(override, override.sweep_iterator)]
    return [checks.seed(override.value())]


def _swept(override: Override, values: Callable[[], Iterator[Any]]) -> list[Any]:
    """The values that an override sweeps over: some, and not without end."""
    if not override.is_discrete_sweep() or isinstance(override.value(), Glob):
        raise UserError(f"{override.input_line}: only lists, choice(...) and range(...) can be swept")
    if override.key_or_group.split(".")[0] in OF_ALL_RUNS:
        raise UserError(f"{override.input_line}: holds for all runs of a sweep; give it one value")
    try:
        every = list(itertools.islice(values(), MOST_VALUES + 1))
    except (ValueError, TypeError, ArithmeticError) as error:
        reason = "no numbers" if isinstance(error, ArithmeticError) else str(error)
        raise UserError(f"{override.input_line}: cannot be swept ({reason})") from None
    if not every:
        raise UserError(f"{override.input_line}: holds no value; range(a,b) ends before b")
    if len(every) > MOST_VALUES:
        raise UserError(f"{override.input_line}: holds more than {MOST_VALUES:,} values; sweep over fewer")
    return every


def _resolved(config: DictConfig) -> dict[str, Any]:
    plain = OmegaConf.to_container(config, resolve=True, throw_on_missing=True)
    assert isinstance(plain, dict)
    return replaying.completed({str(key): value for key, value in plain.items()})


def _specification(config: Mapping[str, Any], until: Mapping[str, Any] | None) -> RunSpec:
    """What a run needs of a config that has been checked; the plan of its seeds, if there is one, stands beside."""
    config = {**config, "model": repeat.spread(config["model"])}
    groups: dict[str, Any] = {
        name: {key: value for key, value in config[name].items() if key not in FOR_READERS} for name in GROUPS
    }
    for key in _OF_PLAN:
        groups["seeds"].pop(key, None)
    groups = problems.relevant(groups)
    if until is not None:
        groups[UNTIL] = until
    limits = {key: value for key, value in asdict(child_process.limits(config["trial"])).items() if value is not None}
    if limits:
        groups["trial"] = limits
    optimizer = groups["optimizer"]["name"]
    if config["workers"] > 1:
        groups["workers"] = {"number": config["workers"], "clock": config["clock"]}
        optimizer = results.check_name("optimizer.name", f"{optimizer}-w{config['workers']}")
    losses = problems.losses_of({**groups, "objectives": config["objectives"]})
    if losses is not None:
        groups["objectives"] = list(losses)
    model = groups["model"]["name"]
    if config["control"] is not None:
        groups["control"] = config["control"]
        model = results.check_name("model.name", f"{model}-{config['control']}")
    dataset = groups["dataset"]
    if dataset.get("sha256") is None and dataset.get("path") and is_own_file(dataset):
        # The content of a user's file is part of what its results depend on; its place is not.
        from bench.datasets.file import fingerprint  # noqa: PLC0415 - pandas, which nothing else here needs

        dataset["path"] = str(Path(dataset["path"]).absolute())
        dataset["sha256"] = fingerprint(Path(dataset["path"]))
    results_dir = Path(config["results_dir"]).absolute()
    return RunSpec(
        RunId(config["name"], dataset["name"], model, optimizer, config["seed"]),
        groups,
        provenance.digest(hashed(groups)),
        str(results_dir),
        str(Path(config["datasets_dir"]).absolute()),
        config["store"] or default_url(results_dir),
        config["threads"] or cores(),
        isolation=config["isolation"],
        tracked=config["tracking"]["to"] is not None,
    )
