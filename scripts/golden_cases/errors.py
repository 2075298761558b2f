"""The one error of the recorder. It stands by itself so that it can be caught where torch is not installed."""


class RecordingError(Exception):
    """A recording that cannot or must not be made: the message is one sentence."""
