"""A stream that is answered and re-tuned: rows arrive, the champion predicts them, the trainer looks for a better one.

`sensor` sends rows of a dataset, `predictor` answers each with the registry's champion, `trainer` keeps the rows and
tunes anew when its `policy` says so, in a child process (`tuner`, `retuning`); `demo` runs all of them with a `broker`.
Between them: `messages` on the topics of `kafka`, versions of a model in the `registry`. What has been done stands in a
`record` of one's own, so that whatever is killed goes on from there.
"""

import bench.tracking  # noqa: F401 - has MLflow's settings made before it is imported
