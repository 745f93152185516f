"""Progress of runs, read from the store: a live table on a terminal, lines where output goes to a file."""

import io
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from bench import texts
from bench.errors import UserError
from bench.metrics import Scale
from bench.running.run import RunSpec
from bench.store import Store
from bench.wording import duration

LIVE_SECONDS = 1.0
LINE_SECONDS = 15.0


@dataclass
class Row:
    """One optimiser on one problem, over its runs."""

    runs: int = 0
    done: int = 0
    failed: int = 0
    trials: int = 0
    cached: int = 0
    failures: int = 0
    best_loss: float | None = None
    never: int = 0
    """Trials of their budgets that runs have ended without: exhausted or failed, they make them no more."""


Rows = dict[tuple[str, str, str], Row]
Scales = Mapping[tuple[str, str], Scale]
"""How losses are shown, by dataset and model."""


def gather(journalled: Sequence[Mapping[str, Any]], budgets: Mapping[str, int | None] | None = None) -> Rows:
    """The store's runs by (dataset, model, optimizer), where given those alone whose `budgets` of trials are known."""
    rows: Rows = defaultdict(Row)
    for run in journalled:
        if budgets is not None and run["run"] not in budgets:
            continue
        budget = None if budgets is None else budgets[run["run"]]
        row = rows[run["dataset"], run["model"], run["optimizer"]]
        row.runs += 1
        row.done += run["state"] == "done"
        row.failed += run["state"] == "failed"
        row.trials += run["trials"]
        row.cached += run["cached"]
        row.failures += run["failures"]
        if budget is not None and run["state"] in ("done", "failed"):
            row.never += budget - run["trials"]
        if run["best_loss"] is not None:
            row.best_loss = run["best_loss"] if row.best_loss is None else min(row.best_loss, run["best_loss"])
    return dict(rows)


class _Watch:
    """What a display shows of the runs `specs`."""

    def __init__(self, specs: Sequence[RunSpec], done_before: int, scales: Scales) -> None:
        self.url = specs[0].store
        self.experiments = sorted({spec.run.experiment for spec in specs})
        self.budgets = {str(spec.run): spec.trials for spec in specs}
        self.runs, self.done_before, self.scales = len(specs), done_before, scales
        known = [trials for trials in self.budgets.values() if trials is not None]
        self.trials = sum(known) if len(known) == len(specs) else None
        self.planned: dict[tuple[str, str, str], int] = defaultdict(int)
        for spec in specs:
            self.planned[spec.run.dataset, spec.run.model, spec.run.optimizer] += 1
        self.start = time.monotonic()
        self.at_start: int | None = None
        self.interrupted = False

    def rows(self, store: Store) -> Rows:
        rows = gather([run for name in self.experiments for run in store.runs(name)], self.budgets)
        return {key: rows.get(key, Row()) for key in self.planned}

    def line(self, rows: Rows) -> str:
        done = sum(row.done for row in rows.values())
        failed = sum(row.failed for row in rows.values())
        trials = sum(row.trials for row in rows.values())
        cached = sum(row.cached for row in rows.values())
        elapsed = time.monotonic() - self.start
        parts = [f"runs {done + self.done_before}/{self.runs + self.done_before}"]
        parts += [f"{failed} failed"] if failed else []
        parts.append(f"trials {trials}" + ("" if self.trials is None else f"/{self.trials}"))
        parts.append(f"{100 * cached / trials if trials else 0:.0f} % from the store")
        parts.append(f"{duration(elapsed)} elapsed")
        left = self._left(trials, sum(row.never for row in rows.values()), elapsed)
        if left is not None:
            parts.append(f"about {duration(left)} left")
        return ", ".join(parts)

    def _left(self, trials: int, never: int, elapsed: float) -> float | None:
        """The seconds that the trials still to be made will take; None where that cannot be told, or none is left."""
        if self.at_start is None:
            self.at_start = trials if elapsed > 2 else None
            return None
        trials_since = trials - self.at_start
        left = (self.trials or 0) - trials - never
        return left * elapsed / trials_since if left > 0 and trials_since > 0 and elapsed > 3 else None

    def table(self, rows: Rows) -> Table:
        table = status_table(rows, self.planned, self.scales)
        table.caption = self.line(rows)
        return table


def status_table(rows: Rows, planned: Mapping[tuple[str, str, str], int], scales: Scales) -> Table:
    """One line an optimiser and problem; what `scales` lacks is shown as a loss."""
    table = Table(box=None, pad_edge=False, caption_justify="left")
    for heading in ("dataset", "model", "optimizer"):
        table.add_column(heading, no_wrap=True)
    of_rows = {key: scales.get(key[:2], Scale("loss")) for key in rows}
    alike = len({scale.name for scale in of_rows.values()}) == 1
    best_of = f"best {next(iter(of_rows.values())).name}" if alike else "best so far"
    for heading in ("runs", "trials", best_of, "from store", "failures"):
        table.add_column(heading, justify="right", no_wrap=True)
    for key, row in rows.items():
        best = "" if row.best_loss is None else of_rows[key].text(row.best_loss)
        best = best if alike or not best else f"{of_rows[key].name} {best}"
        share = f"{100 * row.cached / row.trials:.0f} %" if row.trials else ""
        failures = f"{row.failures} trials" if row.failures else ""
        if row.failed:
            failures = f"{row.failed} runs" + (f", {failures}" if failures else "")
        names = (Text(texts.line(name)) for name in key)
        table.add_row(*names, f"{row.done}/{planned.get(key, row.runs)}", str(row.trials), best, share, failures)
    return table


Display = Callable[[str], None]
"""Shows a text in the place of the one that it showed before."""


@contextmanager
def shown(
    console: Console, specs: Sequence[RunSpec], done_before: int, scales: Scales, display: Display | None = None
) -> Iterator[None]:
    """Show how `specs` come along while the body runs, and where they stand at its end; on `display` where it is."""
    watch = _Watch(specs, done_before, scales)
    over = threading.Event()
    thread = threading.Thread(target=_show, args=(console, watch, over, display), daemon=True, name="progress")
    thread.start()
    try:
        yield
    except BaseException:
        watch.interrupted = True
        raise
    finally:
        over.set()
        thread.join(timeout=5)


def _show(console: Console, watch: _Watch, over: threading.Event, display: Display | None) -> None:
    try:
        store = Store(watch.url, patient=True)  # a connection belongs to its thread
        if display is not None:
            while not over.wait(LIVE_SECONDS):
                display(_text(watch.table(watch.rows(store))))
            display(_text(watch.table(watch.rows(store))))
            return
        if console.is_terminal:
            with Live(watch.table(watch.rows(store)), console=console, auto_refresh=False) as live:
                while not over.wait(LIVE_SECONDS):
                    live.update(watch.table(watch.rows(store)), refresh=True)
                live.update(watch.table(watch.rows(store)), refresh=True)
            return
        wait = 2.0  # a first sign of life soon, then seldom
        while not over.wait(wait):
            console.print(watch.line(watch.rows(store)), markup=False)
            wait = LINE_SECONDS
        if watch.interrupted:
            return
        console.print(watch.line(watch.rows(store)), markup=False)
    except UserError as error:  # the runs meet the same error and report it
        console.print(f"progress: {texts.line(error)}", markup=False)


def _text(table: Table) -> str:
    console = Console(file=io.StringIO(), width=120, color_system=None, force_jupyter=False)
    with console.capture() as written:
        console.print(table)
    return "\n".join(line.rstrip() for line in written.get().splitlines())
