"""Re-tuning over a stream: a problem whose one evaluation passes a stream under a policy of tuning anew.

`kind` says what its config must be, `problem` passes the stream, `blocks` cuts it into windows and blocks, `policies`
says when hyperparameters are tuned anew, and `studies` tunes.
"""
