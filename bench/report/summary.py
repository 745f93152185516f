"""What a report says first of one problem, without a file of it: the verdict, and each figure by its name."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from matplotlib.figure import Figure

from bench.errors import UserError, allowed
from bench.report import figures
from bench.report.analysis.comparison import Analysis, analyse
from bench.report.analysis.importance import importance
from bench.report.figures import catalogue
from bench.report.figures.catalogue import Sketch
from bench.report.look import style
from bench.report.runs import curves, extremes, references, selection, visits
from bench.report.runs.selection import Reading, Selection
from bench.report.tables import escaping
from bench.report.words import verdict


@dataclass(frozen=True)
class Summary:
    """A problem, analysed as the report does it."""

    reading: Reading
    analysis: Analysis

    @property
    def verdict(self) -> str:
        """The sentences of the verdict, in which names may stand in `code` and **bold**."""
        return " ".join(verdict.verdict(self.analysis))

    @property
    def plain(self) -> str:
        """The verdict without those marks."""
        return escaping.prose(self.verdict, str, str, str)

    @property
    def main(self) -> str | None:
        """The name of the figure that the report shows first; None where no trial was made."""
        return next((sketch.name for sketch in self._sketches()), None)

    def figure(self, name: str | None) -> Figure:
        """The figure of that name; raises `UserError`, which lists the names there are."""
        sketch = self._sketch(name)
        with figures.look():
            return sketch.draw()

    def png(self, name: str | None) -> bytes:
        """The file of the figure of that name, as in the report but smaller."""
        sketch = self._sketch(name)
        with figures.look():
            return figures.render(sketch.draw(), 0.6 * sketch.detail, ("png",))["png"]

    def _sketch(self, name: str | None) -> Sketch:
        names = []
        for sketch in self._sketches():
            if sketch.name == name:
                return sketch
            names.append(sketch.name)
        raise UserError(f"plot: no figure {name!r} of these runs; {allowed(name, names)}")

    def _sketches(self) -> Iterator[Sketch]:
        """The figures there are; those that need configurations last, which are read for them."""
        looks = style.styles(self.analysis.final["label"])
        yield from catalogue.sketches(self.analysis, looks)
        visited = visits.read(self.reading.results_dir, self.analysis.comparison, self.reading)
        yield from catalogue.looking(self.analysis, visited, importance(visited) if visited else None, looks)


def read(results_dir: Path, folder: Path, wanted: Selection) -> Summary:
    """What is wanted of one problem, measured by the references of an earlier report in `folder`, if there is one.

    Raises `UserError` where runs cannot be compared, or nothing is there to be drawn.
    """
    reading = selection.read(results_dir, wanted)
    (comparison,) = curves.comparisons(reading.results)
    reason = extremes.beyond(comparison, reading.results)
    if reason is not None:
        raise UserError(f"{comparison}: {reason}")
    return Summary(reading, analyse(comparison, reading, references.read(folder)))
