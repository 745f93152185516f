"""The baseline that is given: one configuration of the user's own, once."""

from collections.abc import Mapping
from typing import Any

from bench.checks import mapping
from bench.errors import UserError
from bench.optimizers import Declaration, Exhausted
from bench.space import Configuration, InvalidConfiguration, Parameter, Space


class Fixed:
    """Asks for the one configuration that `configuration` is, and is then exhausted.

    For what is to be compared as it stands: what has been in use so far, or a policy of re-tuning. Hyperparameters that
    are not named have their defaults. Raises `UserError` where a value is not in the space.
    """

    revision = 1
    independent = True
    initial = False
    libraries = ()
    declared = Declaration(deterministic=True, fallback="proposes one configuration only, that of its settings")

    def __init__(
        self, space: Space, seed: int, budget: int | None, configuration: Mapping[str, Any] | None = None
    ) -> None:
        given = mapping("optimizer.settings.configuration", configuration)
        try:
            rest = space.assemble(lambda each: given[each.name] if each.name in given else _default(each))
            self._left: list[Configuration] = [space.canonical({**rest, **given})]
        except InvalidConfiguration as error:
            raise UserError(f"optimizer.settings.configuration: {error}") from None

    def ask(self) -> Configuration:
        if not self._left:
            raise Exhausted("the given configuration was asked")
        return self._left.pop()

    def tell(self, configuration: Configuration, loss: float, failed: bool = False) -> None:
        """Learns nothing."""


def _default(parameter: Parameter) -> Any:
    if not parameter.has_default:
        raise UserError(f"optimizer.settings.configuration.{parameter.name}: missing, and the space has no default")
    return parameter.default
