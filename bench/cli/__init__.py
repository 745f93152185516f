"""The command `bench`: `app` has its verbs, the other files what a verb does where no other room does it."""

import sys
from typing import NoReturn


def main() -> NoReturn:
    """Run the command and leave with its exit status."""
    try:
        from bench.cli import app, ending  # noqa: PLC0415 - importing this package stays light
    except KeyboardInterrupt:
        sys.stderr.write("bench: stopped\n")
        sys.exit(130)
    try:
        app.main()
    except SystemExit as end:
        ending.not_held_up(end.code if isinstance(end.code, int) else 1)
        raise
