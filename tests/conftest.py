"""What holds for every test, set before anything numeric is imported."""

import os

from hypothesis import settings

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as the command sets it for itself
os.environ["MPLBACKEND"] = "Agg"
for name in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "FORCE_COLOR", "PY_COLORS"):
    os.environ.pop(name, None)  # what `make test` was given is not meant for the commands that tests start

# How long an example takes says nothing on a busy machine; a failure comes with the line that repeats it.
settings.register_profile("suite", deadline=None, print_blob=True)
settings.load_profile("suite")
