"""The one error of the scripts, and their exit codes. It imports no package, so that any script can catch the error."""

from __future__ import annotations

OK = 0
UNUSABLE = 1  # usage, unreadable input or internal
REGRESSION = 4
INCONCLUSIVE = 5
NO_BASELINE = 6
INTERRUPTED = 130


class UserError(Exception):
    """A mistake that the user can mend. The message is one sentence without a final stop; `code` is the exit code."""

    def __init__(self, message: str, code: int = UNUSABLE) -> None:
        super().__init__(message)
        self.code = code
