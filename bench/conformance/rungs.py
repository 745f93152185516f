"""Proposals at fidelities: what they must be, and the losses that are reported and told of them, rung by rung."""

from collections.abc import Iterator, Sequence
from typing import Any

from bench.config.components import locate
from bench.conformance.spaces import LOSSES
from bench.optimizers import Proposal
from bench.space import Configuration, InvalidConfiguration, Space, to_json

RESOURCES = (1, 3, 9)
FOLDS = (1, 2, 3)
"""Of one that compares evaluations fold by fold."""


def resources(path: str) -> tuple[int, ...]:
    """Those that an optimiser of the class at `path` is built with."""
    return FOLDS if getattr(locate("optimizer.class", path), "by_fold", False) else RESOURCES


class Invalid(Exception):
    """A proposal that is none; the message says what was found and what was expected."""


def read(proposal: Any, space: Space, ladder: Sequence[int]) -> tuple[Configuration, str]:
    """The canonical configuration of a proposal, and how it is written down: of a ladder with its resource."""
    if not ladder:
        try:
            configuration = space.canonical(proposal)
        except InvalidConfiguration as error:
            raise Invalid(f"proposed {proposal!r}, which is invalid: {error}") from None
        return configuration, to_json(configuration)
    if not isinstance(proposal, Proposal):
        raise Invalid(f"proposed {proposal!r}, expected a bench.optimizers.Proposal")
    configuration = read(proposal.configuration, space, ())[0]
    if proposal.fidelity not in ladder:
        raise Invalid(f"proposed fidelity={proposal.fidelity!r}, expected one of {_listed(ladder)}")
    below = [0, *(resource for resource in ladder if resource < proposal.fidelity)]
    if proposal.continues not in below:
        raise Invalid(f"proposed continues={proposal.continues!r}, expected one of {_listed(below)}")
    return configuration, f"{to_json(configuration)} at {proposal.fidelity}"


def _listed(values: Sequence[int]) -> str:
    return ", ".join(map(str, values))


def passed(proposal: Any, ladder: Sequence[int], reports: bool) -> list[int]:
    """The resources at which a proposal is evaluated, ascending; 0 alone where there is no ladder."""
    if not ladder:
        return [0]
    between = [resource for resource in ladder if proposal.continues < resource < proposal.fidelity]
    return [*(between if reports else ()), proposal.fidelity]


def loss_at(losses: str, value: float, resource: int, ladder: Sequence[int], folds: bool) -> float | None:
    """The loss at a resource, None where it fails there, of a configuration whose bowl has `value`.

    Of folds it is the mean over those so far, and fails with the first that does.
    """
    if not ladder:
        return LOSSES[losses](value, 0)
    each = list(fold_losses(losses, value, resource, ladder) if folds else [_at(losses, value, resource, ladder)])
    known = [loss for loss in each if loss is not None]
    return sum(known) / len(known) if len(known) == len(each) else None


def fold_losses(losses: str, value: float, resource: int, ladder: Sequence[int]) -> Iterator[float | None]:
    """The losses of the folds up to `resource`."""
    return (_at(losses, value, fold, ladder) for fold in ladder if fold <= resource)


def _at(losses: str, value: float, resource: int, ladder: Sequence[int]) -> float | None:
    return LOSSES[losses](value + 0.3 * (1 - resource / ladder[-1]), 0)
