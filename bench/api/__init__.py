"""The Python door: `compare` does what `bench run -m` does, on what a program has in memory, and returns the result.

`comparing` has the call, `data` tables in memory, `components` models and optimisers, `handing` the functions and
classes among them with their `identity`, `surroundings` what a call leaves as it was, `comparison` the result.
"""

from bench.api.comparing import RunsFailed, compare
from bench.api.comparison import Comparison
from bench.errors import UserError

__all__ = ["Comparison", "RunsFailed", "UserError", "compare"]
