"""Several losses of one evaluation, by name, of which the first is its `loss`: which there are, and how they are held.

Of a model that is trained on data the first is a metric. The others are metrics as well, or what its training tells:
- `size`: leaves of the trees that it predicts with, or parameters (`size` of `bench.models.Fitted`);
- `rounds`: those that it predicts with (`rounds` of its details);
- `seconds`: those of training and judging, as of any evaluation;
- `predict_seconds`: those of predicting the valid part, per row.
Over folds each is the mean. What is told of training is the same on test data: it is its own test loss.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from bench.checks import is_number
from bench.errors import UserError, allowed
from bench.metrics import METRICS
from bench.models import Fitted
from bench.problems.contract import Evaluation

SIZE, ROUNDS, SECONDS, PREDICT_SECONDS = "size", "rounds", "seconds", "predict_seconds"
OF_TRAINING = (SIZE, ROUNDS, SECONDS, PREDICT_SECONDS)
MEASURED = (SECONDS, PREDICT_SECONDS)
"""Those that come out otherwise when the same is evaluated again."""


def check(objectives: object, where: str = "objectives") -> tuple[str, ...]:
    """The names of at least two losses; raises `UserError` where they are none."""
    names = objectives if isinstance(objectives, Sequence) and not isinstance(objectives, str) else ()
    if not all(isinstance(name, str) and name.isidentifier() for name in names) or len(set(names)) < 2:
        raise UserError(f"{where}={objectives!r}: expected a list of at least two names, as [log_loss, size], or null")
    if len(set(names)) < len(names):
        raise UserError(f"{where}={list(names)}: has a name twice; give each once")
    return tuple(names)


def check_of_model(objectives: object, metric: str) -> None:
    """Raise `UserError` where these are no losses of a trained model, or the first is another one than its metric."""
    names = check(objectives)
    known = [*METRICS, *OF_TRAINING]
    for name in names:
        if name not in known:
            raise UserError(f"objectives: {name!r} is not known; {allowed(name, known)}")
    if names[0] not in METRICS:
        raise UserError(f"objectives={list(names)}: the first is {names[0]}; begin with a metric, such as log_loss")
    if metric not in ("auto", names[0]):
        raise UserError(f"metric={metric}: the first of objectives is {names[0]}; leave metric=auto, or name it first")


def deterministic(names: Iterable[str]) -> list[str]:
    """Those that come out the same when the same is evaluated again."""
    return [name for name in names if name not in MEASURED]


def taking(evaluation: Evaluation, seconds: float) -> Evaluation:
    """The evaluation with other seconds, which may be among its losses."""
    losses = evaluation.losses
    if losses is not None and SECONDS in losses:
        _, test = losses[SECONDS]
        losses = {**losses, SECONDS: [seconds, None if test is None else seconds]}
    return replace(evaluation, seconds=seconds, losses=losses)


def of_training(name: str, fitted: Fitted, details: Mapping[str, Any], predict_seconds: float) -> float | None:
    """What a training tells, by one of `OF_TRAINING`; None of the seconds, which are not known before its end.

    Raises `UserError` where the model does not tell it, whatever its configuration.
    """
    if name == SECONDS:
        return None
    if name == PREDICT_SECONDS:
        return predict_seconds
    if name == ROUNDS:
        way, value = "no rounds in the details of what it has fitted", details.get("rounds")
    else:
        size = getattr(fitted, "size", None)
        way, value = "no function `size` of what it has fitted", None if size is None else size()
    if value is None:
        raise UserError(f"objectives: {name} is told by no {type(fitted).__name__}, which has {way}; leave it out")
    if not is_number(value):
        raise ValueError(f"the {name} is {value!r}, which is no finite number")
    return float(value)


def are_losses(value: Any) -> bool:
    """Whether it is what `Evaluation.losses` is where there are several."""
    return isinstance(value, Mapping) and len(value) > 1 and all(map(_is_pair, value.values()))


def _is_pair(value: Any) -> bool:
    if not isinstance(value, list) or len(value) != 2:
        return False
    loss, test_loss = value
    return is_number(loss) and (test_loss is None or is_number(test_loss))
