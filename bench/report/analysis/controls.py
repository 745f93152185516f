"""What came of a control: whether any optimiser beats random search where none can; `_control.json` beside the tables.

The comparison is held to the tests of the report: each optimiser against random search, by the final losses that the
verdict goes by, corrected for as many tests as there are optimisers. Where a method seems to win, nothing is learnt of
the method: budgets, seeds or the test itself are not what they should be.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from bench import files
from bench.report.analysis import testing
from bench.report.runs import curves, references, samples, selection
from bench.report.runs.curves import Comparison
from bench.report.runs.selection import Reading, Selection
from bench.results import refuse_links
from bench.wording import listed, plural, unmarked

FILE = "_control.json"
ALONE = 0.05
"""The probability that chance alone makes one of the optimisers of a problem better or worse."""


@dataclass(frozen=True)
class Outcome:
    """Of one problem."""

    control: str
    """The experiment that the runs of the control are of, and their problem: EXPERIMENT/DATASET/MODEL."""
    seeds: int
    """The fewest of any optimiser."""
    tested: tuple[str, ...]
    """The optimisers that were tested against random search."""
    better: tuple[str, ...]
    """Those of them that beat it."""
    untested: tuple[str, ...]
    """Those with too few seeds for a test, or another budget."""
    p: float | None
    """The largest p, corrected, of those that beat it; None where none does."""

    def line(self) -> str:
        """What came of it, in words."""
        lacking = f"; not tested: {listed(self.untested)}" if self.untested else ""
        if not self.tested:
            few = plural(self.seeds, "seed")
            return f"{few} {'is' if self.seeds == 1 else 'are'} too few to test any optimiser against random search"
        numbers = plural(self.seeds, "seed")
        if self.better:
            verb = "beats" if len(self.better) == 1 else "beat"
            return (
                f"{listed(self.better)} {verb} random search where no method can ({numbers}, p = {self.p:.2g}): chance "
                f"alone does so in {50 * ALONE:.2g} % of such checks; otherwise the comparison is at fault{lacking}"
            )
        many = len(self.tested) > 1
        who = f"none of {len(self.tested)} optimisers beats" if many else f"{self.tested[0]} does not beat"
        return f"{who} random search where no method can ({numbers}){lacking}"


def outcomes(results_dir: Path, experiment: str, reference: Mapping[str, str]) -> dict[str, Outcome]:
    """What came of an experiment that is a control, by DATASET/MODEL; `reference` names random search's label there."""
    reading = selection.read(results_dir, Selection((experiment,)))
    return {
        str(comparison): _outcome(comparison, reading, experiment, reference[str(comparison)])
        for comparison in curves.comparisons(reading.results)
    }


def _outcome(comparison: Comparison, reading: Reading, experiment: str, reference: str) -> Outcome:
    by_label = samples.samples(comparison, reading.results)
    basis = testing.basis(comparison, reading, by_label, references.pools(comparison, reading.results))
    parts = {
        label: pd.DataFrame({"seed": sample.seeds, "loss": sample.final(comparison.judged, comparison.evaluations)})
        for label, sample in by_label.items()
    }
    frame = testing.compare(basis, samples.by_label(parts), "loss", against=reference)
    tested = frame[frame["test"] != "none"]
    others = [
        (str(row["b"] if row["a"] == reference else row["a"]), str(row["better"])) for row in tested.to_dict("records")
    ]
    names = [name for name, _ in others]
    won = tested["p_holm"][(tested["better"] != "") & (tested["better"] != reference)]
    return Outcome(
        control=f"{experiment}/{comparison}",
        seeds=min(len(sample.seeds) for sample in by_label.values()),
        tested=tuple(names),
        better=tuple(name for name, better in others if better == name),
        untested=tuple(label for label in by_label if label not in (*names, reference)),
        p=float(won.max()) if len(won) else None,
    )


def write(results_dir: Path, experiment: str, found: Mapping[str, Outcome]) -> None:
    """Keep what came of the controls of an experiment's problems, by DATASET/MODEL, where its audit finds it."""
    refuse_links(results_dir, experiment, FILE, option="--results-dir")
    text = json.dumps({problem: asdict(outcome) for problem, outcome in found.items()}, indent=1, ensure_ascii=False)
    files.write(results_dir / experiment / FILE, (text + "\n").encode())


def read(results_dir: Path, experiments: Sequence[str]) -> Iterator[tuple[str, Outcome]]:
    """DATASET/MODEL and what came of its control, for each that was run; what is not as it must be is left out."""
    for experiment in experiments:
        refuse_links(results_dir, experiment, FILE, option="--results-dir")
        try:
            stored: Any = json.loads(files.regular(results_dir / experiment / FILE).read_text(encoding="utf-8"))
            kept = [(unmarked(problem), _parsed(entry)) for problem, entry in stored.items()]
        except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
            continue
        yield from kept


def _parsed(entry: Mapping[str, Any]) -> Outcome:
    names = {key: tuple(unmarked(name) for name in list(entry[key])) for key in ("tested", "better", "untested")}
    p = None if entry["p"] is None else float(entry["p"])
    return Outcome(control=unmarked(entry["control"]), seeds=int(entry["seeds"]), p=p, **names)
