"""What ministack's evaluator is told of a request beside its action and resource: condition keys of a service's own.

Part of `base`; tests/integration/twin/test_named_resources.py holds it.
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatch.html
"""

import json
from typing import Any
from urllib.parse import parse_qs

from ministack.core import iam_actions

NAMESPACE = "cloudwatch:namespace"


def install_condition_keys() -> None:
    """Let a policy that names the namespace of metrics, which are no resources, be evaluated against it."""
    context_of = iam_actions.request_tag_context

    def context_and_namespace(service: str, action: str, body: bytes, parameters: Any) -> dict[str, Any]:
        context: dict[str, Any] = context_of(service, action, body, parameters)
        if action == "cloudwatch:PutMetricData" and (namespace := namespace_in(body)):
            context[NAMESPACE] = namespace
        return context

    iam_actions.request_tag_context = context_and_namespace


def namespace_in(body: bytes) -> str | None:
    """Return the namespace of a PutMetricData: JSON, as SDKs write it, or a form, as they did."""
    try:
        document = json.loads(body)
    except ValueError:
        return parse_qs(body.decode("latin-1")).get("Namespace", [None])[0]
    return document.get("Namespace") if isinstance(document, dict) else None
