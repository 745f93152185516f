"""Functions with known minima, on which an optimiser is judged in seconds.

Each takes a configuration, and some a fidelity, and returns a float; the dimension is the number of parameters. Domains
and minima stand in conf/model/NAME.yaml too, where they can be changed. Formulas after Surjanovic and Bingham's Virtual
Library of Simulation Experiments (https://www.sfu.ca/~ssurjano/optimization.html), with the origin of each below.
"""

import math

import numpy as np
from numpy.typing import NDArray

from bench.errors import UserError
from bench.problems import deviates
from bench.problems.points import Point, numbered, vector


def branin(configuration: Point) -> float:
    """(x2 - b x1^2 + c x1 - 6)^2 + 10 (1 - t) cos(x1) + 10, with b = 5.1 / (4 pi^2), c = 5 / pi, t = 1 / (8 pi).

    Domain: x1 in [-5, 10], x2 in [0, 15]. Minimum: 10 t = 5 / (4 pi) = 0.397887 at (-pi, 12.275), (pi, 2.275) and
    (3 pi, 2.475). Source: Branin (1972); Dixon and Szego (1978), Towards Global Optimisation 2.
    """
    x1, x2 = (float(configuration[name]) for name in ("x1", "x2"))  # type: ignore[arg-type]
    square = (x2 - 5.1 / (4 * math.pi**2) * x1**2 + 5 / math.pi * x1 - 6) ** 2
    return square + 10 * (1 - 1 / (8 * math.pi)) * math.cos(x1) + 10


_ALPHA = np.array([1.0, 1.2, 3.0, 3.2])
_A3 = np.array([[3.0, 10.0, 30.0], [0.1, 10.0, 35.0], [3.0, 10.0, 30.0], [0.1, 10.0, 35.0]])
_P3 = 1e-4 * np.array(
    [[3689.0, 1170.0, 2673.0], [4699.0, 4387.0, 7470.0], [1091.0, 8732.0, 5547.0], [381.0, 5743.0, 8828.0]]
)
_A6 = np.array(
    [
        [10.0, 3.0, 17.0, 3.5, 1.7, 8.0],
        [0.05, 10.0, 17.0, 0.1, 8.0, 14.0],
        [3.0, 3.5, 1.7, 10.0, 17.0, 8.0],
        [17.0, 8.0, 0.05, 10.0, 0.1, 14.0],
    ]
)
_P6 = 1e-4 * np.array(
    [
        [1312.0, 1696.0, 5569.0, 124.0, 8283.0, 5886.0],
        [2329.0, 4135.0, 8307.0, 3736.0, 1004.0, 9991.0],
        [2348.0, 1451.0, 3522.0, 2883.0, 3047.0, 6650.0],
        [4047.0, 8828.0, 8732.0, 5743.0, 1091.0, 381.0],
    ]
)


def hartmann6(configuration: Point) -> float:
    """-sum_i alpha_i exp(-sum_j A_ij (x_j - P_ij)^2), i = 1..4, j = 1..6.

    Domain: [0, 1]^6. Minimum: -3.32237 at (0.20169, 0.150011, 0.476874, 0.275332, 0.311652, 0.6573). Source: Hartman
    (1973); Dixon and Szego (1978), Towards Global Optimisation 2.
    """
    return _hartmann(numbered(configuration, 6), _A6, _P6, _ALPHA)


def mfhartmann3(
    configuration: Point, fidelity: int, bias: float = 0.5, noise_scale: float = 0.1, z_max: int = 100, seed: int = 0
) -> float:
    """Hartmann's function of 3 dimensions, flatter and noisy where z, the `fidelity`, is lower than `z_max`.

    With r = 1 - log z / log z_max and a standard normal e, one number for each point, z and `seed`:
    -sum_i (alpha_i - bias r) exp(-sum_j A_ij (x_j - P_ij)^2) + noise_scale r |e|, i = 1..4, j = 1..3.

    Domain: [0, 1]^3, z in 3..100. Minimum at z_max: -3.86278 at (0.114589, 0.555649, 0.852547). Source: Mallik et al.
    (2023), PriorBand, NeurIPS, as mf-prior-bench 1.10 computes it, which has (bias, noise_scale) = (0.5, 0.1), and
    (2.5, 2) as good, (3, 3) as moderate, (3.5, 4) as bad and (4, 5) as terrible; it draws e otherwise.
    """
    return _at_fidelity(numbered(configuration, 3), _A3, _P3, fidelity, bias, noise_scale, z_max, seed)


def mfhartmann6(
    configuration: Point, fidelity: int, bias: float = 0.5, noise_scale: float = 0.1, z_max: int = 100, seed: int = 0
) -> float:
    """As `mfhartmann3`, of `hartmann6`, which it is to the bit at z_max."""
    return _at_fidelity(numbered(configuration, 6), _A6, _P6, fidelity, bias, noise_scale, z_max, seed)


def _hartmann(
    x: NDArray[np.float64], a: NDArray[np.float64], p: NDArray[np.float64], alpha: NDArray[np.float64]
) -> float:
    return float(-(alpha * np.exp(-(a * (x - p) ** 2).sum(axis=1))).sum())


def _at_fidelity(
    x: NDArray[np.float64],
    a: NDArray[np.float64],
    p: NDArray[np.float64],
    z: int,
    bias: float,
    noise_scale: float,
    z_max: int,
    seed: int,
) -> float:
    if not 1 <= z <= z_max:
        raise UserError(f"model.settings.z_max={z_max!r}: the fidelity is {z}; set it to model.fidelity.high")
    r = 1 - math.log(z) / math.log(z_max)
    deviate = deviates.normal(f"{seed} {z} {x.tolist()}".encode())
    return _hartmann(x, a, p, _ALPHA - bias * r) + noise_scale * r * abs(deviate)


def rosenbrock(configuration: Point) -> float:
    """sum_i 100 (x_{i+1} - x_i^2)^2 + (1 - x_i)^2, i = 1..d-1; d >= 2.

    Domain: [-5, 10]^d. Minimum: 0 at (1, ..., 1). Source: Rosenbrock (1960), The Computer Journal 3; for d > 2
    De Jong (1975).
    """
    x = vector(configuration, 2)
    return float((100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum())


def ackley(configuration: Point) -> float:
    """20 - 20 exp(-0.2 sqrt(mean(x^2))) + e - exp(mean(cos(2 pi x))); d >= 1.

    Domain: [-32.768, 32.768]^d. Minimum: 0 at (0, ..., 0), the middle of the domain, where some optimisers begin.
    Source: Ackley (1987), A Connectionist Machine for Genetic Hillclimbing; Baeck (1996) for d > 2.
    """
    x = vector(configuration, 1)
    # As differences from the minimum, so that it is 0 and not what rounding leaves of 20 + e - 20 - e.
    bowl = -20 * math.expm1(-0.2 * math.sqrt(float(np.mean(x**2))))
    return bowl - math.e * math.expm1(float(np.mean(np.cos(2 * math.pi * x))) - 1)


def levy(configuration: Point) -> float:
    """With w = 1 + (x - 1) / 4, the sum of three terms: sin^2(pi w_1); (w_d - 1)^2 (1 + sin^2(2 pi w_d)); and, over
    i = 1..d-1, (w_i - 1)^2 (1 + 10 sin^2(pi w_i + 1)); d >= 1.

    Domain: [-10, 10]^d. Minimum: 0 at (1, ..., 1). Source: Laguna and Marti (2005), Journal of Global Optimization 33.
    """
    w = 1 + (vector(configuration, 1) - 1) / 4
    head, last = w[:-1], w[-1]
    middle = ((head - 1) ** 2 * (1 + 10 * np.sin(math.pi * head + 1) ** 2)).sum()
    ends = math.sin(math.pi * w[0]) ** 2 + (last - 1) ** 2 * (1 + math.sin(2 * math.pi * last) ** 2)
    return float(middle + ends)
