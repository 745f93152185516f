"""Optimisers that break the contract, one rule each: random search otherwise."""

import os
import random
import time
import warnings
from pathlib import Path

import numpy as np

from bench.optimizers import Declaration, Exhausted, Law, Proposal
from bench.optimizers.random_search import RandomSearch
from bench.space import Categorical, Float, Int

THREADS = os.environ.get("OPENBLAS_NUM_THREADS")


class Plain:
    """Random search that declares nothing."""

    def __init__(self, space, seed, budget):
        self.space, self.rng, self.losses, self.failures = space, np.random.default_rng(seed), [], 0

    def ask(self):
        return self.space.sample(self.rng)

    def tell(self, configuration, loss, failed=False):
        self.failures += failed
        if not failed:
            self.losses.append(loss)


class NoTell:
    def __init__(self, space, seed, budget): ...

    def ask(self):
        return {}


class RevisionOfText(Plain):
    revision = "1"


class LibraryOfNobody(Plain):
    libraries = ("library_of_nobody",)


class LawOfNobody(Plain):
    declared = Declaration(laws={"nothing": Law("x", 0.5)})


class LawBeyondOne(Plain):
    def __init__(self, space, seed, budget):
        super().__init__(space, seed, budget)
        self.declared = Declaration(laws={p.name: Law("x", 1.5) for p in space.parameters})


class Outside(Plain):
    """Asks for 1 more than a whole number's range has, at some time."""

    def ask(self):
        configuration = super().ask()
        for p in self.space.searched:
            if isinstance(p, Int) and p.name in configuration and self.rng.random() < 0.2:
                configuration[p.name] = p.high + 1
        return configuration


class Unstepped(Plain):
    def ask(self):
        configuration = super().ask()
        for p in self.space.searched:
            if isinstance(p, Float) and p.stepped and p.name in configuration:
                configuration[p.name] = p.low + 0.37 * p.step
        return configuration


class ShowsInactive(Plain):
    def ask(self):
        return {p.name: p.sample(self.rng) for p in self.space.parameters}


class Raising(Plain):
    def ask(self):
        if any(isinstance(p, Categorical) for p in self.space.searched):
            raise RuntimeError("knows no categories")
        return super().ask()


class Rewriting(Plain):
    """Changes what it is told."""

    def tell(self, configuration, loss, failed=False):
        configuration.clear()


class Reusing(Plain):
    """Asks with one dictionary, which it fills anew each time."""

    def __init__(self, space, seed, budget):
        super().__init__(space, seed, budget)
        self.one = {}

    def ask(self):
        self.one.clear()
        self.one.update(super().ask())
        return self.one


class SeedsNumpy(Plain):
    def __init__(self, space, seed, budget):
        np.random.seed(seed)  # noqa: NPY002
        super().__init__(space, seed, budget)


class DrawsFromRandom(Plain):
    def ask(self):
        random.random()
        return super().ask()


class Printing(Plain):
    def tell(self, configuration, loss, failed=False):
        print("told", loss)  # noqa: T201


class PrintingBelowPython(Plain):
    def ask(self):
        os.write(2, b"hello from C\n")
        return super().ask()


class Warns(Plain):
    def ask(self):
        warnings.warn("this will hurt", stacklevel=1)
        return super().ask()


class LeavesFiles(Plain):
    def ask(self):
        Path("trace.log").write_text("asked")
        return super().ask()


class Filtering(Plain):
    def __init__(self, space, seed, budget):
        warnings.filterwarnings("ignore", message="what it does not want to hear")
        super().__init__(space, seed, budget)


class Unseeded(Plain):
    def __init__(self, space, seed, budget):
        super().__init__(space, seed, budget)
        self.rng = np.random.default_rng()


class Hashing(Plain):
    """Lets Python's hashes of texts decide, which are others in each process."""

    def __init__(self, space, seed, budget):
        super().__init__(space, [seed, abs(hash("a text"))], budget)


class Threaded(Plain):
    """Another sequence under another number of BLAS threads."""

    def __init__(self, space, seed, budget):
        super().__init__(space, [seed, 2 if THREADS == "2" else 1], budget)


class SeedBlind(Plain):
    def __init__(self, space, seed, budget):
        super().__init__(space, 0, budget)


class OnLosses(Plain):
    """Raises when what it was told has `wrong`."""

    def ask(self):
        if self.wrong(np.array(self.losses)):
            raise FloatingPointError("cannot fit that")
        return super().ask()

    def wrong(self, losses):
        return False


class NotConstant(OnLosses):
    def wrong(self, losses):
        return len(losses) > 3 and (losses == 1).all()


class NotTied(OnLosses):
    def wrong(self, losses):
        return len(losses) > 3 and set(losses) <= {2.0, 3.0}


class NotTiny(OnLosses):
    def wrong(self, losses):
        return len(losses) > 3 and 0 < abs(losses).max() < 1e-10


class NotHuge(OnLosses):
    def wrong(self, losses):
        return len(losses) > 3 and 1e9 < abs(losses).max() < 1e20


class NotNegative(OnLosses):
    def wrong(self, losses):
        return len(losses) > 3 and -1e4 < losses.min() < -100


class NotVast(OnLosses):
    def wrong(self, losses):
        return len(losses) > 3 and abs(losses).max() > 1e100


class NoFailureAmongOthers(OnLosses):
    def wrong(self, losses):
        return bool(self.failures) and len(losses) > 0


class NoFailuresAlone(OnLosses):
    def wrong(self, losses):
        return self.failures > 10 and len(losses) == 0 and bool(self.space.searched)


class StopsEarly(Plain):
    """Says it is exhausted one trial before its budget."""

    def __init__(self, space, seed, budget):
        super().__init__(space, seed, budget)
        self.left = None if budget is None or budget < 2 else budget - 1

    def ask(self):
        if self.left == 0:
            raise Exhausted("enough")
        self.left = None if self.left is None else self.left - 1
        return super().ask()


class BeginsAnew(Plain):
    """After its end, asks again."""

    def __init__(self, space, seed, budget):
        super().__init__(space, seed, budget)
        self.asked = 0

    def ask(self):
        self.asked += 1
        if self.asked == 8:
            raise Exhausted("seven are enough")
        return super().ask()


class NeedsTrials(Plain):
    def __init__(self, space, seed, budget):
        super().__init__(space, seed, budget)
        self.places = list(range(budget))


class ClaimsIndependence(Plain):
    """Says that it learns from no loss, and does."""

    independent = True

    def ask(self):
        if self.losses and self.losses[-1] > 1:
            self.rng.random()
        return super().ask()


class PlansByBudget(Plain):
    """Another sequence for another budget, undeclared."""

    def __init__(self, space, seed, budget):
        super().__init__(space, [seed, budget or 0], budget)


class KnowsItsOwn(Plain):
    """Takes no result that it did not ask for, undeclared."""

    def __init__(self, space, seed, budget):
        super().__init__(space, seed, budget)
        self.mine = []

    def ask(self):
        self.mine.append(super().ask())
        return self.mine[-1]

    def tell(self, configuration, loss, failed=False):
        self.mine.remove(configuration)


class StartsWrong(Plain):
    def start(self, results):
        raise IndexError("nothing to start with")


# Not broken.


class Slow(Plain):
    def ask(self):
        time.sleep(0.02)
        return super().ask()


class Lexicographic(Plain):
    """No seed is used, and it says so."""

    declared = Declaration(deterministic=True)

    def __init__(self, space, seed, budget):
        super().__init__(space, 0, budget)


class Frugal(RandomSearch):
    """Declares what it cannot do, and is then not asked for it."""

    declared = Declaration(takes_unasked=False, extendable=False)

    def __init__(self, space, seed, budget):
        super().__init__(space, [seed, budget or 0], budget)


class Starting(KnowsItsOwn):
    def start(self, results):
        assert [result.failed for result in results].count(True) == 1
        for result in results:
            Plain.tell(self, result.configuration, result.loss, result.failed)


class OneAtATime(Plain):
    """Raises when it is asked before it was told."""

    def __init__(self, space, seed, budget):
        super().__init__(space, seed, budget)
        self._waits = False

    def ask(self):
        if self._waits:
            raise RuntimeError("the last one is not told")
        self._waits = True
        return super().ask()

    def tell(self, configuration, loss, failed=False):
        self._waits = False
        super().tell(configuration, loss, failed)


class OneOfSeveral(Plain):
    """Takes several losses, and reckons with one."""

    def __init__(self, space, seed, budget, objectives=1):
        super().__init__(space, seed, budget)

    def tell(self, configuration, loss, failed=False):
        super().tell(configuration, float(loss), failed)


class SeveralUnseeded(Plain):
    """Of several losses it does not go by its seed."""

    def __init__(self, space, seed, budget, objectives=1):
        super().__init__(space, seed if objectives == 1 else None, budget)


class LadderedHalving(Plain):
    """A pruner that keeps the contract: ends what is worse than the mean at its resource."""

    def __init__(self, space, seed, budget, resources):
        super().__init__(space, seed, budget)
        self.resources, self.reported = resources, {}

    def ask(self):
        return Proposal(super().ask(), self.resources[-1])

    def report(self, proposal, resource, loss):
        self.reported.setdefault(resource, []).append(loss)
        return bool(loss > np.mean(self.reported[resource]))


class LadderedPlainly(LadderedHalving):
    def ask(self):
        return super().ask().configuration


class LadderedBeyond(LadderedHalving):
    def ask(self):
        return super().ask()._replace(fidelity=27)


class LadderedBackwards(LadderedHalving):
    def ask(self):
        return super().ask()._replace(continues=9)


class LadderedFromNowhere(LadderedHalving):
    def ask(self):
        return super().ask()._replace(continues=1)


class LadderedUnsure(LadderedHalving):
    """Returns a number where a truth value is expected."""

    def report(self, proposal, resource, loss):
        return int(super().report(proposal, resource, loss))


class LadderedReport(LadderedHalving):
    report = None


class LadderedUnseeded(LadderedHalving):
    """The configurations are the seed's, and the fidelities nobody's."""

    def ask(self):
        return super().ask()._replace(fidelity=self.resources[time.perf_counter_ns() // 1000 % 3])
