"""The looks at which seeds were added, as the tables of a comparison's runs say (`seeds.until=decided`)."""

from collections.abc import Mapping
from typing import Any

from bench.errors import UserError
from bench.report.runs import identities
from bench.report.runs.curves import Comparison
from bench.report.statistics.sequential import Looks
from bench.results import Results, RunId


def looks(comparison: Comparison, results: Results) -> Looks | None:
    """The plan by which seeds were added, where any run was made by one; None where all numbers of seeds were fixed.

    Then all runs of the comparison are tested by its looks, whoever made them. Raises `UserError` where runs have
    different plans: no test holds for their mixture.
    """
    plans: dict[Looks, RunId] = {}
    for run in identities.run_ids(comparison.runs):
        plan = of_run(results.runs[run])
        if plan is not None:
            plans.setdefault(plan, run)
    if len(plans) > 1:
        (one, first), (other, second) = list(plans.items())[:2]
        raise UserError(
            f"{comparison}: seeds were added until decided by different looks, {described(one)} ({first}) and "
            f"{described(other)} ({second}), and no test holds for both together; report their experiments apart"
        )
    return next(iter(plans), None)


def of_run(metadata: Mapping[str, Any]) -> Looks | None:
    """The plan that a run's metadata name; None where its seed was given."""
    plan = (metadata.get("config") or {}).get("until")
    return Looks(plan["first"], tuple(plan["looks"])) if plan else None


def described(looks: Looks) -> str:
    """`10, 15 and 20 from seed 0`."""
    *others, last = map(str, looks.counts)
    return f"{', '.join(others)}{' and ' if others else ''}{last} from seed {looks.first}"


def by_hand(comparison: Comparison, results: Results, plan: Looks) -> dict[str, list[int]]:
    """The seeds of each label that its plan did not ask for: of runs that were made without one."""
    given: dict[str, list[int]] = {}
    for run, label in zip(identities.run_ids(comparison.runs), comparison.runs["label"], strict=True):
        if of_run(results.runs[run]) != plan:
            given.setdefault(str(label), []).append(run.seed)
    return given
