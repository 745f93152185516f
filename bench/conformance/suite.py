"""The rules tried on spaces, each until it breaks or has held on all of them, and what came of it in words."""

import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import hypothesis
from hypothesis import HealthCheck, Phase, Verbosity
from hypothesis.configuration import set_hypothesis_home_dir
from threadpoolctl import ThreadpoolController

from bench.config.components import locate
from bench.conformance.drawing import cases
from bench.conformance.lab import REFUSES, Broken, Lab, NotApplicable
from bench.conformance.playing import TRIALS, Subject
from bench.conformance.rules import RULES, Rule
from bench.conformance.spaces import FIXED, Case
from bench.conformance.watching import in_empty_folder

Verdict = Broken | NotApplicable | None


@dataclass(frozen=True)
class Check:
    """What came of one rule."""

    name: str
    says: str
    status: str
    """ok, FAIL, skipped, or note: a rule that is not required does not hold."""
    tried: str
    """On how many spaces, and what ended that early; of a skipped one the reason."""
    example: str = ""
    """Of FAIL and note, the smallest case that breaks it."""

    def __str__(self) -> str:
        tried = f" ({self.tried})" if self.tried else ""
        lines = [f"{self.status:<7} {self.name:<12} {self.says}{tried}"]
        return "\n".join(lines + [f"        {line}" for line in self.example.splitlines()])


def check(
    subject: Subject,
    examples: int = 20,
    seed: int = 0,
    *,
    trials: int = TRIALS,
    limit: float = 5.0,
    rules: Sequence[Rule] = RULES,
) -> Iterator[Check]:
    """Try every rule on three fixed and `examples` generated spaces with runs of `trials` trials; yields as it goes.

    From `limit` seconds after its first space a rule is tried on no further one: the check says on how many it was.
    All of it is done in empty working folders. The last item is a note of the seconds a trial. Raises `UserError` where
    the class cannot be found or needs what is not installed.
    """
    locate("optimizer.class", subject.path)
    failed: set[str] = set()
    with ExitStack() as stack, _hypothesis_leaves_nothing():
        stack.enter_context(ThreadpoolController().limit(limits=1))  # as the runner does
        with in_empty_folder():
            lab = Lab(subject, stack, trials)
        tried = [*FIXED, *_generated(examples, seed)]
        for rule in rules:
            broken = [name for name in rule.rests_on if name in failed]
            if broken:
                failed.add(rule.name)
                yield Check(rule.name, rule.says, "skipped", f"{broken[0]!r} must hold first")
                continue
            count = max(examples // rule.share, 1)
            with in_empty_folder():  # not around the loop: the caller's working folder stays while it looks at a check
                result = _try(_Hunt(rule, lab, limit), tried[: len(FIXED) + count], seed)
            if result.status == "FAIL":
                failed.add(rule.name)
            yield result
        ask, tell = lab.seconds()
    yield Check("seconds", f"ask {1e3 * ask:.2g} ms, tell {1e3 * tell:.2g} ms a trial (mean)", "note", "")


def _try(hunt: "_Hunt", tried: Sequence[Case], seed: int) -> Check:
    rule = hunt.rule
    first = next((each for each in tried if isinstance(hunt.verdict(each), Broken)), None)
    if first is not None:
        count, smallest = hunt.tried(), hunt.smallest(len(tried), seed) or first
        return Check(rule.name, rule.says, "FAIL" if rule.required else "note", count, hunt.example(smallest))
    reasons = Counter(str(verdict) for verdict in hunt.verdicts.values() if isinstance(verdict, NotApplicable))
    if reasons.total() < len(hunt.verdicts):
        return Check(rule.name, rule.says, "ok", hunt.tried())
    reason = max(reasons, key=lambda text: (not text.startswith(REFUSES), reasons[text]))
    if rule.rests_on:
        return Check(rule.name, rule.says, "skipped", reason)
    return Check(rule.name, rule.says, "FAIL", hunt.tried(), f"no space was taken: {reason}")


def _generated(examples: int, seed: int) -> list[Case]:
    """Cases as Hypothesis draws them."""
    drawn: list[Case] = []
    _hypothesis(examples, seed, [Phase.generate], drawn.append)
    return list(dict.fromkeys(drawn))


def _hypothesis(examples: int, seed: int, phases: Sequence[Phase], test: Callable[[Case], None]) -> None:
    """Have Hypothesis try a test, which depends on the seed alone."""

    def body(tried: Case) -> None:  # Hypothesis takes no methods of C, such as a list's append
        test(tried)

    settings = hypothesis.settings(
        max_examples=examples,
        phases=phases,
        database=None,
        deadline=None,
        print_blob=False,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
        verbosity=Verbosity.quiet,
    )
    hypothesis.seed(seed)(settings(hypothesis.given(cases())(body)))()


class _Hunt:
    """The search for a case that breaks one rule; each case is tried once, so that the answer to it stays the same."""

    def __init__(self, rule: Rule, lab: Lab, limit: float) -> None:
        self.verdicts: dict[Case, Verdict] = {}
        self.rule, self._lab, self._limit = rule, lab, limit
        self._end = 0.0
        self._stopped = self._broke = False

    def verdict(self, tried: Case) -> Verdict:
        """What the rule says of a case; None, as where it holds, when the time is over."""
        if tried not in self.verdicts:
            if self.verdicts and time.perf_counter() > self._end:
                self._stopped = True
                return None
            self.verdicts[tried] = _judged(lambda: self.rule.test(self._lab, tried))
            broke = isinstance(self.verdicts[tried], Broken) and not self._broke
            if broke or len(self.verdicts) == 1:  # time for a smaller one; and what comes first starts processes
                self._end = time.perf_counter() + self._limit
            self._broke |= broke
        return self.verdicts[tried]

    def smallest(self, examples: int, seed: int) -> Case | None:
        """The smallest generated case that Hypothesis finds to break the rule."""
        broken: list[Case] = []

        def test(tried: Case) -> None:
            if isinstance(self.verdict(tried), Broken):
                broken.append(tried)
                raise Broken

        try:
            _hypothesis(examples, seed, [Phase.generate, Phase.shrink], test)
        except Broken:
            return broken[-1]  # Hypothesis ends with the smallest
        return None

    def tried(self) -> str:
        """On how many spaces, and why not on more; which it refuses is said once, by the first rule."""
        other = Counter(str(verdict) for verdict in self.verdicts.values() if isinstance(verdict, NotApplicable))
        count = len(self.verdicts) - other.total()
        text = f"{count} space{'' if count == 1 else 's'}"
        if self.rule.rests_on:
            other = Counter({reason: times for reason, times in other.items() if not reason.startswith(REFUSES)})
        if other:
            text += f", {other.total()} not: {other.most_common(1)[0][0]}"
        return text + (f"; stopped after {self._limit:g} s" if self._stopped and not self._broke else "")

    def example(self, case: Case) -> str:
        """A case that breaks the rule, in lines."""
        space = "\n".join(f"  {line}" for line in case.yaml().splitlines())
        return f"{self.verdicts[case]}\nwith seed {case.seed} on the space\n{space}"


def _judged(test: Callable[[], None]) -> Verdict:
    try:
        test()
    except (Broken, NotApplicable) as verdict:
        return verdict
    return None


@contextmanager
def _hypothesis_leaves_nothing() -> Iterator[None]:
    """Hypothesis keeps what it knows of constants in a folder; here in one that goes away."""
    with tempfile.TemporaryDirectory(prefix="hpo-compare-") as folder:
        set_hypothesis_home_dir(folder)
        try:
            yield
        finally:
            set_hypothesis_home_dir(None)
