"""The box of the hypervolume, from draws that are given: by hand."""

import numpy as np
import pytest

from bench.problems.hypervolume_box import of_draws


def test_its_corners_are_those_of_the_front_of_the_draws_and_a_tenth_beyond() -> None:
    """The diverged draw is dominated, and moves nothing."""
    draws = np.array([[1.0, 30.0], [2.0, 20.0], [5.0, 10.0], [3.0, 25.0], [1e9, 1e9]])
    box = of_draws(draws)
    assert box is not None
    assert box.ideal == (1.0, 10.0)
    assert box.reference == pytest.approx((5.0 + 0.4, 30.0 + 2.0))
    known = of_draws(draws, np.array([[0.0, 12.0], [6.0, 0.0]]))
    assert known is not None
    assert known.ideal == (0.0, 0.0)
    assert known.reference == pytest.approx((6.6, 33.0))


def test_where_a_loss_is_the_same_on_the_front_it_has_a_width_all_the_same() -> None:
    one_is_best = of_draws(np.array([[1.0, 1.0], [2.0, 1.0], [3.0, 1.0], [1e9, 1.0]]))
    assert one_is_best is not None
    assert one_is_best.reference == pytest.approx((1 + 1.1 * 1.5, 1 + 1.1))  # the median, 2.5; none, so that 1
    assert of_draws(np.empty((0, 2))) is None
