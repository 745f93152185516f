"""The verbs of `bench export`."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated

import typer

from bench import texts
from bench.cli.options import DEFAULT_URI, ConfigDir, DatasetsDir, ResultsDir, StoreUrl, TrackingUri

verbs = typer.Typer(help="Send finished runs to an experiment tracker.", no_args_is_help=True)


@verbs.callback()
def _root() -> None:
    """Send finished runs to an experiment tracker."""


@verbs.command(name="mlflow")
def mlflow(
    experiment: Annotated[str, typer.Argument(help="The experiment's name.")],
    tracking_uri: TrackingUri = DEFAULT_URI,
    trials: Annotated[
        str, typer.Option(help="Which trials are runs of their own, too: none, best (one a run), or all.")
    ] = "none",
    confusion_matrix: Annotated[
        bool,
        typer.Option(
            "--confusion-matrix",
            help="Train the winner of each classification once more, and send its confusion matrix on test.",
        ),
    ] = False,
    data: Annotated[Path | None, typer.Option(help="For that: the file of a dataset of your own.")] = None,
    config_dir: ConfigDir = None,
    results_dir: ResultsDir = Path("results"),
    datasets_dir: DatasetsDir = Path("datasets"),
    store: StoreUrl = None,
) -> None:
    """Send an experiment's runs, curves and report to MLflow.

    A run there for each optimiser and seed, under one for the experiment, which has verdict, tables and figures. What
    was sent before and is the same is left alone: a second export changes nothing, a grown experiment adds.
    """
    from bench.tracking.export import export  # noqa: PLC0415

    def matrices() -> Iterator[tuple[str, Mapping[str, bytes] | None]]:
        from bench.config import catalogue  # noqa: PLC0415
        from bench.running import confusion  # noqa: PLC0415

        if config_dir is not None:
            catalogue.find_own_classes(config_dir)
        options = {"data": data, "config_dir": config_dir, "store": store}
        return confusion.of_winners(experiment, results_dir, datasets_dir, _say, **options)

    for line in export(experiment, results_dir, tracking_uri, trials, matrices if confusion_matrix else None):
        typer.echo(texts.line(line))


def _say(line: str) -> None:
    typer.echo(texts.line(line), err=True)
