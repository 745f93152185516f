"""A problem: dataset + split + model + search space + metric, evaluated one configuration at a time."""
