"""All of a stream on this machine: broker, registry, sensor, predictor and trainer, and what comes of them, live."""

import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import typer
from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from bench import texts
from bench.checks import positive
from bench.errors import UserError
from bench.stream import kafka, processes, registry, retuning, sources
from bench.stream.broker import LocalBroker
from bench.stream.policy import Policy, policy_of
from bench.stream.summary import Summary
from bench.wording import duration

LOOK_SECONDS, LINE_SECONDS, QUIET_SECONDS = 0.5, 15.0, 2.0
EVERY = 50
_OF_DEMO = {"model": "lightgbm", "model.settings.rounds": "60", "budget.trials": "10"}
"""What the trainer's overrides leave open is set so that some versions fit in three minutes."""


@dataclass(frozen=True)
class Wanted:
    """What the command was given."""

    overrides: tuple[str, ...]
    minutes: float
    rate: float
    policy: tuple[int | None, float | None, int, int | None]
    """As of `policy_of`."""
    servers: str | None
    client_config: Path | None
    tracking_uri: str | None
    config_dir: Path | None
    datasets_dir: Path


def run(wanted: Wanted, folder: Path | None) -> None:
    """Run it until every row has its prediction and nothing is due, or for so many minutes, from the first row on.

    Then every process is ended.

    Raises `UserError` where it cannot begin, or one of its processes ends.
    """
    seconds = 60 * positive("--minutes", wanted.minutes)
    every, drop, newest, window = wanted.policy
    policy = policy_of(EVERY if every is None and drop is None else every, drop, newest, window)
    of_sensor = [each for each in wanted.overrides if sources.of_dataset(each)] or ["dataset=digits"]
    of_trainer = _of_trainer([each for each in wanted.overrides if not sources.of_dataset(each)])
    rows = len(sources.of(of_sensor, wanted.config_dir, wanted.datasets_dir, "auto", 0))
    retuning.checked(of_trainer, wanted.config_dir)
    folder = Path(tempfile.mkdtemp(prefix="bench-stream-")) if folder is None else folder.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    with _running(wanted, folder, of_sensor, [*of_trainer, *_options(policy)]) as started:
        typer.echo(texts.line(f"{rows:,} rows, {wanted.rate:g} a second; everything is in {folder}"))
        summary = Summary(folder)
        _watch(summary, started, rows, seconds)
    summary.look()
    for line in _closing(summary):
        typer.echo(texts.line(line))


def _options(policy: Policy) -> list[str]:
    options = {
        "--every": policy.every or 0,
        "--drop": policy.drop,
        "--newest": policy.newest,
        "--window": policy.window,
    }
    return [word for name, value in options.items() if value is not None for word in (name, str(value))]


def _of_trainer(given: list[str]) -> list[str]:
    keys = {each.partition("=")[0].lstrip("+~").strip() for each in given}
    defaults = {key: value for key, value in _OF_DEMO.items() if key not in keys}
    if "model" in keys:
        defaults.pop("model.settings.rounds", None)
    if any(key.split(".")[0] == "budget" for key in keys):
        defaults.pop("budget.trials", None)
    return [*(f"{key}={value}" for key, value in defaults.items()), *given]


@contextmanager
def _running(
    wanted: Wanted, folder: Path, of_sensor: list[str], of_trainer: list[str]
) -> Iterator[dict[str, subprocess.Popen[bytes]]]:
    """The processes, by their names; all of them are ended at the end."""
    logs = folder / "logs"
    logs.mkdir(exist_ok=True)
    own = None if wanted.servers is not None else LocalBroker(logs / "broker.log")
    started: dict[str, subprocess.Popen[bytes]] = {}
    try:
        servers = wanted.servers if own is None else own.servers
        assert servers is not None
        kafka.Broker(servers, kafka.settings(wanted.client_config))
        uri = registry.checked_uri(wanted.tracking_uri or registry.default_uri(folder))
        common: list[object] = ["--bootstrap-servers", servers, "--folder", folder]
        common += [] if wanted.client_config is None else ["--client-config", wanted.client_config]
        model = ["--tracking-uri", uri]
        data: list[object] = ["--datasets-dir", wanted.datasets_dir]
        data += [] if wanted.config_dir is None else ["--config-dir", wanted.config_dir]
        commands: dict[str, list[object]] = {
            "trainer": ["trainer", *of_trainer, *model, *data, *common],
            "predictor": ["predictor", *model, *common],
            "sensor": ["sensor", *of_sensor, "--rate", wanted.rate, "--stay", *data, *common],
        }
        for name, command in commands.items():
            started[name] = processes.start_stream(command, logs / f"{name}.log")
        if own is not None:
            started["broker"] = own.process
        yield started
    finally:
        processes.stop([process for name, process in started.items() if name != "broker"])
        if own is not None:
            own.kill()


def _watch(summary: Summary, started: dict[str, subprocess.Popen[bytes]], rows: int, seconds: float) -> None:
    """Show what comes of it until the time is over, or all is done; raises `UserError` where a process has ended."""
    console = Console()
    begun, told = None, -LINE_SECONDS
    with Live(console=console, auto_refresh=False) if console.is_terminal else _nothing() as live:
        while begun is None or time.monotonic() - begun < seconds:
            if begun is None and summary.arriving:
                begun = time.monotonic()
            spent = 0.0 if begun is None else time.monotonic() - begun
            summary.look()
            _still(started, summary)
            if live is not None:
                live.update(_table(summary, spent, seconds), refresh=True)
            elif begun is not None and spent - told >= LINE_SECONDS:
                told = spent
                facts = "; ".join(f"{name} {fact}" for name, fact in summary.facts().items())
                typer.echo(f"{duration(spent)}: {facts}")
            if summary.tally.count >= rows and summary.under_way is None and summary.settled(QUIET_SECONDS):
                return
            time.sleep(LOOK_SECONDS)


@contextmanager
def _nothing() -> Iterator[None]:
    yield None


def _still(started: dict[str, subprocess.Popen[bytes]], summary: Summary) -> None:
    for name, process in started.items():
        if process.poll() is not None:
            log = summary.folder / "logs" / f"{name}.log"
            lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
            last = f": {lines[-1]}" if lines else ""
            raise UserError(f"the {name} has ended (exit status {process.returncode}){last}; {log} has more")


def _table(summary: Summary, spent: float, seconds: float) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_row(Text("time", style="bold"), f"{duration(spent)} of {duration(seconds)}")
    for name, fact in summary.facts().items():
        table.add_row(Text(name, style="bold"), Text(fact))
    for event in summary.ended[-8:]:
        table.add_row(Text(f"{event['rows']} rows", style="dim"), Text(summary.told(event)))
    return table


def _closing(summary: Summary) -> Iterator[str]:
    for event in summary.ended:
        yield f"{event['rows']} rows: {summary.told(event)}"
    for name, fact in summary.facts().items():
        yield f"{name}: {fact}"
    twice = summary.tally.count - len(summary.tally.keys)
    yield f"{twice} rows have more than one recorded prediction"
