"""The queue of an asynchronous endpoint: what waits for an instance with a hand free, and what scaling looks at."""

import logging
import threading
import time
from collections import deque
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING

from fairway.twin.runtime.metrics import Source, rounded
from fairway.twin.runtime.routing import NoVariantError, Router

if TYPE_CHECKING:
    from fairway.twin.clock import Clock
    from fairway.twin.context import Resource
    from fairway.twin.runtime.async_orders import Order
    from fairway.twin.runtime.async_work import AsyncWork
    from fairway.twin.runtime.instances import Instance
    from fairway.twin.runtime.metrics import EndpointMetrics
    from fairway.twin.runtime.variants import VariantFleet

logger = logging.getLogger(__name__)

# How often the queue's size is told, in AWS's time: alarms with the shortest period of a minute find one in each.
GAUGE_SECONDS = 30.0
SHORTEST_PAUSE = 0.1
# How often it is looked for an instance with a hand free, in wall time, while requests wait.
LOOK_SECONDS = 0.05


class Backlog:
    """The requests of one endpoint that nobody has answered yet, in the order of their coming."""

    def __init__(
        self, clock: "Clock", resource: "Resource", router: Router, work: "AsyncWork", metrics: "EndpointMetrics"
    ) -> None:
        self._resource = resource
        self._router = router
        self._work = work
        self._metrics = metrics
        self._pause = max(SHORTEST_PAUSE, GAUGE_SECONDS / clock.speed)
        self._told = 0.0
        self._waiting: deque[Order] = deque()
        self._working: list[Order] = []
        self._changed = threading.Condition()
        self._closed = False
        threading.Thread(target=self._run, name=f"backlog of {resource.arn}", daemon=True).start()

    def put(self, order: "Order") -> None:
        """Take a request."""
        with self._changed:
            self._waiting.append(order)
            self._changed.notify_all()

    def close(self) -> None:
        """Forget what waits, as the endpoint goes away; what is worked on may end."""
        with self._changed:
            self._closed = True
            self._waiting.clear()
            self._changed.notify_all()

    # -- its thread ---------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._closed:
            try:
                self._tell()
                self._expire()
                if not self._begin():
                    with self._changed:
                        if not self._closed:
                            self._changed.wait(LOOK_SECONDS if self._waiting else self._pause)
            except Exception:  # one request must not end all of them
                logger.exception("the backlog of %s failed inside the twin", self._resource.arn)

    def _tell(self) -> None:
        if time.monotonic() - self._told < self._pause:
            return
        self._told = time.monotonic()
        with self._changed:
            size, begun = len(self._waiting) + len(self._working), [*self._working, *self._waiting]
            age = self._told - min(order.queued for order in begun) if begun else 0.0
        instances = sum(len(route.variant.instances) for route in self._router.routes)
        values = {
            "ApproximateBacklogSize": float(size),
            "ApproximateBacklogSizePerInstance": size / max(1, instances),
            "ApproximateAgeOfOldestRequest": rounded(age),
            "HasBacklogWithoutCapacity": float(size > 0 and instances == 0),
        }
        self._metrics.record(Source(self._resource.account, self._resource.region, self._resource.name), values)

    def _expire(self) -> None:
        with self._changed:
            late = [order for order in self._waiting if order.expires <= time.monotonic()]
            for order in late:
                self._waiting.remove(order)
        routes = self._router.routes
        for order in late:
            self._work.expire(order, routes[0].variant if routes else None)

    def _begin(self) -> bool:
        """Give the oldest request to an instance with a hand free; return whether there was one of each."""
        if not self._waiting:
            return False
        held = ExitStack()
        try:
            variant, instance = held.enter_context(self._router.request(None))
        except NoVariantError:
            return False
        with self._changed:
            if self._closed or not self._waiting:
                held.close()
                return False
            order = self._waiting.popleft()
            self._working.append(order)
        name = f"request {order.identity}"
        threading.Thread(target=self._do, args=(order, variant, instance, held), name=name, daemon=True).start()
        return True

    def _do(self, order: "Order", variant: "VariantFleet", instance: "Instance", held: ExitStack) -> None:
        done = True
        try:
            with held:
                done = self._work.run(order, variant, instance)
        except Exception:
            logger.exception("%s of %s failed inside the twin", order.identity, self._resource.arn)
        with self._changed:
            self._working.remove(order)
            if not done and not self._closed:
                self._waiting.appendleft(replace(order, tries=order.tries + 1))
            self._changed.notify_all()
