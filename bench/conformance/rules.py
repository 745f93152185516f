"""What every optimiser must do, one rule a function: it raises `Broken` where a case breaks it."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from importlib import metadata
from typing import Any

from bench import texts
from bench.conformance.lab import Broken, Lab, NotApplicable, broken_if
from bench.conformance.playing import Played, difference, loop, unasked
from bench.conformance.running import mistold
from bench.conformance.spaces import LARGEST_SEED, Case, bowl, points
from bench.optimizers import Declaration, Exhausted, Told
from bench.running import ladders


@dataclass(frozen=True)
class Rule:
    """A rule by its name, what it says, and the function that tries a case."""

    name: str
    says: str
    test: Callable[[Lab, Case], None]
    rests_on: tuple[str, ...] = ("valid",)
    """Rules that must hold for this one to say anything of its own."""
    share: int = 1
    """One of how many generated spaces it is tried on."""
    required: bool = True
    """Whether breaking it is a failure; else it is only reported."""
    elsewhere: bool = False
    """Whether it looks at runs in other processes."""


# --- the contract -----------------------------------------------------------------------------------------------------


_ATTRIBUTES = (("revision", int, 0), ("independent", bool, False), ("initial", bool, True), ("by_fold", bool, False))
"""Name, type and default of what the runner reads."""


def _contract(lab: Lab, tried: Case) -> None:
    optimizer = lab.build(tried)
    broken_if(next((f"has no method {name!r}" for name in ("ask", "tell") if not _method(optimizer, name)), ""))
    for name in ("start", "report"):
        if hasattr(optimizer, name) and not _method(optimizer, name):
            raise Broken(f"{name} is no method")
    for name, kind, default in _ATTRIBUTES:
        value = getattr(optimizer, name, default)
        if type(value) is not kind:
            raise Broken(f"{name} is {value!r}, expected {'a whole number' if kind is int else 'True or False'}")
    libraries = getattr(optimizer, "libraries", ())
    if not isinstance(libraries, tuple) or not all(isinstance(name, str) for name in libraries):
        raise Broken(f"libraries is {libraries!r}, expected a tuple of distributions' names such as ('optuna',)")
    for name in libraries:
        try:
            metadata.version(name)
        except metadata.PackageNotFoundError:
            raise Broken(f"libraries names {name!r}, which is no installed distribution") from None
    declared = getattr(optimizer, "declared", None)
    if declared is not None:
        broken_if(_misdeclared(declared, tried))


def _misdeclared(declared: object, tried: Case) -> str:
    if not isinstance(declared, Declaration):
        return f"declared is {declared!r}, expected a bench.optimizers.Declaration"
    names = [parameter.name for parameter in tried.space.parameters]
    for name, law in declared.laws.items():
        if name not in names:
            return f"declared.laws names {name!r}, which is no parameter of the space"
        distance = law.total_variation
        if isinstance(distance, bool) or not isinstance(distance, int | float) or not 0 <= distance <= 1:
            return f"declared.laws[{name!r}].total_variation is {distance!r}, expected a number from 0 to 1"
    for field, value in vars(declared).items():
        kind = type(getattr(Declaration(), field))
        if not isinstance(value, kind):
            return f"declared.{field} is {value!r}, expected a {kind.__name__}"
    try:
        json.dumps(declared.to_dict(), allow_nan=False)
    except (TypeError, ValueError) as error:
        return f"declared cannot be recorded with a run: {error}"
    return ""


def _method(optimizer: object, name: str) -> bool:
    return callable(getattr(optimizer, name, None))


# --- one run ----------------------------------------------------------------------------------------------------------


def _valid(lab: Lab, tried: Case) -> None:
    lab.played(tried)


def _unchanged(lab: Lab, tried: Case) -> None:
    broken_if(lab.played(tried).changed)


def _random_state(lab: Lab, tried: Case) -> None:
    broken_if(lab.traces(tried).random_state)


def _silent(lab: Lab, tried: Case) -> None:
    broken_if(lab.traces(tried).printed or lab.first.printed)


def _no_files(lab: Lab, tried: Case) -> None:
    broken_if(lab.traces(tried).files or lab.first.files)


def _filters(lab: Lab, tried: Case) -> None:
    broken_if(lab.traces(tried).filters)


def _under(losses: str) -> Callable[[Lab, Case], None]:
    def test(lab: Lab, tried: Case) -> None:
        broken_if(lab.played(tried, losses=losses).wrong)

    return test


# --- sequences --------------------------------------------------------------------------------------------------------


def _same_seed(lab: Lab, tried: Case) -> None:
    broken_if(difference(lab.played(tried), lab.again(tried)))


def _new_process(lab: Lab, tried: Case) -> None:
    if not _same_elsewhere(lab, tried):
        broken_if(difference(lab.played(tried), lab.elsewhere(tried, 1)))


def _blas_threads(lab: Lab, tried: Case) -> None:
    lab.needs_blas_threads(2)
    if not _same_elsewhere(lab, tried):
        broken_if(difference(lab.elsewhere(tried, 1), lab.elsewhere(tried, 2)))


def _same_elsewhere(lab: Lab, tried: Case) -> bool:
    """Whether the run is the same with other hashes and other threads at once; where not, each is tried by itself."""
    return not difference(lab.played(tried), lab.elsewhere(tried, 2))


def _other_seeds(lab: Lab, tried: Case) -> None:
    if lab.declared(tried).deterministic:
        raise NotApplicable("declared: every seed gives the same sequence")
    if points(tried.space) < 64:
        raise NotApplicable("the space has too few points")
    seeds = [(tried.seed + more) % (LARGEST_SEED + 1) for more in range(3)]
    asked = [lab.played(Case(tried.text, seed)).asked for seed in seeds]
    if max(map(len, asked)) < 5:
        raise NotApplicable("it proposes fewer than five configurations")
    for a, b in ((0, 1), (0, 2), (1, 2)):
        if asked[a] == asked[b]:
            raise Broken(
                f"seeds {seeds[a]} and {seeds[b]} gave the same {len(asked[a])} configurations, expected others; "
                "where no seed is used, set Declaration(deterministic=True)"
            )


def _independent(lab: Lab, tried: Case) -> None:
    if not getattr(lab.build(tried), "independent", False):
        raise NotApplicable("declared: it learns from losses")
    expected = lab.played(tried)
    broken_if(_dependence("other losses", difference(expected, lab.played(tried, losses="upside_down"))))
    broken_if(_dependence("nothing", difference(expected, lab.played(tried, tell=False))))


def _dependence(what: str, words: str) -> str:
    return f"independent is True, but told {what}: {words}" if words else ""


def _extendable(lab: Lab, tried: Case) -> None:
    if not lab.declared(tried).extendable:
        raise NotApplicable("declared: another budget is another sequence")
    budget = (lab.way.budget or 0) + 15
    words = difference(lab.played(tried), lab.played(tried, budget=budget))
    broken_if(
        f"under a budget of {budget} trials instead of {lab.way.budget}: {words}; "
        "where that is meant, set Declaration(extendable=False)"
        if words
        else ""
    )


# --- the runner -------------------------------------------------------------------------------------------------------


def _budget(lab: Lab, tried: Case) -> None:
    for budget in (lab.way.trials, 1):
        finished = lab.finished(tried, budget=budget)
        broken_if(finished.wrong)
        expected = lab.played(tried, losses="some_failed", budget=budget, trials=budget)
        trials = len(finished.evaluated)
        if trials != (len(expected.asked) if expected.exhausted else budget):
            raise Broken(f"under a budget of {budget} trials the runner made {trials}, and ended as {finished.ended}")
        if finished.ended == "exhausted":
            more = lab.played(tried, losses="some_failed", budget=2 * budget, trials=2 * budget)
            if len(more.asked) > trials:
                raise Broken(
                    f"under a budget of {budget} trials it raised Exhausted after {trials}, under {2 * budget} after "
                    f"{len(more.asked)}; expected it to go on while anything is left to ask"
                )
        through = Played(tuple(row.asked for row in finished.evaluated))
        broken_if(difference(Played(expected.asked), through))


def _exhaustion(lab: Lab, tried: Case) -> None:
    if not lab.played(tried).exhausted:
        raise NotApplicable(f"never exhausted within {lab.way.trials} trials")
    optimizer = lab.build(tried)
    loop(optimizer, tried.space, lab.way, lab.subject.ladder)
    for _ in range(2):
        try:
            proposal = optimizer.ask()
        except Exhausted:
            continue
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            what = texts.of_error(error)
            raise Broken(f"asked again once exhausted, it raised {what}, expected Exhausted again") from error
        raise Broken(f"asked again once exhausted, it proposed {proposal!r}, expected Exhausted again")


def _told_once(lab: Lab, tried: Case) -> None:
    broken_if(mistold(lab.finished(tried)))


def _timed(lab: Lab, tried: Case) -> None:
    broken_if(lab.played(tried, budget=None, trials=5).wrong)


def _open(lab: Lab, tried: Case) -> None:
    several = lab.played(tried, workers=OPEN)
    broken_if(several.wrong)
    broken_if(difference(several, lab.again(tried, workers=OPEN)))


def _several(lab: Lab, tried: Case) -> None:
    if "objectives" not in ladders.wanted(lab.subject.path):
        raise NotApplicable("it takes one loss: its constructor has no argument `objectives`")
    repeats: dict[str, Callable[..., Played]] = {
        "once more": lab.again,
        "in a new process": partial(lab.elsewhere, threads=2),
    }
    for objectives, workers in ((2, 1), (3, OPEN)):
        way: dict[str, Any] = {"losses": "some_failed", "objectives": objectives, "workers": workers}
        played = lab.played(tried, **way)
        of = f"of {objectives} losses"
        broken_if(f"{of}, {played.wrong}" if played.wrong else "")
        broken_if(f"{of}, it changed what it was given: {played.changed}" if played.changed else "")
        for where, repeat in repeats.items():
            words = difference(played, repeat(tried, **way))
            broken_if(f"{of}, {where}: {words}" if words else "")


def _unasked(lab: Lab, tried: Case) -> None:
    if lab.subject.multi_fidelity:
        raise NotApplicable("it takes results of its own proposals alone, as it knows fidelities")
    optimizer = lab.build(tried)
    start = getattr(optimizer, "start", None)
    if start is None and not lab.declared(tried).takes_unasked:
        raise NotApplicable("declared: it takes no results of configurations that it did not propose")
    drawn = list(unasked(tried.space, tried.seed, 4))
    results = [Told(configuration, bowl(tried.space, configuration)) for configuration in drawn]
    results[2] = Told(drawn[2], max(result.loss for result in results), failed=True)
    what = "start(results)" if start is not None else "tell"
    try:
        if start is not None:
            start(results)
        else:
            for result in results:
                optimizer.tell(dict(result.configuration), result.loss, failed=result.failed)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        raise Broken(f"before the first ask, {what} of what was not asked raised {texts.of_error(error)}") from error
    broken_if(loop(optimizer, tried.space, replace(lab.way, trials=max(lab.way.trials // 2, 3))).wrong)


OPEN = 4
"""How many proposals are open at a time, as of so many workers."""

_REPEATABLE = ("valid", "same_seed")
_RUN = (*_REPEATABLE, "some_failed")

RULES = (
    Rule("contract", "has the methods and attributes that the runner reads, of the right types", _contract, ()),
    Rule("valid", "proposes valid configurations (and fidelities) only, and does not raise", _valid, ("contract",)),
    Rule("unchanged", "changes no configuration that it proposed or was given", _unchanged),
    Rule("random_state", "leaves global random state as it was", _random_state),
    Rule("silent", "prints nothing and warns of nothing", _silent),
    Rule("no_files", "leaves no files in the working folder", _no_files),
    Rule("filters", "changes no warning filters", _filters),
    Rule("same_seed", "the same seed gives the same sequence", _same_seed),
    Rule("new_process", "the same in a new process, with other hashes", _new_process, _REPEATABLE, elsewhere=True),
    Rule("blas_threads", "the same where BLAS would have two threads", _blas_threads, _REPEATABLE, elsewhere=True),
    Rule("other_seeds", "another seed gives another sequence", _other_seeds),
    Rule("constant", "goes on when every loss is the same", _under("constant"), share=4),
    Rule("ties", "goes on when losses are one of two", _under("ties"), share=4),
    Rule("tiny", "goes on with losses about 1e-12", _under("tiny"), share=4),
    Rule("huge", "goes on with losses up to 1e12, of both signs", _under("huge"), share=4),
    Rule("negative", "goes on with negative losses", _under("negative"), share=4),
    Rule("some_failed", "goes on when some trials fail", _under("some_failed"), share=4),
    Rule("all_failed", "goes on when all trials fail", _under("all_failed"), share=4),
    Rule("budget", "the runner meets its budget exactly", _budget, _RUN, 4),
    Rule("exhaustion", "once exhausted, it stays so", _exhaustion),
    Rule("told_once", "each result is told once, in order, as it was evaluated", _told_once, _RUN, 4),
    Rule("open", "takes several open proposals, told in another order", _open, _REPEATABLE, 2),
    Rule(
        "several",
        "if it takes several losses, goes on with them, the same for a seed",
        _several,
        _RUN,
        4,
        elsewhere=True,
    ),
    Rule("timed", "works where time is the budget (None trials)", _timed, share=4),
    Rule("independent", "if independent, its sequence depends on no loss", _independent, _REPEATABLE, 2),
    Rule("extendable", "if extendable, a larger budget continues the sequence", _extendable, (*_RUN, "budget"), 2),
    Rule("unasked", "takes results of configurations that it did not propose", _unasked, ("valid", "some_failed"), 2),
    Rule("vast", "goes on with losses of 1e300 and -1e300", _under("vast"), share=4, required=False),
)
"""Every rule, in the order in which they are tried."""
