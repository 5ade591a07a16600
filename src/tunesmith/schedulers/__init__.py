"""How far each trial goes. The contract is in `base.py`; a study without a scheduler trains all the way."""
