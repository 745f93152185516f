"""Another name of `bench.config.components`: files that bench new has written import it."""

from bench.config.components import *  # noqa: F403
