"""The only place where time is scaled: waits that AWS measures in minutes."""

import os
import threading
import time
from datetime import UTC, datetime

SPEED_VARIABLE = "FAIRWAY_TWIN_SPEED"


class Clock:
    """Tells the time, which nothing scales, and waits, which `speed` divides."""

    def __init__(self, speed: float = 1.0) -> None:
        if not speed > 0:
            raise ValueError(f"{SPEED_VARIABLE} is {speed}; expected a number above 0")
        self.speed = speed

    @classmethod
    def from_environment(cls) -> "Clock":
        """Read the speed from FAIRWAY_TWIN_SPEED; 1 when it is unset."""
        return cls(float(os.environ.get(SPEED_VARIABLE, "1")))

    def now(self) -> datetime:
        """Return the present moment, in UTC; milliseconds, as AWS keeps them."""
        now = datetime.now(UTC)
        return now.replace(microsecond=now.microsecond // 1000 * 1000)

    def wait(self, seconds: float, interrupt: threading.Event | None = None) -> bool:
        """Wait `seconds` of AWS's time; return True, at once, when `interrupt` is set."""
        if interrupt is None:
            time.sleep(seconds / self.speed)
            return False
        return interrupt.wait(seconds / self.speed)
