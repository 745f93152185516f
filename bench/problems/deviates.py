"""Noise that is a function: the same normal number wherever, and as often as, the same thing is evaluated."""

import hashlib

import numpy as np


def normal(content: bytes) -> float:
    """A standard normal number of this content's own."""
    return float(np.random.default_rng(list(hashlib.sha256(content).digest())).standard_normal())
