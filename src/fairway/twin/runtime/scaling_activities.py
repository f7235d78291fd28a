"""What Application Auto Scaling has done, and what it has not and why: the latest of each account and region."""

import threading
import uuid
from collections import defaultdict, deque
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fairway.twin.clock import Clock
    from fairway.twin.context import Resource

KEPT = 1000


class Activities:
    """Thread-safe; an activity is replaced when it ends, never changed in place."""

    def __init__(self, clock: "Clock") -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: dict[tuple[str, str], deque[dict[str, Any]]] = defaultdict(lambda: deque(maxlen=KEPT))

    def begin(self, target: "Resource", description: str, cause: str, **members: Any) -> str:
        """Keep an activity that is in progress, and return its identity."""
        identity = str(uuid.uuid4())
        activity = {
            "ActivityId": identity,
            **{name: target.attributes[name] for name in ("ServiceNamespace", "ResourceId", "ScalableDimension")},
            "Description": description,
            "Cause": cause,
            "StartTime": self._clock.now(),
            "StatusCode": "InProgress",
            **members,
        }
        with self._lock:
            self._kept[target.account, target.region].appendleft(activity)
        return identity

    def update(self, target: "Resource", identity: str, status: str, message: str) -> None:
        """Give an activity another status; one that is over has an end."""
        ended = {} if status == "InProgress" else {"EndTime": self._clock.now()}
        with self._lock:
            kept = self._kept[target.account, target.region]
            for place, activity in enumerate(kept):
                if activity["ActivityId"] == identity:
                    kept[place] = {**activity, **ended, "StatusCode": status, "StatusMessage": message}

    def not_scaled(self, target: "Resource", cause: str, reason: Mapping[str, Any]) -> None:
        """Keep why nothing was done, once until something else happens to the target."""
        latest = next(iter(self.of(target.account, target.region, target.attributes["ResourceId"])), None)
        if latest is not None and latest.get("NotScaledReasons") == [reason] and latest["Cause"] == cause:
            return
        description = "Attempting to scale due to alarm triggered"
        self.begin(target, description, cause, StatusCode="Failed", NotScaledReasons=[dict(reason)])

    def of(self, account: str, region: str, resource_id: str | None = None) -> list[dict[str, Any]]:
        """Return the activities, the newest first."""
        with self._lock:
            return [one for one in self._kept[account, region] if resource_id in (None, one["ResourceId"])]
