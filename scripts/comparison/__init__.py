"""What `scripts/compare` is made of. Start reading in `command.py`; how a verdict is reached is in `verdicts.py`."""
