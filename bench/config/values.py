"""What each key of a composed config may hold, by type: checked here, once, before anything is made of the config.

A field's description is what a message says was expected. Groups are closed, but where a class or function of a user's
own takes what stands there: `settings` and `space`, the keys of a dataset (arguments of its `load`) and of an engine
(arguments of its `class`); those are checked against its signature. Nothing is converted: a config is used, recorded
and hashed as it was composed.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, NoReturn

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bench.config.schema import GROUPS
from bench.errors import UserError, allowed
from bench.wording import shortened

LARGEST_SEED = MOST_TRIALS = 2**31 - 1
MOST_LOOKED = 100_000
"""Seeds of each optimiser that a comparison may be given until it is decided."""
_TEXT = re.compile("text|a name, |the name |(a|the) (path|dotted path) |an SQLAlchemy")


class NotTextError(UserError):
    """A value that was read as something else than text, as it stands there without quotes."""

    def __init__(self, key: str, message: str) -> None:
        super().__init__(message)
        self.key = key


Text = Annotated[str, Field(description="text")]
OptionalText = Annotated[str | None, Field(description="text, or null")]
Name = Annotated[str, Field(description="a name, as text")]
DottedPath = Annotated[str, Field(description="a dotted path such as my_module.MyClass")]
Place = Annotated[str, Field(min_length=1, description="the path of a folder")]
Flag = Annotated[bool, Field(description="true or false")]
Settings = Annotated[dict[str, Any] | None, Field(description="a mapping from names to values")]
Columns = Annotated[str | list[str], Field(description="a list of the names of columns, as text")]
SomeColumns = Annotated[str | list[str] | None, Field(description="a list of the names of columns, as text, or null")]
Column = Annotated[str | None, Field(description="the name of a column")]
Seed = Annotated[int, Field(ge=0, le=LARGEST_SEED, description=f"a whole number from 0 to {LARGEST_SEED}")]
OwnSeed = Annotated[
    Seed | Literal["seed"],
    Field(description=f"a whole number from 0 to {LARGEST_SEED} or the word seed, which follows the repetition's seed"),
]
Count = Annotated[int, Field(ge=1, description="a whole number from 1")]
Seconds = Annotated[float | None, Field(gt=0, description="a number greater than 0")]
Fraction = Annotated[float, Field(description="a number from 0 to 1")]


class _Closed(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)


class _Described(_Closed):
    """What any file of conf/ may say of itself."""

    description: OptionalText = None
    source: OptionalText = None
    licence: OptionalText = None
    citation: OptionalText = None
    look: Settings = None


class Dataset(_Described, extra="allow"):
    """`dataset`; what else stands there is passed to `load`."""

    name: Name
    load: Annotated[str | None, Field(description="the dotted path of a function, or null")] = None
    task: OptionalText = None
    rows: Annotated[int | None, Field(ge=1, description="a whole number from 1, or null for all rows")] = None
    drop: SomeColumns = None
    weight: Column = None
    group: Column = None
    time: Column = None
    split: Column = None
    types: Annotated[
        dict[str, str] | list[str] | None, Field(description="kinds by column, such as {zip: category}")
    ] = None
    drop_missing_target: Annotated[bool | None, Field(description="true or false")] = None
    rare_classes: Annotated[str | None, Field(description="drop or error")] = None


class KnownDataset(Dataset, extra="allow"):
    """A dataset that a function of the suite reads."""

    separator: OptionalText = None
    decimal: OptionalText = None
    thousands: OptionalText = None
    encoding: OptionalText = None
    missing: Annotated[
        str | int | float | list[str | int | float] | None,
        Field(description="text or numbers, or a list of them (NaN and null in quotes, as ['NaN'])"),
    ] = None

    path: Annotated[str | None, Field(min_length=1, description="the path of a file")] = None
    target: Column = None
    drop: Columns = []
    sha256: Annotated[str | dict[str, str] | None, Field(description="a SHA-256, or one for each file")] = None
    id: Annotated[int | None, Field(ge=1, description="the number of an OpenML dataset, from 1")] = None
    openml: Annotated[int, Field(ge=1, description="the number of an OpenML dataset, from 1")] = 1
    address: Text = ""
    features: Count = 1
    class_counts: Annotated[list[int], Field(description="a list of whole numbers")] = []


class Resampling(_Described):
    """`resampling`; which of the keys a method has is checked where the data is split."""

    name: Name = ""
    method: Text = ""
    train: Fraction = 0
    valid: Fraction = 0
    test: Fraction = 0
    inner: Fraction = 0
    stop: Text = ""
    k: Annotated[int, Field(description="a whole number from 2")] = 2
    repeats: Count = 1
    refit: Flag = False


class TrainedModel(_Described):
    """`model`, where it is a class."""

    name: Name
    path: DottedPath = Field(alias="class")
    settings: Settings = None
    space: Any = None
    fidelity: Any = None


class FunctionModel(_Described, extra="allow"):
    """`model`, where it is a function; its other keys are checked by `bench.problems.function`."""

    name: Name
    function: DottedPath
    settings: Settings = None
    space: Any = None


class RecordedModel(_Described):
    """`model`, where its losses are looked up: the dataset says where."""

    name: Name
    recorded: Annotated[Literal[True], Field(description="true")]
    space: Any = None


class ReplayedModel(_Described):
    """`model`, where its losses are those of a surrogate: the dataset says of which experiment."""

    name: Name
    replay: Annotated[Literal[True], Field(description="true")]
    space: Any = None


class RetunedModel(_Described):
    """`model`, where another is tuned anew over a stream; what `retuned` holds is checked by `bench.problems.drift`."""

    name: Name
    retuned: Annotated[dict[str, Any], Field(description="a mapping from names to values")]
    space: Any = None


class Metric(_Described):
    """`metric`."""

    name: Name
    scores: Annotated[list[str], Field(description="a list of metrics, such as [recall]")] = []


class Optimizer(_Described):
    """`optimizer`."""

    name: Name
    path: DottedPath = Field(alias="class")
    settings: Settings = None
    budget_factor: Annotated[int, Field(ge=1, le=1000, description="a whole number from 1 to 1000")] = 1
    multi_fidelity: Flag = False


class Seeds(_Described):
    """`seeds`."""

    name: Name = ""
    split: OwnSeed
    model: OwnSeed
    until: Annotated[
        Literal["decided"] | None,
        Field(description="the word decided, or null for the seeds that seed names"),
    ] = None
    most: Annotated[int, Field(ge=2, le=MOST_LOOKED, description=f"a whole number from 2 to {MOST_LOOKED}")] = 200
    looks: Annotated[
        list[Annotated[int, Field(ge=2, le=MOST_LOOKED, description=f"a whole number from 2 to {MOST_LOOKED}")]],
        Field(min_length=1, description="a list of increasing whole numbers from 2, such as [10, 15, 20, 30, 45]"),
    ] = [10, 15, 20, 30, 45, 70, 110, 200]


class InitialDesign(_Described):
    """`initial_design`."""

    name: Name = ""
    size: Annotated[int, Field(ge=0, description="a whole number from 0 (none: initial_design=native)")] = 0
    method: Text = ""


class Budget(_Described):
    """`budget`."""

    name: Name = ""
    trials: Annotated[
        int | None, Field(ge=1, le=MOST_TRIALS, description=f"a whole number from 1 to {MOST_TRIALS}")
    ] = None
    cost: Annotated[
        float | None, Field(ge=1, le=MOST_TRIALS, description="a number of full evaluations, at least 1")
    ] = None
    seconds: Seconds = None


class Trial(_Closed):
    """`trial`."""

    timeout: Annotated[float | None, Field(gt=0, le=1e9, description="a number greater than 0, at most 1e9")] = None
    memory: Annotated[int | float | str | None, Field(description="bytes, or a size such as 500M or 2G")] = None


class Engine(_Described, extra="allow"):
    """`engine`; what else stands there is passed to its class."""

    name: Name = ""
    path: DottedPath = Field(alias="class")


class Tracking(_Described):
    """`tracking`."""

    name: Name = ""
    to: Annotated[Literal["mlflow"] | None, Field(description="mlflow or null")] = None
    uri: Annotated[
        str | None, Field(min_length=1, description="a server or a database such as sqlite:///mlflow.db, or null")
    ] = None
    trials: Annotated[Literal["none", "best", "all"], Field(description="none, best or all")] = "none"
    wait: Annotated[float, Field(ge=0, le=86400, description="a number of seconds from 0 to 86400")] = 120


class Results(_Closed):
    """`results`."""

    pack: Flag = False


class OfSweep(_Closed, extra="ignore"):
    """What a sweep reads of the config that it begins with, before there are runs."""

    engine: Engine
    tracking: Tracking
    threads: Annotated[
        int | None, Field(ge=1, le=4096, description="a whole number from 1 to 4096, or null for all cores")
    ]
    overwrite: Flag
    dry_run: Flag
    results: Results
    blocks: Annotated[
        list[dict[str, Any]] | None,
        Field(
            min_length=1,
            description="a list of mappings such as {optimizer: [random, grid], seed: 'range(0,10)'}",
        ),
    ]


class Run(OfSweep, extra="forbid"):
    """A composed config."""

    dataset: Dataset
    resampling: Resampling
    model: Any
    metric: Metric
    optimizer: Optimizer
    seeds: Seeds
    initial_design: InitialDesign
    budget: Budget
    name: Name
    description: OptionalText
    seed: Seed
    workers: Annotated[int, Field(ge=1, le=4096, description="a whole number from 1 to 4096")]
    objectives: Annotated[
        list[str] | None, Field(description="a list of at least two names such as [log_loss, size], or null")
    ]
    control: Annotated[Literal["permuted", "decorrelated"] | None, Field(description="permuted, decorrelated or null")]
    clock: Annotated[Literal["seconds", "cost"], Field(description="seconds or cost")]
    isolation: Annotated[str, Field(description="none or process")]
    trial: Trial
    results_dir: Place
    datasets_dir: Place
    store: Annotated[
        str | None, Field(min_length=1, description="an SQLAlchemy URL, or null for a file in results_dir")
    ]


def check(config: Mapping[str, Any]) -> None:
    """Raise `UserError` for the first key of a run's config that is missing, unknown or of another type."""
    for group in GROUPS:
        if not isinstance(config.get(group), Mapping):
            raise UserError(
                f"{group}={shown(config.get(group))}: expected the name of a config; 'bench list' shows them"
            )
    if "experiment" in config:
        raise UserError("experiment: its keys lead nowhere; begin its file with the line '# @package _global_'")
    _check(Run, config)
    if str(config["dataset"].get("load")).startswith("bench.datasets."):
        _check(KnownDataset, config["dataset"], "dataset")
    kinds: dict[str, type[BaseModel]] = {
        "retuned": RetunedModel,
        "recorded": RecordedModel,
        "replay": ReplayedModel,
        "function": FunctionModel,
    }
    kind = next((kinds[key] for key in kinds if key in config["model"]), TrainedModel)
    _check(kind, config["model"], "model")


def check_sweep(config: Mapping[str, Any]) -> None:
    """Raise `UserError` for the first key of the config that a sweep begins with and cannot use."""
    if not isinstance(config.get("engine"), Mapping):
        raise UserError(f"engine={shown(config.get('engine'))}: expected the name of a config; 'bench list' shows them")
    _check(OfSweep, config)


def check_optimizer(config: Mapping[str, Any]) -> None:
    """Raise `UserError` for the first key of an optimiser's config that cannot be used."""
    _check(Optimizer, config, "optimizer")


def shown(value: Any) -> str:
    """A value as a config has it.

    >>> shown(None), shown(True), shown("a")
    ('null', 'true', "'a'")
    """
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return shortened(repr(value))


def _check(model: type[BaseModel], config: Mapping[str, Any], prefix: str = "") -> None:
    try:
        model.model_validate(config)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        _refuse(model, config, first["type"], first["loc"], prefix)


def _refuse(
    model: type[BaseModel], config: Mapping[str, Any], kind: str, where: Sequence[int | str], prefix: str
) -> NoReturn:
    """Say in the house's words what a field was expected to be; `where` leads to it from `config`."""
    value: Any = config
    keys = [prefix] if prefix else []
    if kind == "invalid_key":
        group = ".".join([*keys, *map(str, where[:-1])])
        raise UserError(f"{group}: expected keys that are text, found {where[-1]}; put it in quotes")
    for key in where:
        fields = {field.alias or name: field for name, field in model.model_fields.items()}
        keys.append(str(key))
        path = ".".join(keys)
        if kind == "missing" and key not in value:
            raise UserError(f"{path}: missing; {_wanted(fields[str(key)])}")
        if key not in fields:
            names = [name for name in fields if name not in ("source", "licence", "citation", "look")]
            raise UserError(f"{path}: no such key; {allowed(key, names)}")
        value = value[key]
        inner = fields[str(key)].annotation
        if not (isinstance(inner, type) and issubclass(inner, BaseModel)) or not isinstance(value, Mapping):
            expected = fields[str(key)].description or "a mapping from keys to values"
            read_as = _read_as(value, expected)
            if read_as:
                raise NotTextError(path, f"{path}={shown(value)}: expected {expected}; it was read as {read_as}")
            raise UserError(f"{path}={shown(value)}: expected {expected}")
        model = inner
    raise UserError(f"{'.'.join(keys)}={shown(value)}: cannot be used here")


def _wanted(field: Any) -> str:
    return f"expected {field.description}" if field.description else "expected a mapping from keys to values"


def _read_as(value: Any, expected: str) -> str:
    """What a plain word was read as, where text was expected; empty where that is not what went wrong."""
    if isinstance(value, str) or not isinstance(value, bool | int | float) or not _TEXT.match(expected):
        return ""
    return "true or false" if isinstance(value, bool) else "a number"
