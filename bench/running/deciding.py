"""Seeds that are added until a comparison is decided (`seeds.until=decided`): which runs of a sweep come next.

After each look its tables are read, and the pairs that are open by the tests of the report say who goes on. A look is
judged by the seeds up to it alone, so that a sweep that was stopped at any moment goes the same way again.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from bench import results
from bench.config.schema import UNTIL
from bench.errors import UserError
from bench.results import RunId
from bench.running.plan import Plan
from bench.running.run import RunSpec
from bench.wording import listed, plural

Say = Callable[[str], None]


@dataclass(frozen=True)
class Round:
    """Runs that are done before it is asked again what to do."""

    specs: list[RunSpec]
    further: list[RunSpec]
    """Those that may follow, by what is known before the round."""


@dataclass
class _Comparison:
    """One problem of an experiment whose seeds are added until it is decided."""

    results_dir: Path
    experiment: str
    dataset: str
    model: str
    first: int
    looks: Sequence[int]
    waiting: dict[str, list[RunSpec]] = field(default_factory=dict)
    """What each optimiser of the sweep has still to do, in order of its seeds."""
    going_on: set[str] = field(default_factory=set)
    tested: int = 0
    """Pairs, as of the last look."""
    open: list[tuple[str, str]] = field(default_factory=list)
    looked: int = 0
    """Seeds of each optimiser at the last look."""
    had: set[frozenset[str]] = field(default_factory=set)
    """The pairs that have had it."""
    over: bool = False

    def due(self, look: int) -> list[RunSpec]:
        """What must be done before a look; it is then no longer waiting."""
        end = self.first + self.looks[look]
        due = [spec for spec in self.further if spec.run.seed < end]
        for name in self.going_on:
            self.waiting[name] = [spec for spec in self.waiting[name] if spec.run.seed >= end]
        return due

    @property
    def further(self) -> list[RunSpec]:
        """What may yet be to do."""
        return [spec for name, specs in self.waiting.items() if name in self.going_on for spec in specs]

    def __str__(self) -> str:
        return self.model if self.dataset == "function" else f"{self.dataset} {self.model}"


def rounds(plan: Plan, say: Say) -> Iterator[Round]:
    """The runs to do, round by round; those of a round are done, or have failed, before the next is asked for.

    Without `seeds.until` it is one round. `say` is given a line after each look, and what came of them all. Raises
    `UserError` where there is nothing to decide, or the runs of a problem have different plans.
    """
    comparisons = _comparisons([*plan.done, *plan.to_do], plan.to_do)
    specs = [spec for spec in plan.to_do if UNTIL not in spec.config]
    look, ran = 0, False
    while comparisons:
        active = [each for each in comparisons if not each.over]
        specs = [*specs, *(spec for each in active for spec in each.due(look))]
        if specs:
            yield Round(specs, [spec for each in active for spec in each.further])
        ran, specs = bool(specs), []
        for each in active:
            _look(each, look)
        if all(each.over for each in active):
            break
        if ran:
            say(_after(active))
        look += 1
    if comparisons:
        for line in _outcome(comparisons):
            say(line)
    elif specs:
        yield Round(specs, [])


def _comparisons(specs: Iterable[RunSpec], to_do: Iterable[RunSpec]) -> list[_Comparison]:
    """The problems whose seeds are added, with what is to do of each."""
    comparisons: dict[tuple[str, str, str, str], _Comparison] = {}
    for spec in specs:
        until = spec.config.get(UNTIL)
        if until is None:
            continue
        key = (spec.results_dir, spec.run.experiment, spec.run.dataset, spec.run.model)
        each = comparisons.get(key)
        if each is None:
            each = comparisons[key] = _Comparison(Path(key[0]), *key[1:], until["first"], until["looks"])
        if (each.first, each.looks) != (until["first"], until["looks"]):
            raise UserError(
                f"{each}: {spec.run.optimizer} is looked at with {until['looks']} seeds from seed {until['first']} on, "
                f"others with {each.looks} from {each.first}; give all optimisers on one problem the same first seed, "
                "seeds.looks and seeds.most"
            )
        each.waiting.setdefault(spec.run.optimizer, [])
        each.going_on.add(spec.run.optimizer)
    for spec in to_do:
        if UNTIL in spec.config:
            key = (spec.results_dir, spec.run.experiment, spec.run.dataset, spec.run.model)
            comparisons[key].waiting[spec.run.optimizer].append(spec)
    for each in comparisons.values():
        for waiting in each.waiting.values():
            waiting.sort(key=lambda spec: spec.run.seed)
        _refuse_one(each)
    return list(comparisons.values())


def _refuse_one(each: _Comparison) -> None:
    names = set(each.waiting) | {run.optimizer for run in _tables(each)}
    if len(names) < 2:
        raise UserError(
            f"seeds.until=decided: {each} has one optimiser, {min(names)}, and nothing to decide; name two or more, as "
            "optimizer=random,optuna_tpe"
        )


def _tables(each: _Comparison) -> dict[RunId, Path]:
    every = results.find(each.results_dir, each.experiment)
    return {run: path for run, path in every.items() if (run.dataset, run.model) == (each.dataset, each.model)}


def _look(each: _Comparison, look: int) -> None:
    """Judge a comparison with the seeds of a look, and see who goes on to the next."""
    there = _tables(each)
    _judge(each, there, range(each.first, each.first + each.looks[look]))
    able = _able(each, look + 1, there) if look + 1 < len(each.looks) else set()
    going_on = {name for pair in each.open if frozenset(pair) in each.had and able.issuperset(pair) for name in pair}
    each.going_on = going_on & set(each.waiting)
    each.over = not each.going_on


def _judge(each: _Comparison, there: Iterable[RunId], seeds: range | None = None) -> None:
    """Note what the report's tests say of the runs that are there, of these seeds alone; without runs nothing."""
    from bench.report.analysis import deciding  # noqa: PLC0415 - pandas, which a sweep of functions does without
    from bench.report.runs import selection  # noqa: PLC0415
    from bench.report.statistics.sequential import Looks  # noqa: PLC0415

    not_yet = {spec.run for specs in each.waiting.values() for spec in specs}
    kept = {run for run in there if seeds is None or run.seed in seeds} - not_yet
    if not kept:
        return
    left_out = {run: "its seed is beyond the look" for run in there if run not in kept}
    of_problem = selection.Selection((each.experiment,), problems=(f"{each.dataset}/{each.model}",))
    reading = selection.read(each.results_dir, of_problem, left_out)
    looks = Looks(each.first, tuple(each.looks))
    (decisions,) = deciding.decisions(reading, looks)
    completed = max(map(looks.completed, decisions.basis.design.seeds.values()))
    each.looked = looks.counts[completed - 1] if completed else 0
    looked = decisions.pairs[decisions.pairs["looked"] > 0]
    last = looked[looked["looked"] == each.looked]
    each.open, each.tested = decisions.open, len(looked)
    each.had = {frozenset(pair) for pair in zip(last["a"], last["b"], strict=True)}


def _able(each: _Comparison, look: int, there: Iterable[RunId]) -> set[str]:
    """Who has the seeds of a look, or has them to do."""
    seeds = range(each.first, each.first + each.looks[look])
    by_name: dict[str, set[int]] = {name: {spec.run.seed for spec in specs} for name, specs in each.waiting.items()}
    for run in there:
        by_name.setdefault(run.optimizer, set()).add(run.seed)
    return {name for name, own in by_name.items() if own.issuperset(seeds)}


def standing(results_dir: Path, experiment: str) -> Iterator[str]:
    """Where comparisons whose seeds are added until decided stand, by the tables that are there; nothing of others."""
    last = {(run.dataset, run.model, run.optimizer): run for run in results.find(results_dir, experiment)}
    comparisons: dict[tuple[str, str], _Comparison] = {}
    for (dataset, model, _), run in last.items():
        with suppress(UserError):  # tables that cannot be read or compared, of which the report speaks
            until = (results.read_metadata(results_dir, run).get("config") or {}).get(UNTIL)
            if until is not None and (dataset, model) not in comparisons:
                each = _Comparison(results_dir, experiment, dataset, model, until["first"], until["looks"])
                _judge(each, _tables(each))
                comparisons[dataset, model] = each
    yield from _outcome(list(comparisons.values()))


def _after(comparisons: Sequence[_Comparison]) -> str:
    """Where the comparisons stand after a look."""
    tested, undecided = sum(each.tested for each in comparisons), sum(len(each.open) for each in comparisons)
    looked = sorted({each.looked for each in comparisons})
    seeds = f"{looked[0]} to {looked[-1]} seeds" if len(looked) > 1 else plural(looked[0], "seed")
    on = [each for each in comparisons if not each.over]
    where = f" on {len(on)} of {len(comparisons)} problems" if len(comparisons) > 1 else ""
    names = {name for each in on for name in each.going_on}
    return (
        f"after {seeds}: {tested - undecided} of {plural(tested, 'pair')} decided; {listed(sorted(names))} go on{where}"
    )


def _outcome(comparisons: Sequence[_Comparison]) -> Iterator[str]:
    """How each comparison ended."""
    for each in comparisons[:_SHOWN]:
        most = f"{each.looked} of at most {each.looks[-1]} seeds"
        if not each.looked:
            yield f"{each}: no look, as no optimiser has all of the first {plural(each.looks[0], 'seed')}"
        elif not each.tested:
            yield (
                f"{each}: nothing to decide after {plural(each.looked, 'seed')}: fewer than two optimisers have runs "
                "that differ by their seed"
            )
        elif not each.open:
            yield f"{each}: decided after {most}"
        else:
            pairs = listed([f"{a} and {b}" for a, b in each.open], 3)
            yield f"{each}: {len(each.open)} of {plural(each.tested, 'pair')} still open after {most}: {pairs}"
    if len(comparisons) > _SHOWN:
        rest = comparisons[_SHOWN:]
        decided = sum(each.tested > 0 and not each.open for each in rest)
        yield f"and {len(rest)} problems more, {decided} of them decided"


_SHOWN = 12
"""Of more comparisons the rest is counted."""
