"""What can be chosen: `catalogue` finds the configs, `components` the classes and functions that they name."""
