"""How Step Functions writes what an API takes and gives: names, parameters, results, errors, by botocore's models.

Errors are named as in the AWS SDK for Java:
https://docs.aws.amazon.com/step-functions/latest/dg/supported-services-awssdk.html
"""

import json
import re
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError
from botocore.model import Shape


class UnknownFieldError(Exception):
    """An argument that the API does not have."""

    def __init__(self, field: str) -> None:
        super().__init__(f'The field "{field}" is not supported by Step Functions')


def java_name(service_id: str) -> str:
    """Return a service's name as the AWS SDK for Java writes it: SageMaker, S3, DynamoDb, CloudWatchLogs."""
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", service_id)
    return "".join(word[0].upper() + word[1:].lower() for word in words)


def error_name(prefix: str, error: ClientError, *, optimized: bool) -> str:
    """Return the name that Retry and Catch match; errors without a shape have the service's general name."""
    code = error.response["Error"]["Code"]
    general = f"Amazon{prefix}Exception" if optimized else f"{prefix}Exception"
    if type(error) is ClientError:  # botocore makes a class of its own for each error of the model
        return f"{prefix}.{general}"
    return f"{prefix}.{code if code.endswith('Exception') else code.removesuffix('Fault') + 'Exception'}"


def cause(prefix: str, error: ClientError) -> str:
    """Return the text of an error's cause."""
    answer = error.response
    metadata = answer.get("ResponseMetadata", {})
    return (
        f"{answer['Error'].get('Message', '')} (Service: {prefix}, Status Code: {metadata.get('HTTPStatusCode')}, "
        f"Request ID: {metadata.get('RequestId')})"
    )


def parameters(shape: Shape | None, given: Any) -> Any:
    """Translate a state's arguments: their members begin with a capital, and JSON may stand for its text."""
    if shape is None:
        return {}
    if shape.type_name == "structure" and isinstance(given, dict):
        members = {name[0].upper() + name[1:]: name for name in shape.members}  # type: ignore[attr-defined]
        unknown = [name for name in given if name not in members]
        if unknown:
            raise UnknownFieldError(unknown[0])
        return {members[name]: parameters(shape.members[members[name]], value) for name, value in given.items()}  # type: ignore[attr-defined]
    if shape.type_name == "list" and isinstance(given, list):
        return [parameters(shape.member, item) for item in given]  # type: ignore[attr-defined]
    if shape.type_name == "map" and isinstance(given, dict):
        return {key: parameters(shape.value, item) for key, item in given.items()}  # type: ignore[attr-defined]
    if shape.type_name in ("string", "blob") and isinstance(given, dict | list):
        return json.dumps(given)
    return given


def result(shape: Shape | None, value: Any, *, optimized: bool) -> Any:
    """Translate an answer; times are text, but for the older integrations milliseconds."""
    if isinstance(value, datetime):
        return int(value.timestamp() * 1000) if optimized else value.isoformat().replace("+00:00", "Z")
    if hasattr(value, "read"):
        value = value.read()
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, list):
        return [result(shape.member, item, optimized=optimized) for item in value]  # type: ignore[union-attr]
    if isinstance(value, dict) and shape is not None and shape.type_name == "structure":
        return {
            name[0].upper() + name[1:]: result(shape.members[name], item, optimized=optimized)  # type: ignore[attr-defined]
            for name, item in value.items()
        }
    if isinstance(value, dict):
        return {key: result(shape.value, item, optimized=optimized) for key, item in value.items()}  # type: ignore[union-attr]
    return value
