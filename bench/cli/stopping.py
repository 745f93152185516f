"""What verbs say on stderr, and how they end where they are stopped."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

import typer

from bench import texts

GOES_ON = "stopped; the same command goes on from here"


def complain(message: str) -> None:
    """Say on stderr, in one line and without passwords, what is wrong."""
    with suppress(OSError):  # the terminal may be gone, or the disk of a log full: nobody is there to tell
        typer.echo(f"bench: {texts.line(texts.without_passwords(message))}", err=True)


@contextmanager
def stoppable(message: str) -> Iterator[None]:
    """Within, Ctrl-C, or a signal that is raised as one, ends the command with `message` and its exit status."""
    try:
        yield
    except KeyboardInterrupt as interrupt:
        complain(message)
        raise typer.Exit(getattr(interrupt, "status", 130)) from None
