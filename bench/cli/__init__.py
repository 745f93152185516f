"""The command `bench`: `app` has its verbs, the other files what a verb does where no other room does it."""

from typing import NoReturn


def main() -> NoReturn:
    """Run the command and leave with its exit status."""
    from bench.cli import app  # noqa: PLC0415 - importing this package stays light

    app.main()
