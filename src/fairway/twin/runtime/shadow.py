"""Shadow variants: copies of a production variant's requests, whose answers nobody gets.

https://docs.aws.amazon.com/sagemaker/latest/dg/model-shadow-deployment.html
"""

import contextlib
import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING, Any

from fairway.twin.runtime.routing import Route, Router
from fairway.twin.runtime.sampling import Sampler
from fairway.twin.runtime.variants import VariantFleet

if TYPE_CHECKING:
    from fairway.twin.runtime.invocations import Exchange, Invoker

logger = logging.getLogger(__name__)

# How many copies a shadow works on at a time, and how many wait or are worked on; more are left out.
AT_ONCE, AT_MOST = 16, 128


class ShadowFleet(VariantFleet):
    """The instances of a shadow variant. What becomes of a copy, no client ever learns."""

    def __init__(self, name: str, **members: Any) -> None:
        super().__init__(name, **members)
        self.router = Router([Route(self, 1)])
        self._sampler = Sampler()
        self._room = threading.BoundedSemaphore(AT_MOST)
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix=f"shadow {name}")

    def takes(self, production: VariantFleet) -> bool:
        """Tell whether it gets a copy of the next request: its weight's share of the production variant's weight."""
        if not production.weight:
            return False
        return self._sampler.takes(Fraction(self.weight).limit_denominator() / Fraction(production.weight))

    def copy(self, ask: Callable[[], object]) -> None:
        """Ask, some time soon; leave it out when the shadow has fallen behind."""
        if self._room.acquire(blocking=False):
            with contextlib.suppress(RuntimeError):  # it was closed in this moment
                self._pool.submit(self._ask, ask)

    def close(self) -> None:
        """Ask nothing any more."""
        super().close()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _ask(self, ask: Callable[[], object]) -> None:
        try:
            ask()
        except Exception as error:  # noqa: BLE001 -- nobody waits for the answer; its metrics say that it failed
            logger.debug("a copy of a request to %s failed: %s", self.name, error)
        finally:
            self._room.release()


class Mirror:
    """An observer of exchanges that copies requests to shadows."""

    def __init__(self, invoker: "Invoker") -> None:
        self._invoker = invoker

    def __call__(self, exchange: "Exchange") -> None:
        """Copy a request to the shadow of the variant that has served it, if it has one."""
        shadow = exchange.variant.shadow
        if shadow is not None and shadow.takes(exchange.variant):
            sent = replace(exchange.sent, target=None)
            shadow.copy(partial(self._invoker.invoke, exchange.endpoint, shadow.router, sent))


def violations(config: Mapping[str, Any]) -> Iterator[str]:
    """Yield a sentence for each rule about shadow variants that a configuration breaks."""
    production, shadows = config["ProductionVariants"], config.get("ShadowProductionVariants") or ()
    if not shadows:
        return
    if len(production) > 1 or len(shadows) > 1:
        yield (
            "With ShadowProductionVariants there is one production variant and one shadow variant; this configuration "
            f"has {len(production)} and {len(shadows)}."
        )
    for variant in shadows:
        if "ServerlessConfig" in variant:
            yield f"ServerlessConfig is not supported for shadow variants (variant {variant['VariantName']})."
