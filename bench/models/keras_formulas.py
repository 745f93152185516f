"""The formulas of dense layers, in place on float32 arrays: activations, losses and Keras's optimisers."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

_PIECE = 16_384
"""Numbers of which gelu takes one intermediate array each at a time: three times as fast as all at once."""

# Each takes a layer's sums z and puts the activations in their place; into `slopes`, if any, their derivatives.


def _relu(z: Floats, slopes: Floats | None) -> None:
    if slopes is not None:
        np.greater(z, 0, out=slopes, casting="unsafe")
    np.maximum(z, 0, out=z)


def _tanh(z: Floats, slopes: Floats | None) -> None:
    np.tanh(z, out=z)
    if slopes is not None:
        np.multiply(z, z, out=slopes)
        np.subtract(1, slopes, out=slopes)


def _gelu(z: Floats, slopes: Floats | None) -> None:
    """The sums z times the normal distribution's Phi(z), by Abramowitz and Stegun 7.1.26.

    Phi is wrong by 1e-7 at most, which is float32's own precision near 1. SciPy's erf takes some 16 ns a number: often
    more than all the matrix products around it.
    """
    sums, derivatives = z.reshape(-1), None if slopes is None else slopes.reshape(-1)
    for start in range(0, sums.size, _PIECE):
        piece = slice(start, start + _PIECE)
        _gelu_piece(sums[piece], None if derivatives is None else derivatives[piece])


def _gelu_piece(z: Floats, slopes: Floats | None) -> None:
    density = z * z
    density *= np.float32(-0.5)
    np.exp(density, out=density)
    t = np.abs(z)
    t *= np.float32(0.3275911 / math.sqrt(2))
    t += 1
    np.divide(1, t, out=t)
    phi = t * np.float32(1.061405429)
    for coefficient in (-1.453152027, 1.421413741, -0.284496736, 0.254829592):
        phi += np.float32(coefficient)
        phi *= t
    phi *= density  # twice the tail beyond |z|
    np.subtract(1, phi, out=phi)
    np.copysign(phi, z, out=phi)
    phi += 1
    phi *= np.float32(0.5)
    if slopes is not None:
        density *= np.float32(1 / math.sqrt(2 * math.pi))
        np.multiply(z, density, out=slopes)
        slopes += phi
    z *= phi


ACTIVATIONS: dict[str, Callable[[Floats, Floats | None], None]] = {"relu": _relu, "tanh": _tanh, "gelu": _gelu}

# Each returns the rows' losses, and puts into the place of the outputs the losses' derivatives.


def _multiclass(z: Floats, target: NDArray[Any]) -> Floats:
    z -= z.max(axis=1, keepdims=True)
    rows = np.arange(len(z))
    picked = z[rows, target]
    np.exp(z, out=z)
    total = z.sum(axis=1)
    z /= total[:, None]
    z[rows, target] -= 1
    losses: Floats = np.log(total) - picked
    return losses


def _binary(z: Floats, target: NDArray[Any]) -> Floats:
    flat = z[:, 0]
    small = np.exp(-np.abs(flat))
    losses: Floats = np.maximum(flat, 0) - flat * target + np.log1p(small)
    z[:, 0] = np.where(flat >= 0, 1, small) / (1 + small) - target
    return losses


def _regression(z: Floats, target: NDArray[Any]) -> Floats:
    error = z[:, 0] - target
    z[:, 0] = 2 * error
    losses: Floats = error * error
    return losses


def _counts(z: Floats, target: NDArray[Any]) -> Floats:
    expected = np.exp(z[:, 0])
    losses: Floats = expected - target * z[:, 0]
    z[:, 0] = expected - target
    return losses


LOSSES: dict[str, Callable[[Floats, NDArray[Any]], Floats]] = {
    "multiclass": _multiclass,
    "binary": _binary,
    "regression": _regression,
    "counts": _counts,
}

# Each does one step, the `step`-th from 1, on parameters `p` with the gradient `g`, which it spoils. Its other arrays
# are 0 before the first step.


def _adam(step: int, rate: float, momentum: float, p: Floats, g: Floats, m: Floats, v: Floats) -> None:  # noqa: ARG001
    """As `keras.optimizers.Adam`: beta_1 = 0.9, beta_2 = 0.999, epsilon = 1e-7."""
    room = g * g
    room -= v
    room *= np.float32(1 - 0.999)
    v += room
    g -= m
    g *= np.float32(1 - 0.9)
    m += g
    np.sqrt(v, out=room)
    room += np.float32(1e-7)
    np.divide(m, room, out=room)
    room *= np.float32(rate * math.sqrt(1 - 0.999**step) / (1 - 0.9**step))
    p -= room


def _sgd(step: int, rate: float, momentum: float, p: Floats, g: Floats, velocity: Floats) -> None:  # noqa: ARG001
    """As `keras.optimizers.SGD`: the velocity is momentum times velocity minus learning rate times gradient."""
    g *= np.float32(rate)
    if momentum > 0:
        velocity *= np.float32(momentum)
        velocity -= g
        p += velocity
    else:
        p -= g


def _rmsprop(step: int, rate: float, momentum: float, p: Floats, g: Floats, v: Floats) -> None:  # noqa: ARG001
    """As `keras.optimizers.RMSprop`: rho = 0.9, epsilon = 1e-7 under the root."""
    room = g * g
    room *= np.float32(1 - 0.9)
    v *= np.float32(0.9)
    v += room
    np.add(v, np.float32(1e-7), out=room)
    np.sqrt(room, out=room)
    g *= np.float32(rate)
    g /= room
    p -= g


OPTIMIZERS: dict[str, tuple[Callable[..., None], int]] = {
    "adam": (_adam, 2),
    "sgd": (_sgd, 1),
    "rmsprop": (_rmsprop, 1),
}
"""Each with the number of its own arrays."""
