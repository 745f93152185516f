"""Ensembles of trees as plain arrays: what any library has grown is kept, read and asked without it.

The prediction for a row is the sum of the values of the leaves that it comes to, one of each tree. A row goes to the
left child where its number is at most the node's threshold; the right child stands right after the left one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Trees:
    """All nodes of several ensembles, each with an output of its own."""

    feature: Ints
    """The column that a node looks at; 0 in leaves."""
    threshold: Floats
    """+inf in leaves, which so lead to themselves."""
    left: Ints
    """The number of the left child; of a leaf its own."""
    value: Floats
    """What a leaf adds; 0 elsewhere."""
    roots: Ints
    """The first node of each tree, the trees of an ensemble one after the other."""
    starts: Ints
    """Of each ensemble, where its first tree stands in `roots`."""
    depth: int
    """The most steps from a root to a leaf."""

    def predict(self, row: Floats) -> Floats:
        """The outputs for one row, (ensembles,)."""
        node = self.roots
        for _ in range(self.depth):
            node = self.left.take(node) + (row.take(self.feature.take(node)) > self.threshold.take(node))
        sums: Floats = np.add.reduceat(self.value.take(node), self.starts)
        return sums

    def predict_all(self, rows: Floats) -> Floats:
        """The outputs for several rows, (rows, ensembles)."""
        return np.array([self.predict(row) for row in rows]).reshape(len(rows), len(self.starts))


Tree = tuple[Ints, Floats, Ints, Ints, Floats]
"""Feature, threshold, left child, right child, value of each node; a leaf has -1 for children."""


def joined(ensembles: Sequence[Sequence[Tree]]) -> Trees:
    """The trees of some ensembles as `Trees`, an output for each ensemble."""
    feature: list[int] = []
    threshold: list[float] = []
    left: list[int] = []
    value: list[float] = []
    roots: list[int] = []
    starts: list[int] = []
    deepest = 0
    for ensemble in ensembles:
        starts.append(len(roots))
        for of_feature, of_threshold, lefts, rights, values in ensemble:
            roots.append(len(feature))
            level, depth = [0], -1
            places = {0: len(feature)}
            following = len(feature) + 1
            while level:
                depth += 1
                children: list[int] = []
                for node in level:  # in the order in which places were given: level by level
                    if lefts[node] < 0:
                        feature.append(0)
                        threshold.append(np.inf)
                        left.append(places[node])
                        value.append(float(values[node]))
                        continue
                    pair = [int(lefts[node]), int(rights[node])]
                    places |= {pair[0]: following, pair[1]: following + 1}
                    feature.append(int(of_feature[node]))
                    threshold.append(float(of_threshold[node]))
                    left.append(following)
                    value.append(0.0)
                    following += 2
                    children += pair
                level = children
            deepest = max(deepest, depth)
    return Trees(
        np.array(feature, dtype=np.int64),
        np.array(threshold, dtype=np.float64),
        np.array(left, dtype=np.int64),
        np.array(value, dtype=np.float64),
        np.array(roots, dtype=np.int64),
        np.array(starts, dtype=np.int64),
        deepest,
    )


def of_forest(forest: Any) -> list[Tree]:
    """The trees of a fitted forest of scikit-learn, whose prediction is their mean."""
    count = len(forest.estimators_)
    return [
        (
            each.tree_.feature,
            each.tree_.threshold,
            each.tree_.children_left,
            each.tree_.children_right,
            each.tree_.value[:, 0, 0] / count,
        )
        for each in forest.estimators_
    ]


def of_booster(booster: Any) -> list[Tree]:
    """The trees of a LightGBM booster that was trained on numbers without a missing one."""
    return [_of_structure(tree["tree_structure"]) for tree in booster.dump_model()["tree_info"]]


def _of_structure(root: dict[str, Any]) -> Tree:
    nodes, lefts, rights = [root], [], []
    for node in nodes:  # grows while it is gone through
        leaf = "leaf_value" in node and "left_child" not in node
        lefts.append(-1 if leaf else len(nodes))
        rights.append(-1 if leaf else len(nodes) + 1)
        nodes += [] if leaf else [node["left_child"], node["right_child"]]
    return (
        np.array([node.get("split_feature", 0) for node in nodes]),
        np.array([node.get("threshold", np.inf) for node in nodes], dtype=np.float64),
        np.array(lefts),
        np.array(rights),
        np.array([0.0 if left >= 0 else node["leaf_value"] for node, left in zip(nodes, lefts, strict=True)]),
    )
