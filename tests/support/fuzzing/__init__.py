"""Inputs made from valid ones by mutation, and what must hold whatever a command is given.

A case is a number: `cases.play` builds its input in a folder of its own, runs commands on it in this process and
returns what did not hold. `mutating` changes plain data, text and bytes; `world` runs a command and watches it;
`of_*` are the kinds of inputs, each from valid ones of `templates`; `readers` lists what reads them.
"""
