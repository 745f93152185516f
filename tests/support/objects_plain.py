"""Random search, grid search and the like, as an object: the sequence of their own loop, whatever is told."""

from collections.abc import Iterator
from contextlib import contextmanager

from loops import cases as loop_cases
from loops import own_loop
from side_by_side import RUNGS, Make, Own


def learns_nothing(name: str) -> Make:
    """The sequence of its own loop, whatever is told."""

    @contextmanager
    def made(seed: int, trials: int, workers: int) -> Iterator[Own]:
        case = next(case for case in loop_cases() if case.name == name)
        sequence = iter(own_loop(case, seed, trials).asked)
        yield Own(lambda: (None, next(sequence), 0), lambda *_: None)

    return made


@contextmanager
def random_rungs(seed: int, trials: int, workers: int) -> Iterator[Own]:
    with learns_nothing("random")(seed, trials, workers) as random:
        yield Own(lambda: (*random.ask()[:2], RUNGS.resources[-1]), random.tell, lambda *_: False)
