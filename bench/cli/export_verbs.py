"""The verbs of `bench export`."""

from pathlib import Path
from typing import Annotated

import typer

from bench import texts
from bench.cli.options import ResultsDir

verbs = typer.Typer(help="Send finished runs to an experiment tracker.", no_args_is_help=True)


@verbs.callback()
def _root() -> None:
    """Send finished runs to an experiment tracker."""


@verbs.command(name="mlflow")
def mlflow(
    experiment: Annotated[str, typer.Argument(help="The experiment's name.")],
    tracking_uri: Annotated[
        str, typer.Option(envvar="MLFLOW_TRACKING_URI", help="A database or a server: sqlite:///mlflow.db, http://...")
    ] = "sqlite:///mlflow.db",
    trials: Annotated[
        str, typer.Option(help="Which trials are runs of their own, too: none, best (one a run), or all.")
    ] = "none",
    results_dir: ResultsDir = Path("results"),
) -> None:
    """Send an experiment's runs, curves and report to MLflow.

    A run there for each optimiser and seed, under one for the experiment, which has verdict, tables and figures. What
    was sent before and is the same is left alone: a second export changes nothing, a grown experiment adds.
    """
    from bench.tracking.export import export  # noqa: PLC0415

    for line in export(experiment, results_dir, tracking_uri, trials):
        typer.echo(texts.line(line))
