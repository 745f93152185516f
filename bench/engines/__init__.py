"""Engines execute the runs of an experiment: a file each, named by `class:` in conf/engine/.

An engine is a function `execute(specs, **settings) -> list[Failure]`. It does every run, whatever becomes of the
others; what a run evaluates goes to the store, from where anybody can watch it.
"""
