"""When to tune anew: after so many rows, when the champion has become worse, or both."""

from dataclasses import dataclass

from bench.checks import is_number, whole
from bench.errors import UserError


@dataclass(frozen=True)
class Policy:
    """`every`: after so many rows since the last tuning; `drop`: where the champion's error rose by more than this.

    The error is the share of wrong classes, of numbers 1 - R², on the `newest` rows; it is compared with what it was
    when the champion became one. Tuned is on the rows before the newest, at most `window` of them.
    """

    every: int | None = 200
    drop: float | None = None
    newest: int = 100
    window: int | None = None

    def __post_init__(self) -> None:
        """Raise `UserError` for values that no policy can have."""
        if self.every is None and self.drop is None:
            raise UserError("--every, --drop: give one of them, or both; else nothing is ever tuned")
        for name, value in (("every", self.every), ("window", self.window)):
            if value is not None:
                whole(f"--{name}", value, 1)
        whole("--newest", self.newest, 1)
        if self.drop is not None and (not is_number(self.drop) or self.drop <= 0):
            raise UserError(f"--drop={self.drop}: expected a number greater than 0, such as 0.05")

    @property
    def first(self) -> int:
        """How many rows there are at the first tuning."""
        return max(2 * self.newest, self.every or 0)

    def due(self, rows: int, tuned: int, error: float | None, error_then: float | None) -> int | None:
        """How many rows the next tuning is of, where it is due, at `rows` rows after one of `tuned` (0: none yet).

        `error` and `error_then` are the champion's, now and when it became one; None where it is not known.
        """
        if rows < self.first:
            return None
        if self.every is not None and rows >= tuned + self.every:
            return rows - (rows - tuned) % self.every
        if not tuned:
            return rows
        fallen = None not in (self.drop, error, error_then) and error - error_then > self.drop  # type: ignore[operator]
        return rows if fallen and rows >= tuned + self.newest else None

    def span(self, rows: int) -> tuple[int, int]:
        """The numbers of the rows that a tuning of `rows` rows is done on: from the first to before the second."""
        end = rows - self.newest
        return (0 if self.window is None else max(0, end - self.window)), end


def policy_of(every: int | None, drop: float | None, newest: int, window: int | None) -> Policy:
    """The policy of a command: without `every` and `drop` every 200 rows, with `drop` alone by that; 0 is none."""
    if every is None:
        every = Policy.every if drop is None else 0
    return Policy(every or None, drop, newest, window)
