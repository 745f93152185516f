"""What the models of boosted trees have in common: rounds, and early stopping among them."""

from bench.checks import whole


def check_rounds(rounds: int, early_stopping: int) -> None:
    """Raise a `UserError` for numbers of rounds that cannot be."""
    whole("model.settings.rounds", rounds, 1)
    whole("model.settings.early_stopping", early_stopping, 0, otherwise="; 0 is never")
