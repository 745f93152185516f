"""Whether my_model does what the runner needs, and what it promises beyond it."""

from pathlib import Path

import numpy as np
import pandas as pd

from bench.config import catalogue, components
from bench.models import Part
from bench.space import parsing

HERE = Path(__file__).parent
catalogue.find_own_classes(HERE)
CONFIG = catalogue.config("model", "my_model", HERE)


def part(task: str, seed: int) -> Part:
    """Sixty rows, of which the target follows the first column."""
    rng = np.random.default_rng(seed)
    features = pd.DataFrame(rng.normal(size=(60, 3)), columns=["a", "b", "c"])
    features.iloc[0, 1] = np.nan
    target = (features["a"] > 0).astype("int64") if task == "binary" else 10 + 3 * features["a"]
    return Part(features, target.to_numpy())


def predictions(task: str, seed: int = 0) -> np.ndarray:
    """What the model, fitted with its default configuration, predicts for another part."""
    model = components.build("model", CONFIG["class"], (task, 2 if task == "binary" else 0), CONFIG["settings"])
    configuration = parsing.parse(CONFIG["space"]).default()
    fitted = model.fit(configuration, part(task, 1), part(task, 2), seed, 1)
    assert isinstance(fitted.details(), dict)
    predicted: np.ndarray = fitted.predict(part(task, 3).features)
    return predicted


def test_classes_get_probabilities_that_are_better_than_guessing() -> None:
    """One row of probabilities for each row of features."""
    predicted = predictions("binary")
    assert predicted.shape == (60, 2)
    assert np.allclose(predicted.sum(axis=1), 1)
    assert (predicted >= 0).all()
    assert (predicted.argmax(axis=1) == part("binary", 3).target).mean() > 0.6


def test_numbers_are_predicted_better_than_by_their_mean() -> None:
    """One value for each row of features."""
    predicted, target = predictions("regression"), part("regression", 3).target
    assert predicted.shape == (60,)
    assert np.square(predicted - target).mean() < np.var(target)


def test_the_same_arguments_give_the_same_bits() -> None:
    """What the store relies on: an evaluation is made once."""
    assert predictions("binary").tobytes() == predictions("binary").tobytes()
