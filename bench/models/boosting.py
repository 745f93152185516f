"""What the models of boosted trees have in common: rounds, and early stopping among them."""

from bench.errors import UserError


def check_rounds(rounds: int, early_stopping: int) -> None:
    """Raise a `UserError` for numbers of rounds that cannot be."""
    if rounds < 1:
        raise UserError(f"model.settings.rounds={rounds}: expected a whole number from 1")
    if early_stopping < 0:
        raise UserError(f"model.settings.early_stopping={early_stopping}: expected 0 (never) or more rounds")
