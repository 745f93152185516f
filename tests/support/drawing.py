"""How much is drawn and tried: little and always the same in `make test`, much and at random in `make test-all`."""

import os

from hypothesis import settings

ALL = os.environ.get("BENCH_TEST_ALL") == "1"
FACTOR = int(os.environ.get("BENCH_TEST_FACTOR", "10")) if ALL else 1


def examples(count: int) -> settings:
    """Hypothesis's settings for so many examples in `make test`."""
    return settings(max_examples=count * FACTOR)
