"""A call that an SDK repeats because it lost the answer is not done twice."""

import hashlib
import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any

logger = logging.getLogger(__name__)

KEPT = 256


class Repeats:
    """Remembers what Create operations answered lately.

    All attempts of one call carry one `amz-sdk-invocation-id`. AWS answers the second attempt at a Create with "already
    existing"; on a machine that is busy with a rehearsal, that would blame the rehearsed for the machine's load.
    """

    def __init__(self) -> None:
        self._answers: OrderedDict[tuple[str, ...], Mapping[str, Any]] = OrderedDict()
        self._lock = threading.Lock()

    def once(
        self, operation: str, headers: Mapping[str, str], body: bytes, act: Callable[[], Mapping[str, Any]]
    ) -> Mapping[str, Any]:
        """Act, or return the answer to an earlier attempt of the same call; errors are not remembered."""
        invocation = headers.get("amz-sdk-invocation-id")
        if not invocation or not operation.startswith("Create"):
            return act()
        key = (invocation, operation, hashlib.sha256(body).hexdigest())
        with self._lock:
            known = self._answers.get(key)
        if known is not None:
            logger.warning("%s was repeated: %s", operation, headers.get("amz-sdk-request"))
            return known
        answer = act()
        with self._lock:
            self._answers[key] = answer
            while len(self._answers) > KEPT:
                self._answers.popitem(last=False)
        return answer
