"""From a composed config to finished runs.

`compose` is Hydra's door; `sweep` enumerates runs; `launch` plans, hands them to an engine and says what became of
them; `run` does one, trial after trial (`trial_loop`), evaluations apart where wanted (`child_process`).
"""
