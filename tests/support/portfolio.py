"""A synthetic motor portfolio with the twelve columns of freMTPL2freq: made by a seeded generator, nobody's data."""

import numpy as np
import pandas as pd

BRANDS = [f"B{number}" for number in (1, 2, 3, 4, 5, 6, 10, 11, 12, 13, 14)]
REGIONS = [f"R{number}" for number in (11, 21, 22, 23, 24, 25, 26, 31, 41, 42, 43, 52, 53, 54, 72, 73, 74, 82, 83, 91)]
WHOLE = 678_013
"""As many policies as the real portfolio has."""


def portfolio(policies: int, seed: int = 0) -> pd.DataFrame:
    """Policies of which one in twenty had a claim: a rate by driver, car and place, times the years observed."""
    rng = np.random.default_rng(seed)
    exposure = np.where(rng.random(policies) < 0.25, 1.0, np.round(rng.beta(0.8, 1.2, policies), 2).clip(0.01))
    age = np.round(18 + 60 * rng.beta(1.6, 2.4, policies))
    vehicle_age = np.minimum(rng.geometric(0.13, policies) - 1, 60)
    malus = np.where(rng.random(policies) < 0.57, 50, np.minimum(50 + rng.geometric(0.06, policies), 230))
    density = np.round(np.exp(rng.normal(6.0, 1.8, policies))).clip(1, 27_000)
    brand = rng.choice(len(BRANDS), policies, p=np.array([16, 16, 5, 4, 5, 4, 3, 2, 42, 2, 1]) / 100)
    region = rng.integers(len(REGIONS), size=policies)
    diesel = rng.random(policies) < 0.49
    log_rate = (
        -3.05
        + 0.022 * (malus - 50)
        + 0.09 * np.log(density)
        - 0.02 * vehicle_age
        + np.where(age < 25, 0.35, 0.0)
        + np.where(brand == BRANDS.index("B12"), -0.15, 0.0)
        + 0.12 * diesel
        + rng.normal(0, 0.25, len(REGIONS))[region]
    )
    claims = rng.poisson(np.exp(log_rate) * exposure)
    return pd.DataFrame(
        {
            "IDpol": np.cumsum(rng.integers(1, 20, policies)),
            "ClaimNb": claims,
            "Exposure": exposure,
            "Area": np.array(list("ABCDEF"))[np.digitize(density, [50, 100, 500, 2000, 10_000])],
            "VehPower": rng.choice(
                np.arange(4, 16), policies, p=np.array([17, 18, 22, 22, 7, 4, 5, 3, 1, 0.4, 0.3, 0.3]) / 100
            ),
            "VehAge": vehicle_age,
            "DrivAge": age.astype(int),
            "BonusMalus": malus,
            "VehBrand": np.array(BRANDS)[brand],
            "VehGas": np.where(diesel, "Diesel", "Regular"),
            "Density": density.astype(int),
            "Region": np.array(REGIONS)[region],
        }
    )
