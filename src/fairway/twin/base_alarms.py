"""All that is touched of ministack's CloudWatch: its alarms are kept whole, evaluated by the twin, and announced.

Part of `base`; test_alarms.py in tests/integration/rollout holds it. ministack evaluates an alarm when data is put,
without its dimensions, periods or missing data; it keeps no metric math, and its query protocol leaves members out.
"""
# ruff: noqa: SLF001

import json
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import botocore.session
from ministack.core import responses
from ministack.services import cloudwatch

from fairway.twin import base, query
from fairway.twin.runtime.alarms import Alarm, Statistic, UnsupportedAlarmError

Response = tuple[int, dict[str, str], bytes]
Handler = Callable[..., Response]

# Points may come in late, or out of order, by so much.
_DISORDER_SECONDS = 60.0
_EVICTION_SECONDS = 60.0
# What ministack fills in where the request has nothing, and AWS does not.
_INVENTED = ("Statistic", "Period", "MetricName", "Namespace", "ExtendedStatistic", "Unit")
# Operations whose query protocol is answered from the JSON one, which is whole.
_THIN = ("describe_alarms", "describe_alarms_for_metric", "describe_alarm_history", "put_composite_alarm")


@dataclass(frozen=True)
class StoredAlarm:
    """A metric alarm where it is."""

    account: str
    region: str
    name: str
    attributes: Mapping[str, Any]


def install(on_put: Callable[[], None]) -> None:
    """Take over what ministack does with alarms; `on_put` is called when one is made or changed."""
    cloudwatch._evaluate_alarm = lambda _alarm: on_put()
    cloudwatch._evaluate_all_alarms = lambda: None
    _install_eviction()
    _install_announcement()
    model = botocore.session.Session().get_service_model("cloudwatch")
    for name in _THIN:
        operation = model.operation_model("".join(word.capitalize() for word in name.split("_")))
        setattr(cloudwatch, f"_{name}", _whole(getattr(cloudwatch, f"_{name}"), operation))
    _install_put(model.operation_model("PutMetricAlarm"))


def alarms() -> Iterator[StoredAlarm]:
    """Yield all metric alarms of all accounts and regions."""
    for (account, region, name), attributes in list(cloudwatch._alarms._data.items()):
        yield StoredAlarm(account, region, name, attributes)


def find(account: str, region: str, name: str) -> "Mapping[str, Any] | None":
    """Return the attributes of a metric or composite alarm, or None."""
    found: Mapping[str, Any] | None = cloudwatch._alarms.get_scoped(account, region, name)
    return found or cloudwatch._composite_alarms.get_scoped(account, region, name)


def exists(account: str, region: str, name: str) -> bool:
    """Tell whether there is a metric or composite alarm of that name."""
    return find(account, region, name) is not None


def set_state(alarm: StoredAlarm, state: str, reason: str) -> None:
    """Set an alarm's state, with its history, its actions and the composite alarms above it, as SetAlarmState does."""
    with base.acting_in(alarm.account, alarm.region):
        given = {"AlarmName": alarm.name, "StateValue": state, "StateReason": reason}
        cloudwatch._set_alarm_state({}, given, False, True)  # noqa: FBT003 -- ministack's: neither CBOR nor a form


def values(alarm: StoredAlarm, statistic: Statistic, *, period: float, now: float, periods: int) -> list[float | None]:
    """Return a statistic of the last periods (seconds of wall time) that end at `now`, the newest first."""
    dimensions = cloudwatch._dims_key(dict(statistic.dimensions))
    key = (statistic.namespace, statistic.metric, dimensions)
    points = cloudwatch._metrics.get_scoped(alarm.account, alarm.region, key) or []
    buckets: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for point in reversed(points):
        age = (now - point["Timestamp"]) / period
        if age * period > periods * period + _DISORDER_SECONDS:
            break
        if 0 <= age < periods and statistic.unit in (None, point["Unit"]):
            buckets[int(age)].append(point)
    return [_value(statistic.name, buckets.get(age, [])) for age in range(periods)]


def _value(name: str, points: list[dict[str, Any]]) -> float | None:
    if not points:
        return None
    value = cloudwatch._stat_value(cloudwatch._calc_stats(points), name, points)
    return None if value is None else float(value)


# -- what replaces ministack's own ------------------------------------------------------------------------------------


def _install_put(operation: Any) -> None:
    put: Handler = cloudwatch._put_metric_alarm

    def put_whole(params: Any, document: Any, is_cbor: bool, is_json: bool = False) -> Response:  # noqa: FBT001, FBT002
        given = document if is_cbor or is_json else query.read(operation.input_shape, params)
        try:
            Alarm.parse(given)
        except UnsupportedAlarmError as error:
            message = f"The twin does not evaluate alarms with {error}."
            refused: Response = cloudwatch._error("ValidationError", message, 400, use_json=is_json, use_cbor=is_cbor)
            return refused
        response = put(params, document, is_cbor, is_json)
        if response[0] == 200:
            _complete(given)
        return response

    cloudwatch._put_metric_alarm = put_whole


def _complete(given: Mapping[str, Any]) -> None:
    alarm = cloudwatch._alarms[given["AlarmName"]]
    kept = {name: value for name, value in alarm.items() if value is not None and name not in _INVENTED}
    wanted = {name: value for name, value in given.items() if name != "Tags" and value is not None}
    cloudwatch._alarms[given["AlarmName"]] = {**kept, **wanted}


def _whole(handler: Handler, operation: Any) -> Handler:
    """Return a handler that reads and writes forms by botocore's model, and has the JSON one do the work."""

    def handle(params: Any, document: Any, is_cbor: bool, is_json: bool = False) -> Response:  # noqa: FBT001, FBT002
        if is_cbor or is_json:
            return handler(params, document, is_cbor, is_json)
        status, _, body = handler({}, query.read(operation.input_shape, params), False, True)  # noqa: FBT003
        answer = json.loads(body)
        if status != 200:
            failed: Response = cloudwatch._error(answer["__type"], answer["message"], status)
            return failed
        inner = query.write(operation.output_shape, answer) if operation.output_shape else ""
        response: Response = cloudwatch._xml(
            200, f"{operation.name}Response", f"<{operation.name}Result>{inner}</{operation.name}Result>"
        )
        return response

    return handle


def _install_eviction() -> None:
    """Look for two weeks old data once a minute: ministack looks at all data at each request."""
    evict, last = cloudwatch._evict_old_metrics, [0.0]

    def seldom() -> None:
        if time.monotonic() - last[0] > _EVICTION_SECONDS:
            last[0] = time.monotonic()
            evict()

    cloudwatch._evict_old_metrics = seldom


def _install_announcement() -> None:
    """Put CloudWatch's event on the bus when an alarm changes its state."""
    record = cloudwatch._record_history

    def record_and_announce(name: str, old: str, new: str, reason: str, *rest: Any, **more: Any) -> None:
        record(name, old, new, reason, *rest, **more)
        if old != new:
            _announce(name, old, new, reason)

    cloudwatch._record_history = record_and_announce


def _announce(name: str, old: str, new: str, reason: str) -> None:
    account, region = responses.get_account_id(), responses.get_region()
    alarm = find(account, region, name) or {}
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "+0000"
    detail = {
        "alarmName": name,
        "configuration": {"description": alarm.get("AlarmDescription", "")},
        "previousState": {"value": old},
        "state": {"value": new, "reason": reason, "timestamp": now},
    }
    entry = {
        "Source": "aws.cloudwatch",
        "DetailType": "CloudWatch Alarm State Change",
        "Detail": json.dumps(detail),
        "Resources": [f"arn:aws:cloudwatch:{region}:{account}:alarm:{name}"],
        "EventBusName": "default",
    }
    base.put_event(entry, account=account, region=region)
