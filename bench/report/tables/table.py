"""A table as plain data: what each cell shows, what it sorts by, how it is marked."""

from dataclasses import dataclass
from typing import Literal

from bench.report.look.style import Style

Mark = Literal["", "best", "tied"]


@dataclass(frozen=True)
class Head:
    """The head of a column."""

    text: str
    numeric: bool = True
    """Aligned to the right, with digits of one width."""
    help: str = ""
    """What the column means, where the text is short."""
    aside: bool = False
    """Whether it may stand in a table of its own where a paper has no room for it."""


@dataclass(frozen=True)
class Cell:
    """A cell: what it shows and what it sorts by."""

    text: str
    sort: float | str | None = None
    """None sorts by the text; NaN, whatever is missing, stands last in either direction."""
    mark: Mark = ""
    style: Style | None = None
    """The look of the optimiser that the cell names."""


@dataclass(frozen=True)
class Table:
    """A table that the reader can sort; the first cell of a row names it."""

    caption: str
    heads: tuple[Head, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""

    def __post_init__(self) -> None:
        if any(len(row) != len(self.heads) for row in self.rows):
            raise ValueError(f"table {self.caption!r}: each row needs as many cells as there are heads")
