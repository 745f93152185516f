"""What can be chosen: `catalogue` finds the configs, `components` the classes they name, `extras` what is missing."""
