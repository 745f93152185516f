"""Another name of `bench.space.parsing`: files that bench new has written import it."""

from bench.space.parsing import *  # noqa: F403
