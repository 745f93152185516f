"""From a dataset's YAML to a checked `Dataset`: target found and encoded, columns typed, content hashed."""
