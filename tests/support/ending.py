"""A function that notes its calls, one that fails, and an optimiser that lets a test look in at its ninth trial."""

from bench.optimizers.random_search import RandomSearch

CALLS: list[float] = []


def noted(configuration):
    CALLS.append(configuration["x1"])
    return float(configuration["x1"])


def failing(configuration):
    raise ValueError(f"x1={configuration['x1']:.0f}")


class Ending(RandomSearch):
    """Random search that calls `at_ninth` before its ninth trial."""

    independent = False
    at_ninth = staticmethod(lambda: None)

    def __init__(self, space, seed, budget):
        super().__init__(space, seed, budget)
        self._asked = 0

    def ask(self):
        self._asked += 1
        if self._asked == 9:
            Ending.at_ninth()
        return super().ask()
