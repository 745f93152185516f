"""DEHB: differential evolution in the brackets of Hyperband."""

import logging
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dehb

from bench.errors import UserError, allowed
from bench.optimizers import Declaration, Proposal, dehb_laws
from bench.optimizers.config_space import translate
from bench.optimizers.rungs import Rungs
from bench.space import Space

_STRATEGIES = tuple(
    f"{mutation}_{crossover}"
    for mutation in ("rand1", "rand2", "rand2dir", "best1", "best2", "currenttobest1", "randtobest1")
    for crossover in ("bin", "exp")
)


class DEHB:
    """Asks for what `dehb.DEHB(f, cs, min_fidelity=1, max_fidelity=resources[-1], eta=eta, seed=seed).run()` does.

    Its first populations are drawn by the `ConfigurationSpace`, here of the same seed. It knows no failures: it is told
    the loss it is given. It may be asked while others are open, as by its own run with several workers: where a bracket
    waits for results, the next one begins. It computes the number of rungs by logarithms and has one too few of some,
    such as 1 to 243 by 3 and 1 to 10 by 10; here its `min_fidelity` is a hair below the lowest resource, which changes
    nothing else.

    Settings: `mutation_factor`, above 0 and up to 2; `crossover_prob`, 0 to 1; `strategy`, such as `rand1_bin` or
    `best1_exp`. Its `boundary_fix_type="clip"` is none of them: it computes values above their range, and then fails.

    N. Awad, N. Mallik and F. Hutter, DEHB: Evolutionary Hyperband for Scalable, Robust and Efficient Hyperparameter
    Optimization, IJCAI 2021.
    """

    revision = 1
    independent = False
    libraries = ("DEHB", "ConfigSpace", "numpy")

    def __init__(
        self,
        space: Space,
        seed: int,
        budget: int | None,
        resources: Sequence[int],
        mutation_factor: float = 0.5,
        crossover_prob: float = 0.5,
        strategy: str = "rand1_bin",
    ) -> None:
        positive = _within(mutation_factor, 0, 2) and mutation_factor != 0
        _check("mutation_factor", mutation_factor, positive, "above 0 and at most 2")
        _check("crossover_prob", crossover_prob, _within(crossover_prob, 0, 1), "from 0 to 1")
        _check("strategy", strategy, strategy in _STRATEGIES, allowed(strategy, _STRATEGIES))
        self._space = space
        self._translated = translate(space)
        self._rungs: Rungs[dict[str, Any] | None] = Rungs(resources)
        self._dehb: Any = None
        if self._translated.names:  # a space of constants leaves nothing to show
            self._translated.native.seed(seed)
            with _quiet():
                self._dehb = _WithoutFiles(
                    cs=self._translated.native,
                    min_fidelity=self._rungs.lowest,
                    max_fidelity=self._rungs.highest,
                    eta=self._rungs.eta,
                    seed=seed,
                    n_workers=1,  # with more it starts as many processes, and asks for the same
                    mutation_factor=mutation_factor,
                    crossover_prob=crossover_prob,
                    strategy=strategy,
                )
        shown = [space[name] for name in self._translated.names]
        self.declared = Declaration(
            laws=dehb_laws.laws(shown, strategy, mutation_factor, crossover_prob),
            inactive="in random populations at the default (without one, the middle), then mutated as if active"
            if space.conditional
            else "absent",
            fallback="random populations, of which even the first proposals are mutants",
            takes_unasked=False,
        )

    def ask(self) -> Proposal:
        if self._dehb is None:
            return self._rungs.propose(self._space.canonical({}), self._rungs.highest, None)
        with _quiet():
            job = self._dehb.ask()
        return self._rungs.propose(self._translated.decode(job["config"]), job["fidelity"], job)

    def tell(self, proposal: Proposal, loss: float, failed: bool = False) -> None:
        job = self._rungs.close(proposal, failed)
        if job is not None:
            self._dehb.tell(job, {"fitness": loss, "cost": float(proposal.fidelity)})
            self._dehb.clean_inactive_brackets()  # as its own run does after each result


class _WithoutFiles(dehb.DEHB):  # type: ignore[misc]
    """Keeps no log, whose thread would outlive it, and no checkpoints."""

    def _setup_logger(self, kwargs: dict[str, Any]) -> None:
        self.output_path = Path(tempfile.gettempdir())  # where it makes sure that there is a folder, and no more
        self.logger = logging.getLogger(__name__)
        self.logger.setLevel(logging.CRITICAL + 1)

    def save(self) -> None: ...


def _within(value: object, low: float, high: float) -> bool:
    return isinstance(value, int | float) and low <= value <= high


def _check(name: str, value: object, holds: bool, expected: str) -> None:
    if not holds:
        raise UserError(f"optimizer.settings.{name}={value!r}: {expected}")


@contextmanager
def _quiet() -> Iterator[None]:
    """Without what ConfigSpace says of the names that DEHB calls it by."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
