"""The verbs of `bench store`."""

from pathlib import Path
from typing import Annotated

import typer

from bench import texts
from bench.cli.options import ResultsDir, StoreUrl

verbs = typer.Typer(help="Show, export, import or prune stored evaluations.", no_args_is_help=True)


@verbs.command(name="show")
def show(results_dir: ResultsDir = Path("results"), store: StoreUrl = None) -> None:
    """Print the store's size and its evaluations of each problem."""
    from bench.cli import store as storing  # noqa: PLC0415

    storing.show(results_dir, store)


@verbs.command(name="export")
def export(
    file: Annotated[Path, typer.Argument(help="The parquet file to write.")],
    results_dir: ResultsDir = Path("results"),
    store: StoreUrl = None,
) -> None:
    """Write every evaluation to a parquet file."""
    from bench.cli import store as storing  # noqa: PLC0415

    typer.echo(texts.line(storing.export(file, results_dir, store)))


@verbs.command(name="import")
def import_(
    other: Annotated[str, typer.Argument(help="Another store: a file of SQLite or a URL.")],
    results_dir: ResultsDir = Path("results"),
    store: StoreUrl = None,
) -> None:
    """Add what another store holds and this one does not."""
    from bench.cli import store as storing  # noqa: PLC0415

    typer.echo(storing.take(other, results_dir, store))


@verbs.command(name="prune")
def prune(
    status: Annotated[str | None, typer.Option(help="Of these, with commas: ok, failed, timeout, crashed.")] = None,
    problem: Annotated[str | None, typer.Option(help="Of the problem whose hash begins so.")] = None,
    older_than: Annotated[float | None, typer.Option(min=0, help="Made at least so many days ago.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say how many.")] = False,
    results_dir: ResultsDir = Path("results"),
    store: StoreUrl = None,
) -> None:
    """Remove evaluations; a run that needs them makes them again.

    Those are removed that meet all the conditions given, at least one.
    """
    from bench.cli import store as storing  # noqa: PLC0415

    typer.echo(storing.prune(status, problem, older_than, dry_run, results_dir, store))
