"""Standard streams that take no result with them: closed, broken or full ones go silent."""

import contextlib
import os
import sys

STANDARD = {0: ("stdin", "r"), 1: ("stdout", "w"), 2: ("stderr", "w")}


class Steady:
    """A stream that goes silent where it cannot be written to; `error`: why, None as long as it can."""

    def __init__(self, stream):
        self.stream, self.error = stream, None

    def write(self, text):
        """As the stream's; letters its encoding does not have are written as Python would."""
        self._tried(self.stream.write, encodable(text, self.stream.encoding or "utf-8"))
        return len(text)

    def flush(self):
        """As the stream's."""
        self._tried(self.stream.flush)

    def _tried(self, function, *given):
        if self.error is not None:
            return
        try:
            function(*given)
        except OSError as error:
            self.error = error
            # what is still buffered must not be tried again when the process ends
            with contextlib.suppress(OSError, ValueError, AttributeError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), self.stream.fileno())

    def __getattr__(self, name):
        return getattr(self.stream, name)


def encodable(text: str, encoding: str) -> str:
    """The text as far as an encoding has its letters, the others by their numbers.

    >>> encodable("α = 1", "ascii")
    '\\\\u03b1 = 1'
    """
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return text.encode(encoding, "backslashreplace").decode(encoding)
    return text


@contextlib.contextmanager
def steady():
    """Within, no failure of a standard stream is raised; yields standard output, which knows why it failed."""
    _open_closed()
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = Steady(sys.stdout), Steady(sys.stderr)
    try:
        yield sys.stdout
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        sys.stdout, sys.stderr = before


def _open_closed():
    """Lead standard streams that were closed from outside to nowhere, lest a file of ours gets their number."""
    for number, (name, mode) in STANDARD.items():
        try:
            os.fstat(number)
        except OSError:
            found = os.open(os.devnull, os.O_RDWR)
            if found != number:
                os.dup2(found, number)
                os.close(found)
            os.set_inheritable(number, True)
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(number, mode, encoding="utf-8", closefd=False))
