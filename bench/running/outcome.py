"""What came of runs, in a few lines: the metric in its own direction, beside a model that knows nothing.

No winner is named: what the numbers support is for the report to say.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from bench import results
from bench.errors import UserError
from bench.metrics import Scale, scale
from bench.running.run import RunSpec
from bench.wording import PARTS, plural

TABLES = 1000
"""Of more runs no table is read again for a few lines: the report does so."""
PROBLEMS = 12
"""Of more problems the rest is counted."""
NOTHING = "a model that knows nothing"


@dataclass(frozen=True)
class _End:
    """How a run ended: the incumbent's losses, inf where no trial succeeded, and the metadata of its table."""

    loss: float
    test: float | None
    metadata: Mapping[str, Any]


@dataclass(frozen=True)
class _Median:
    """Of the runs of an optimiser, or of models that know nothing on their splits; None: not recorded of them all."""

    valid: float | None
    test: float | None
    runs: int


def lines(specs: Sequence[RunSpec]) -> Iterator[str]:
    """The values that the finished runs among `specs` ended with, problem by problem."""
    if len(specs) > TABLES:
        return
    problems: dict[tuple[str, str], dict[str, list[_End]]] = {}
    for spec in specs:
        end = _end(spec)
        if end is not None:
            of_problem = problems.setdefault((spec.run.dataset, spec.run.model), {})
            of_problem.setdefault(spec.run.optimizer, []).append(end)
    for (dataset, model), ends in list(problems.items())[:PROBLEMS]:
        name = model if dataset == "function" else f"{dataset} {model}"
        every = [end for group in ends.values() for end in group]
        shown = scale(every[0].metadata.get("metric"))
        medians = {optimizer: _median(group) for optimizer, group in ends.items()}
        nothing = _of_nothing(every)
        if len(medians) == 1:
            (optimizer, only), *_ = medians.items()
            yield f"{name} {optimizer}: {_alone(only, nothing, shown, every[0].metadata)}"
        else:
            yield from _table(name, medians, nothing, shown, every[0].metadata)
        yield from _no_better(medians, nothing, shown)
    if len(problems) > PROBLEMS:
        yield f"and {len(problems) - PROBLEMS} problems more"


def _end(spec: RunSpec) -> _End | None:
    """None where the run has no table that can be read: whoever draws them is told why."""
    try:
        row, metadata = results.read_end(Path(spec.results_dir), spec.run, ["best_loss", "incumbent_test_loss"])
    except UserError:
        return None
    loss, test = row["best_loss"], row["incumbent_test_loss"]
    return _End(math.inf if loss is None else loss, test, metadata)


def _median(ends: Sequence[_End]) -> _Median:
    return _Median(median(end.loss for end in ends), _known([end.test for end in ends]), len(ends))


def _of_nothing(ends: Sequence[_End]) -> _Median:
    """The baselines of the runs; none of functions, whose baseline is a mean over configurations."""
    entries = [end.metadata for end in ends if end.metadata.get("task") not in PARTS]
    valid, test = (_known([entry.get(key) for entry in entries]) for key in ("baseline_loss", "baseline_test_loss"))
    return _Median(valid, test, len(entries))


def _known(losses: Sequence[float | None]) -> float | None:
    """The median of losses that are all known."""
    known = [loss for loss in losses if isinstance(loss, int | float)]
    return median(known) if known and len(known) == len(losses) else None


def _alone(only: _Median, nothing: _Median, shown: Scale, metadata: Mapping[str, Any]) -> str:
    """One optimiser's value, with what it is to be held against."""
    if only.valid == math.inf:
        return "no trial succeeded" if only.runs == 1 else "no trial succeeded in half of its runs or more"
    assert only.valid is not None
    several = f", median{'s' if only.test is not None else ''} of {only.runs} seeds" if only.runs > 1 else ""
    task = metadata.get("task")
    if task in PARTS:
        other = f", {shown.text(only.test)} {PARTS[task][1]}" if only.test is not None else ""
        return f"{shown.name} {shown.text(only.valid)}{other}{several}{_minimum(only, shown, metadata)}"
    tested = f", test {shown.name} {shown.text(only.test)}" if only.test is not None else ""
    against = [shown.text(loss) for loss in (nothing.valid, nothing.test if tested else None) if loss is not None]
    held = f"; {NOTHING} has {' and '.join(against)}" if against else ""
    return f"validation {shown.name} {shown.text(only.valid)}{tested}{several}{held}"


def _minimum(best: _Median, shown: Scale, metadata: Mapping[str, Any]) -> str:
    """How far above its known minimum a function's value is; by the value without noise where there is some."""
    least = metadata.get("known_minimum") if metadata.get("task") == "function" else None
    value = best.valid if best.test is None else best.test
    if least is None or value is None:
        return ""
    return f", {max(0.0, value - least):.2g} above the known minimum {shown.text(least)}"


def _table(
    name: str, medians: Mapping[str, _Median], nothing: _Median, shown: Scale, metadata: Mapping[str, Any]
) -> Iterator[str]:
    """The optimisers in the order of the runs, and below them what they are to be held against."""
    runs = sorted({each.runs for each in medians.values()})
    direction = "higher" if shown.larger_is_better else "lower"
    seeds = f"{runs[0]} to {runs[-1]} seeds" if len(runs) > 1 else plural(runs[0], "seed")
    of = f", medians of {seeds}" if runs[-1] > 1 else ""
    yield f"{name}: {shown.name}, {direction} is better{of}"
    valid, tested = PARTS.get(str(metadata.get("task")), ("validation", "test"))
    heads = ["optimiser", valid or shown.name, tested]
    rows = [heads, *([optimizer, *_texts(each, shown)] for optimizer, each in medians.items())]
    least = metadata.get("known_minimum") if metadata.get("task") == "function" else None
    rows += [[NOTHING, *_texts(nothing, shown)]] if nothing.valid is not None else []
    rows += [["known minimum", shown.text(least), ""]] if least is not None else []
    columns = 3 if any(row[2] for row in rows[1:]) else 2
    widths = [max(len(row[place]) for row in rows) for place in range(columns)]
    for row in rows:
        cells = (row[place].rjust(widths[place]) if place else row[0].ljust(widths[0]) for place in range(columns))
        yield f"  {'  '.join(cells)}".rstrip()


def _texts(each: _Median, shown: Scale) -> list[str]:
    return [
        "" if loss is None else "none" if math.isinf(loss) else shown.text(loss) for loss in (each.valid, each.test)
    ]


def _no_better(medians: Mapping[str, _Median], nothing: _Median, shown: Scale) -> Iterator[str]:
    """Where nothing was learnt: by the validation losses of all optimisers, or else by their test losses."""
    which = "none of them is" if len(medians) > 1 else "this is no"
    for where, base, losses in (
        ("", nothing.valid, [each.valid for each in medians.values()]),
        ("on test data ", nothing.test, [each.test for each in medians.values()]),
    ):
        finite = [loss for loss in losses if loss is not None and loss < math.inf]
        if base is not None and finite and min(finite) >= base:
            yield f"{where}{which} better than {NOTHING} ({shown.name} {shown.text(base)}): check the data"
            return
