"""Where trials run. The contract is `base.py`; this file imports nothing, so that a worker starts fast.

- `serial.py`: in this process. `processes.py`: in warm worker processes, with `warm.py` (a worker seen from
  outside), `process_worker.py` (from inside), `pickling.py`, `limits.py` and `memory.py`.
- `worker.py`: one job from start to event. `handle.py` and `values.py`: what goes in and what comes out.
- `command.py`: an objective made from a command; `placeholders.py` and `metric.py` are its two ends.
"""
