"""From a recorded trial to a plain script that trains it anew by a library's own calls, and reaches its loss.

What stands in a script is written here, but for values: those of a table are printed as literals once they are known to
be plain (`literals`), and names of classes once a config of the user names them (`bench.running.trusted`). `writing` is
the frame that all scripts have; `boosted`, `estimator`, `contract` and `function` write what the model decides.
"""

from bench.running.script.writing import script

__all__ = ["script"]
