"""Another name of `bench.config.catalogue`: files that bench new has written import it."""

from bench.config.catalogue import *  # noqa: F403
