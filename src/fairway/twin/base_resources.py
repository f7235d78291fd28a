"""What ministack's evaluator takes an action to be done to, where it would find no resource, or another one than AWS.

Part of `base`; tests/integration/twin/test_named_resources.py holds it.
"""

import json
from typing import Any
from urllib.parse import parse_qs

from ministack.core import iam_actions

# The members that name the resource of an action, where ministack's evaluator would take the action to have none.
_NAMING_MEMBERS = {
    ("kms", "AliasName"): "arn:aws:kms:{region}:{account}:{name}",
    ("ecr", "resourceArn"): "{name}",
    ("states", "resourceArn"): "{name}",
    ("ecr", "repositoryNames"): "arn:aws:ecr:{region}:{account}:repository/{name}",
    ("monitoring", "ResourceARN"): "{name}",
    ("monitoring", "AlarmNames"): "arn:aws:cloudwatch:{region}:{account}:alarm:{name}",
    ("sns", "ResourceArn"): "{name}",
    ("events", "ResourceARN"): "{name}",
    ("events", "Rule"): "arn:aws:events:{region}:{account}:rule/{name}",
    ("ssm", "Names"): "arn:aws:ssm:{region}:{account}:parameter/{name}",
}


def install() -> None:
    """Let policies that name an alias of a key, a log stream, or one of a list, be evaluated against it."""
    extract = iam_actions.extract_resource_arn

    def extract_more(  # noqa: PLR0917 -- ministack's own signature
        service: str, method: str, path: str, headers: Any, body: bytes, query: Any, region: str, account: str
    ) -> str:
        found = str(extract(service, method, path, headers, body, query, region, account))
        found = found.replace(":rule/default/", ":rule/")  # on AWS the default bus has no part in its rules' ARNs
        if service == "logs" and isinstance(stream := _member(body, "logStreamName"), str):
            return f"{found}:log-stream:{stream}"  # what AWS asks for to make, write and read a stream
        named = found == "*" or service in {"kms", "events"}
        return _named_resource(service, body, region, account) or found if named else found

    iam_actions.extract_resource_arn = extract_more


def _named_resource(service: str, body: bytes, region: str, account: str) -> str | None:
    for (naming_service, member), arn in _NAMING_MEMBERS.items():
        if service == naming_service:
            names = _member(body, member)
            name = names[0] if isinstance(names, list) and len(names) == 1 else names
            if isinstance(name, str) and name:
                named = name.removeprefix("/") if service == "ssm" else name
                return arn.format(region=region, account=account, name=named)
    return None


def _member(body: bytes, name: str) -> Any:
    try:
        document = json.loads(body)
    except ValueError:  # a form, as CloudWatch's older protocol has it, or CBOR, which names nothing here
        form = parse_qs(body.decode("latin-1"))
        return form.get(name) or [
            value for key, values in form.items() if key.startswith(f"{name}.") for value in values
        ]
    return document.get(name) if isinstance(document, dict) else None
