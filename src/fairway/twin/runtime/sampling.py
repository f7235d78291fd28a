"""An exact share of a stream: for captures and for copies of requests."""

import threading
from fractions import Fraction

_WHOLE = Fraction(1)


class Sampler:
    """Takes turns so that after any number of calls the share of them was taken, but for less than one."""

    def __init__(self) -> None:
        self._credit = Fraction(0)
        self._lock = threading.Lock()

    def takes(self, share: Fraction) -> bool:
        """Tell whether this one is among them; the share may differ from call to call."""
        with self._lock:
            self._credit += min(share, _WHOLE)
            if self._credit < 1:
                return False
            self._credit -= 1
            return True
