"""The golden cases, one module a family, each yielding `GoldenCase`s computed by a real framework.

Start with `case.py` (what a case is and how its bytes are laid out), then read any family.
"""
