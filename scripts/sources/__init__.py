"""What `scripts/mutate_sources` and `scripts/coverage` are made of: both ask whether the checks reach all of a kernel.

Start reading in `mutate.py` and `coverage.py`, which are their command lines.
"""
