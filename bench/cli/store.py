"""The verbs of `bench store`: which store is meant, and what became of it, in lines."""

from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from bench import texts
from bench.errors import UserError
from bench.store import Store, contents, default_url
from bench.store.database import file_of, without_password
from bench.wording import duration, plural

_HEAD = 512
"""The bytes that an SQLite database has at least."""


def show(results_dir: Path, url: str | None) -> None:
    """Print the store's size and what it holds of each problem."""
    store = there(results_dir, url)
    problems = contents.held(store)
    console = Console(highlight=False, soft_wrap=True)
    table = Table(box=None, pad_edge=False)
    for heading in ("problem", "dataset", "model"):
        table.add_column(heading, no_wrap=True)
    for heading in ("evaluations", "not ok", "time"):
        table.add_column(heading, justify="right", no_wrap=True)
    for row in problems:
        names = (Text(texts.line(name or "?")) for name in (row.problem[:12], row.dataset, row.model))
        table.add_row(*names, str(row.evaluations), str(row.not_ok), duration(row.seconds))
    if problems:
        console.print(table)
    count, seconds = sum(row.evaluations for row in problems), sum(row.seconds for row in problems)
    line = f"{count} evaluations of {len(problems)} problems, which took {duration(seconds)}"
    place = texts.line(without_password(store.url))
    console.print(f"{line}; {contents.size(store) / 1e6:.1f} MB in {place}", markup=False)
    store.close()


def export(file: Path, results_dir: Path, url: str | None) -> str:
    """Write every evaluation to a parquet file."""
    store = there(results_dir, url)
    count = contents.export(store, file)
    store.close()
    return f"{count} evaluations in {file}"


def take(other: str, results_dir: Path, url: str | None) -> str:
    """Add what another store holds."""
    source = there(results_dir, other if "://" in other else f"sqlite:///{other}")
    target = Store(_url(results_dir, url))
    added, known = contents.take(target, source)
    source.close()
    target.close()
    return f"{added} evaluations added, {known} were there"


def prune(
    status: str | None, problem: str | None, days: float | None, dry: bool, results_dir: Path, url: str | None
) -> str:
    """Remove evaluations."""
    store = there(results_dir, url)
    statuses = tuple(status.split(",")) if status else ()
    count = contents.prune(store, statuses, problem, days, dry)
    store.close()
    return f"{count} evaluations {'would be removed' if dry else 'removed'}"


def _url(results_dir: Path, url: str | None) -> str:
    return url or default_url(results_dir)


def there(results_dir: Path, url: str | None) -> Store:
    """The store that is meant; raises `UserError` where its file is not there, instead of making an empty one."""
    meant = _url(results_dir, url)
    path = file_of(meant)
    if path is not None:
        try:
            size = path.stat().st_size if path.is_file() else None
        except (OSError, ValueError):  # of a name that no file can have
            size = None
        if size is None:
            raise UserError(f"{path}: no store there; name one with --store or --results-dir")
        if size < _HEAD:
            what = f"no store, but a file of {plural(size, 'byte')}"
            raise UserError(f"{path}: {what}; name one with --store or --results-dir")
    return Store(meant)
