"""The environments of a serverless variant: started by requests, kept warm for a while, one request at a time in each.

https://docs.aws.amazon.com/sagemaker/latest/dg/serverless-endpoints.html
"""

import threading
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from fairway.twin.runtime.instances import INVOCATION_SECONDS, Instance, LostError
from fairway.twin.runtime.memory import Memory
from fairway.twin.runtime.metrics import rounded
from fairway.twin.runtime.variants import CapacityError, VariantFleet
from fairway.twin.runtime.wishes import Wish

if TYPE_CHECKING:
    from fairway.twin.clock import Clock

# SageMaker's limit of a request to a serverless endpoint.
BODY_BYTES = 4 * 1024 * 1024
# How long an environment stays without a request, in AWS's time. Ours: no page has SageMaker's.
IDLE_SECONDS = 300.0
# How often environments are looked at, and when a provisioned one that ended is replaced, in wall time.
LOOK_SECONDS = 0.2
REPLACE_SECONDS = 2.0
SHORT_OF_MEMORY = (
    "Amazon SageMaker could not get a response from the endpoint. This can occur when CPU or memory utilization is "
    "high. To check your utilization, see Amazon CloudWatch. To fix this problem, use an instance type with more CPU "
    "capacity or memory."
)


class Environment(Instance):
    """An instance that is not started again when it ends, and that is held to an amount of memory."""

    lasting = False

    def __init__(self, *arguments: Any) -> None:
        self.launched = time.monotonic()
        self.free_since = self.launched
        self.used = 0
        self._memory: Memory | None = None
        super().__init__(*arguments)

    def hold_to(self, limit: int) -> None:
        """Look at the memory of its processes, and end them if they have more than the limit."""
        process = self._process
        if process is None:
            return
        self._memory = self._memory or Memory(process.pid)
        self.used = self._memory.used(limit)
        if self.used > limit:
            self.overrun = SHORT_OF_MEMORY
            self._log.write(f"The environment used more than its {limit >> 20} MB of memory and was ended.")
            process.stop(0)


class Environments(VariantFleet):
    """The environments of one serverless variant under one configuration."""

    body_limit = BODY_BYTES
    hopeless = 1

    def __init__(self, name: str, *, clock: "Clock", serverless: Mapping[str, Any], **variant: Any) -> None:
        super().__init__(name, **variant)
        self.serverless = serverless
        self._idle_seconds = IDLE_SECONDS / clock.speed
        self._busy: dict[Instance, int] = {}  # with how many were busy when its request came
        self._setups: dict[Instance, float] = {}
        self._closed = False
        self._complete = False  # the provisioned environments were all there
        self._replace_at = 0.0
        threading.Thread(target=self._care, name=f"environments of {name}", daemon=True).start()

    @property
    def provisioned(self) -> int:
        """How many environments are always there."""
        return int(self.serverless.get("ProvisionedConcurrency", 0))

    @property
    def memory_bytes(self) -> int:
        """How much memory an environment may use."""
        return int(self.serverless["MemorySizeInMB"]) << 20

    def pick(self, avoid: Sequence[Instance] = ()) -> Instance:
        """Return an environment for one request, a warm one if there is any; raise CapacityError if none is left."""
        with self._changed:
            if len(self._busy) >= self.serverless["MaxConcurrency"]:
                raise CapacityError("ThrottlingException", "Rate exceeded", 429)
            free = [one for one in self.instances if one not in self._busy and one not in avoid and not one.ends]
            warm = [one for one in free if one.serving]
            instance = (warm or free or self.launch(1))[0]
            self._busy[instance] = len(self._busy) + 1
            self._changed.notify_all()  # its caretaker, who sleeps while there is none
            return instance

    def make_ready(self, instance: Instance) -> None:
        """Wait until a cold environment serves; raise CapacityError if it takes too long, LostError if it ends."""
        if instance.serving:
            return
        with self._changed:
            begun = self._changed.wait_for(
                lambda: instance.serving or instance.ends or instance.problem, timeout=INVOCATION_SECONDS
            )
            if not begun:
                message = f"The resources of variant {self.name} are still being provisioned."
                raise CapacityError("ModelNotReadyException", message, 429)
            if instance.ends or instance.problem:
                why = instance.problem or "See the endpoint's log."
                raise LostError(f"The environment of variant {self.name} did not start. {why}")
            if isinstance(instance, Environment):
                self._setups[instance] = time.monotonic() - instance.launched

    def release(self, instance: Instance) -> None:
        """Take an environment back, which is warm from now on."""
        with self._changed:
            self._busy.pop(instance, None)
            if isinstance(instance, Environment):
                instance.free_since = time.monotonic()

    def wish(self) -> Wish:
        """Return what it has."""
        return Wish(len(self.instances), self.weight, self.serverless)

    def adjust(self, wish: Wish) -> int:
        """Take over another wish; return how many provisioned environments are missing for it."""
        with self._changed:
            self.weight, self.serverless = wish.weight, wish.serverless or self.serverless
            missing = max(0, self.provisioned - len(self.instances))
            self._complete = not missing
            return missing

    def capacity(self) -> dict[str, Any]:
        """Return the members of a summary that say what serves now: of instances a serverless variant has none."""
        return {"CurrentInstanceCount": 0, "CurrentServerlessConfig": self.serverless}

    def measures(self, instance: Instance, values: Mapping[str, float]) -> dict[str, float]:
        """Return what one request adds to the metrics that serverless endpoints have."""
        found = {name: value for name, value in values.items() if name != "InvocationModelErrors"}
        busy = self._busy.get(instance, len(self._busy) + 1)
        found["ServerlessConcurrentExecutionsUtilization"] = busy / self.serverless["MaxConcurrency"]
        setup = self._setups.pop(instance, None)
        if setup is not None:
            found["ModelSetupTime"] = rounded(setup * 1e6)
        if isinstance(instance, Environment) and instance.used:
            found["MemoryUtilization"] = rounded(100 * instance.used / self.memory_bytes)
        if self.provisioned:
            within = busy <= self.provisioned
            found["ServerlessProvisionedConcurrencyExecutions"] = float(min(busy, self.provisioned))
            found["ServerlessProvisionedConcurrencyUtilization"] = min(1.0, busy / self.provisioned)
            found["ServerlessProvisionedConcurrencyInvocations"] = float(within)
            found["ServerlessProvisionedConcurrencySpilloverInvocations"] = float(not within)
        return found

    def close(self) -> None:
        """Start no environment any more."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    # -- its caretaker's thread ---------------------------------------------------------------------------------------

    def _care(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._closed or self.instances or self.provisioned)
                if self._closed:
                    return
                # Before what ended is given up: one that dies before the first look is to be replaced, too.
                self._complete = self._complete or len(self.instances) >= self.provisioned
                over = self._over()
                self.give_up(over)
            for instance in over:
                instance.retire()
            self._replace()
            for instance in self.instances:
                if isinstance(instance, Environment):
                    instance.hold_to(self.memory_bytes)
            with self._changed:
                self._changed.wait_for(lambda: self._closed, timeout=LOOK_SECONDS)

    def _over(self) -> list[Instance]:
        """Return the environments that have ended, or that nobody has asked for long."""
        ended = [one for one in self.instances if one.ends or one.problem]
        free = [one for one in self.instances if isinstance(one, Environment) and one.serving and one not in self._busy]
        before = time.monotonic() - self._idle_seconds
        idle = sorted((one for one in free if one.free_since < before), key=lambda one: one.free_since)
        spare = max(0, len(self.instances) - len(ended) - self.provisioned)
        return [*ended, *idle[:spare]]

    def _replace(self) -> None:
        """Start as many environments as are missing of the provisioned ones, once they all were there."""
        with self._changed:
            missing = self.provisioned - len(self.instances)
            if missing > 0 and self._complete and not self._closed and time.monotonic() >= self._replace_at:
                self._replace_at = time.monotonic() + REPLACE_SECONDS
                self.launch(missing)
