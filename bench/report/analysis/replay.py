"""The error of a surrogate that runs were replayed by, as one clause, for the verdict and the audit."""

from collections.abc import Mapping
from typing import Any

from bench.checks import is_number
from bench.wording import unmarked


def stated(replay: Mapping[str, Any]) -> str:
    """What was fitted to what, with its error, in a clause."""
    error = _mapping(replay, "error")
    fresh = _mapping(error, "fresh")
    figures = {part: _mapping(error, part) for part in ("all", "best_tenth", "regret")}
    ranks, errors, held = (
        f"{_text(figures['all'].get(name))} ({_text(figures['best_tenth'].get(name))} in the best tenth)"
        for name in ("rank_correlation", "rmse", "coverage")
    )
    order = f"; Kendall's tau of the optimisers' order {_text(error['order'])}" if is_number(error.get("order")) else ""
    more = f"; rank correlation on fresh configurations {_text(fresh.get('rank_correlation'))}" if fresh else ""
    return (
        f"they are those of a surrogate of {unmarked(replay.get('problem'))} in the experiment "
        f"{unmarked(replay.get('experiment'))}, out of group with a rank correlation of {ranks}, an RMSE of {errors} "
        f"and a coverage of 90 % intervals of {held}; RMSE of the lowest loss of a run "
        f"{_text(figures['regret'].get('rmse'))}{order}{more}"
    )


def _mapping(tree: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = tree.get(name)
    return value if isinstance(value, Mapping) else {}


def _text(value: Any) -> str:
    return f"{value:.2g}" if is_number(value) else "unknown"
