"""Another name of `bench.problems.known_functions`: stored results and configs name its functions."""

from bench.problems.known_functions import *  # noqa: F403
