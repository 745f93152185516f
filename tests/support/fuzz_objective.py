"""Objectives for any search space: each value moves the loss, whatever its type."""

import zlib

OUTCOMES = (1e308, -1e308, 1e-320, 0.0, 10**400, float("nan"), float("inf"), None, "text", {"a": 1.0}, [0.5], True)


def _number(configuration):
    text = ",".join(f"{name}={configuration[name]!r}" for name in sorted(configuration))
    return zlib.crc32(text.encode("utf-8", "backslashreplace"))


def value(configuration):
    return _number(configuration) / 2**32


def odd(configuration, outcomes):
    """One of the outcomes, by their places in `OUTCOMES`; a place beyond them raises."""
    place = outcomes[_number(configuration) % len(outcomes)]
    if place >= len(OUTCOMES):
        raise ValueError(f"no such outcome: {place}")
    return OUTCOMES[place]
