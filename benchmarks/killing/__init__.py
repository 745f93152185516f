"""Sweeps that are killed, cut off and starved, and what must hold of them afterwards.

The door is `benchmarks/kills.py`. `works` are the sweeps, `parts` their models and functions, which log what they
begin; `places` are the stores and engines, real servers of their own; `cases` draws from a seed what is done to which
sweep and when; `strikes` does it, and `starved` gives it too little of something; `kept` reads what a store and the
tables hold; `checks` says what does not hold; `played` does a case from its start to its end; `written` keeps outcomes
and writes the page.
"""
