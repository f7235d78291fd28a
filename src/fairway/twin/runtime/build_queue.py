"""How many builds run at a time: the others wait in their phase QUEUED."""

import threading
import time

# Of an account and region; new accounts of AWS begin with less, and old ones have 60.
ACTIVE_BUILDS = 10
_LOOK_SECONDS = 0.5


class Queue:
    """Places for builds."""

    def __init__(self, places: int = ACTIVE_BUILDS) -> None:
        self._places = places
        self._active: set[object] = set()
        self._changed = threading.Condition()

    def enter(self, build: object, stop: threading.Event, seconds: float) -> bool:
        """Wait for a place; return False when `stop` is set, or the time is over, before there is one."""
        deadline = time.monotonic() + seconds
        with self._changed:
            while len(self._active) >= self._places:
                left = deadline - time.monotonic()
                if stop.is_set() or left <= 0:
                    return False
                # It may be stopped meanwhile, which nobody tells this condition.
                self._changed.wait(min(left, _LOOK_SECONDS))
            self._active.add(build)
            return True

    def leave(self, build: object) -> None:
        """Give a place back; one that never had one is no error."""
        with self._changed:
            self._active.discard(build)
            self._changed.notify_all()
