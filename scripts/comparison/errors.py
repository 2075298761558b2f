"""The one error of the comparison, and the exit codes. It needs no package, so that it can always be caught."""

from __future__ import annotations

OK = 0
UNUSABLE = 1  # usage, unreadable input or internal
REGRESSION = 4
INCONCLUSIVE = 5
NO_BASELINE = 6
INTERRUPTED = 130


class CompareError(Exception):
    """What the user has to mend: the message is one sentence without a final stop; `code` is the exit code."""

    def __init__(self, message: str, code: int = UNUSABLE) -> None:
        super().__init__(message)
        self.code = code
