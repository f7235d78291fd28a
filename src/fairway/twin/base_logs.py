"""All that is touched of ministack's CloudWatch Logs: it stores metric filters, and here log events reach them.

Part of `base`; tests/integration/scaling/test_metric_filters.py holds it.
"""
# ruff: noqa: SLF001

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import botocore.session
from ministack.core import responses
from ministack.services import cloudwatch, cloudwatch_logs

from fairway.twin import base, protocol, validation
from fairway.twin.filters.delimited import DelimitedPattern
from fairway.twin.filters.metrics import Batch, Datum, MetricFilter
from fairway.twin.filters.patterns import PatternError, parse

Response = tuple[int, dict[str, str], bytes]

_TEST = "TestMetricFilter"


class MinistackLogs:
    """See filters.metrics.Logs."""

    def filters(self, account: str, region: str, group: str) -> Iterable[Mapping[str, Any]]:
        """See Logs."""
        with base.acting_in(account, region):
            return [found for (name, _), found in cloudwatch_logs._metric_filters.items() if name == group]

    def publish(self, account: str, region: str, data: Sequence[Datum]) -> None:
        """See Logs. Past PutMetricData, as botocore would cut the moments to whole seconds."""
        with base.acting_in(account, region):
            for datum in data:
                cloudwatch._store_datum(
                    datum.namespace,
                    datum.name,
                    dict(datum.dimensions),
                    datum.moment,
                    datum.unit,
                    datum.value,
                    None,
                    None,
                    None,
                )


def install(take: Callable[[Batch], None]) -> None:
    """Give `take` the log events of groups with metric filters, and refuse filters that the twin does not have."""
    model = botocore.session.Session().get_service_model("logs")
    _install_append(take)
    _install_put(model.operation_model("PutMetricFilter"))
    _install_test(model.operation_model(_TEST))


def _install_append(take: Callable[[Batch], None]) -> None:
    """Listen where all events pass: those of PutLogEvents, and those that ministack writes for functions."""
    append = cloudwatch_logs._append_log_events

    def append_and_tell(stream: Any, events: Sequence[Mapping[str, Any]]) -> None:
        append(stream, events)
        group = _filtered_group(stream)
        if group is not None:
            told = [(event["timestamp"] / 1000, event["message"]) for event in events]
            take(Batch(responses.get_account_id(), responses.get_region(), group, told))

    cloudwatch_logs._append_log_events = append_and_tell


def _filtered_group(stream: Any) -> str | None:
    """Return the group of a stream if it has metric filters."""
    for name in {group for group, _ in cloudwatch_logs._metric_filters}:
        group = cloudwatch_logs._log_groups.get(name)
        if group is not None and any(one is stream for one in group["streams"].values()):
            return str(name)
    return None


def _install_put(operation: Any) -> None:
    put = cloudwatch_logs._put_metric_filter

    def put_checked(document: Any) -> Response:
        try:
            given = _read(operation, document)
            MetricFilter.read(given)
        except PatternError as error:
            return _refused(f"Invalid metric filter pattern or transformation: {error}")
        response: Response = put(document)
        return response

    cloudwatch_logs._put_metric_filter = put_checked


def _install_test(operation: Any) -> None:
    handle = cloudwatch_logs.handle_request

    async def handle_more(method: str, path: str, headers: Any, body: bytes, query: Any) -> Response:
        if headers.get("x-amz-target", "").endswith(f".{_TEST}"):
            return _test(operation, body)
        response: Response = await handle(method, path, headers, body, query)
        return response

    cloudwatch_logs.handle_request = handle_more


def _test(operation: Any, body: bytes) -> Response:
    try:
        given = _read(operation, json.loads(body))
        pattern = parse(given["filterPattern"])
    except ValueError as error:  # PatternError is one
        return _refused(f"Invalid filter pattern: {error}")
    matches = []
    for number, message in enumerate(given["logEventMessages"], 1):
        fields = pattern.match(message)
        if fields is not None:
            extracted = pattern.extracted(fields, message) if isinstance(pattern, DelimitedPattern) else {}
            matches.append({"eventNumber": number, "eventMessage": message, "extractedValues": extracted})
    response: Response = responses.json_response({"matches": matches})
    return response


def _read(operation: Any, document: Any) -> dict[str, Any]:
    """Return a request's members, checked against the model; raise PatternError otherwise."""
    try:
        given = protocol.read_request(operation, path="/", query={}, headers={}, body=json.dumps(document).encode())
    except protocol.MalformedRequestError as error:
        raise PatternError(str(error)) from error
    found = list(validation.violations(operation.input_shape, given))
    if found:
        raise PatternError(validation.summary(found))
    return given


def _refused(message: str) -> Response:
    response: Response = responses.error_response_json("InvalidParameterException", message, 400)
    return response
