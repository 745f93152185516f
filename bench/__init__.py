"""hpo-compare: which hyperparameter optimiser should I use for this model on this data, and by how much?"""

import os

# Two OpenMP programs that spin while they wait can slow each other down a hundredfold on shared cores.
# The OpenMP runtimes read this once, when they are loaded, so it must be set before any numeric import.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

__version__ = "0.1.0"
