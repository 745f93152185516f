"""The verbs of `bench stream`."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from bench import texts
from bench.cli.options import ConfigDir, DatasetsDir
from bench.errors import UserError

verbs = typer.Typer(help="Answer a stream of rows, and re-tune on it.", no_args_is_help=True)

Overrides = Annotated[list[str] | None, typer.Argument(metavar="[OVERRIDES]", help="As of 'bench run'.")]
Servers = Annotated[
    str, typer.Option(envvar="KAFKA_BOOTSTRAP_SERVERS", help="Where Kafka is: HOST:PORT, several with commas.")
]
ClientConfig = Annotated[
    Path | None, typer.Option(help="A file of name=value with what else Kafka's client needs, to log in, say.")
]
Topic = Annotated[str, typer.Option(help="The topic of the rows.")]
Folder = Annotated[Path, typer.Option(help="Where it keeps what it has done: the same folder goes on from there.")]
Name = Annotated[str, typer.Option(help="The registered model's name.")]
TrackingUri = Annotated[
    str | None,
    typer.Option(envvar="MLFLOW_TRACKING_URI", help="The registry: a database or a server; SQLite in the folder."),
]
Until = Annotated[int | None, typer.Option("--rows", min=1, help="End after so many rows; without it, never.")]
Every = Annotated[int | None, typer.Option(help="Tune anew after so many rows; 0: not by their number.")]
Drop = Annotated[
    float | None, typer.Option(help="Tune anew where the champion's error rises by more than this: 0.05, say.")
]
Newest = Annotated[int, typer.Option(help="On how many of the newest rows models are compared.")]
Window = Annotated[int | None, typer.Option(help="Tune on so many rows before those at most; without it, on all.")]
LOCAL = "localhost:9092"


@verbs.callback()
def _root() -> None:
    """Answer a stream of rows, and re-tune on it."""


@verbs.command()
def sensor(
    overrides: Overrides = None,
    rate: Annotated[float, typer.Option(min=0, help="Rows a second; 0: as fast as they are taken.")] = 10.0,
    rows: Annotated[int | None, typer.Option(min=1, help="How many; more than there are begin again.")] = None,
    order: Annotated[str, typer.Option(help="shuffled, given or time; auto: time where the data has some.")] = "auto",
    seed: Annotated[int, typer.Option(min=0, help="Of the shuffling.")] = 0,
    stay: Annotated[bool, typer.Option("--stay", help="Do not end: send again what the broker loses.")] = False,
    topic: Topic = "rows",
    bootstrap_servers: Servers = LOCAL,
    client_config: ClientConfig = None,
    folder: Folder = Path("stream"),
    config_dir: ConfigDir = None,
    datasets_dir: DatasetsDir = Path("datasets"),
) -> None:
    """Send the rows of a dataset as messages, with their numbers.

    OVERRIDES choose it: dataset=digits, or dataset=file dataset.path=my.csv dataset.target=y.
    """
    with _stopping():
        kafka = _kafka()
        from bench.stream import sensor as sensors  # noqa: PLC0415 - each verb imports what it needs
        from bench.stream import sources  # noqa: PLC0415

        source = sources.of(overrides or [], config_dir, datasets_dir, order, seed)
        broker = kafka.Broker(bootstrap_servers, kafka.settings(client_config), _say)
        sensors.run(source, broker, topic, folder / "sensor", rate=rate, rows=rows or len(source), stay=stay, say=_say)


@verbs.command()
def predictor(
    rows: Until = None,
    answers: Annotated[
        str, typer.Option("--predictions", help="A topic that predictions go to, beside the folder; '': none.")
    ] = "",
    topic: Topic = "rows",
    name: Name = "stream",
    tracking_uri: TrackingUri = None,
    bootstrap_servers: Servers = LOCAL,
    client_config: ClientConfig = None,
    folder: Folder = Path("stream"),
) -> None:
    """Answer each row with the registry's champion.

    Each row gets one line in FOLDER/predictor/predictions.jsonl, whenever this was killed; a new champion is taken
    over within a second.
    """
    with _stopping():
        kafka = _kafka()
        registry = _registry(tracking_uri, name, folder)
        from bench.stream import predictor as predictors  # noqa: PLC0415

        broker = kafka.Broker(bootstrap_servers, kafka.settings(client_config), _say)
        place = folder / "predictor"
        predictors.run(broker, topic, registry, place, answers=answers or None, rows=rows, say=_say)


@verbs.command()
def trainer(
    overrides: Overrides = None,
    every: Every = None,
    drop: Drop = None,
    newest: Newest = 100,
    window: Window = None,
    rows: Until = None,
    topic: Topic = "rows",
    name: Name = "stream",
    tracking_uri: TrackingUri = None,
    bootstrap_servers: Servers = LOCAL,
    client_config: ClientConfig = None,
    folder: Folder = Path("stream"),
    config_dir: ConfigDir = None,
    datasets_dir: DatasetsDir = Path("datasets"),
) -> None:
    """Keep the rows, tune when due, register what comes of it.

    OVERRIDES choose model, optimiser and budget: model=xgboost optimizer=optuna_tpe budget.trials=30. The alias
    champion moves to a version that has a lower loss on the newest rows. Without --every and --drop it tunes every 200
    rows.
    """
    with _stopping():
        kafka = _kafka()
        from bench.stream import retuning  # noqa: PLC0415
        from bench.stream import trainer as trainers  # noqa: PLC0415
        from bench.stream.policy import policy_of  # noqa: PLC0415

        policy = policy_of(every, drop, newest, window)
        means = trainers.Means(policy, retuning.checked(overrides or [], config_dir), datasets_dir, config_dir)
        registry = _registry(tracking_uri, name, folder)
        broker = kafka.Broker(bootstrap_servers, kafka.settings(client_config), _say)
        trainers.run(broker, topic, registry, folder / "trainer", means, rows=rows, say=_say)


@verbs.command()
def demo(
    overrides: Overrides = None,
    minutes: Annotated[float, typer.Option(min=0, help="How long.")] = 3.0,
    rate: Annotated[float, typer.Option(min=0, help="Rows a second; 0: as fast as they are taken.")] = 10.0,
    every: Every = None,
    drop: Drop = None,
    newest: Newest = 100,
    window: Window = None,
    bootstrap_servers: Annotated[
        str | None, typer.Option(help="A Kafka of yours, in the place of a broker on this machine.")
    ] = None,
    client_config: ClientConfig = None,
    tracking_uri: TrackingUri = None,
    folder: Annotated[Path | None, typer.Option(help="Where everything goes; by default a new one.")] = None,
    config_dir: ConfigDir = None,
    datasets_dir: DatasetsDir = Path("datasets"),
) -> None:
    """Show all of it on this machine, live, for three minutes.

    A broker, a sensor, a predictor and a trainer are started, and what comes of them is shown; Ctrl-C ends them.
    OVERRIDES of the dataset are the sensor's, all others the trainer's.
    """
    with _stopping("stopped; what there is stays in its folder"):
        _kafka()
        from bench.stream import demo as demos  # noqa: PLC0415

        wanted = demos.Wanted(
            overrides=tuple(overrides or []),
            minutes=minutes,
            rate=rate,
            policy=(every, drop, newest, window),
            servers=bootstrap_servers,
            client_config=client_config,
            tracking_uri=tracking_uri,
            config_dir=config_dir,
            datasets_dir=datasets_dir,
        )
        demos.run(wanted, folder)


def _kafka() -> Any:
    """The module that talks to Kafka; `UserError` where its client is not installed."""
    return _module("kafka")


def _registry(uri: str | None, name: str, folder: Path) -> Any:
    module = _module("registry")
    from bench.results import check_name  # noqa: PLC0415

    where = module.checked_uri(uri or module.default_uri(folder))
    return module.Registry(where, check_name("--name", name), folder / "artifacts")


def _module(name: str) -> Any:
    from importlib import import_module  # noqa: PLC0415

    from bench.config import extras  # noqa: PLC0415

    try:
        return import_module(f"bench.stream.{name}")
    except ModuleNotFoundError as error:
        if str(error.name).startswith("bench"):
            raise
        raise UserError(f"bench stream {extras.missing(str(error.name), 'stream')}") from None


def _say(line: str) -> None:
    typer.echo(texts.line(texts.without_passwords(line)))


@contextmanager
def _stopping(words: str = "stopped; the same command goes on from here") -> Iterator[None]:
    """Let SIGTERM and SIGHUP end the command as Ctrl-C does, in one line, each with a status of its own."""
    from bench.running.launch import ended_by_signals  # noqa: PLC0415

    try:
        with ended_by_signals():
            yield
    except KeyboardInterrupt as interrupt:
        typer.echo(f"bench: {texts.line(words)}", err=True)
        raise typer.Exit(getattr(interrupt, "status", 130)) from None
