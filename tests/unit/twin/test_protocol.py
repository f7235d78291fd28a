"""Our side of the protocols against botocore's own: what one writes the other reads."""

import io
import json
import re
import string
from datetime import UTC, datetime
from typing import Any

import botocore.session
import pytest
from botocore import parsers, serialize
from hypothesis import given, settings
from hypothesis import strategies as st

from fairway.twin import protocol, validation

SESSION = botocore.session.Session()
SERVICES = {name: SESSION.get_service_model(name) for name in ("sagemaker", "sagemaker-runtime", "codepipeline")}
TEXT = st.text(string.ascii_letters + string.digits + "é _-./%+", max_size=8)
HEADER = st.text(string.ascii_letters + string.digits + "-/;=", min_size=1, max_size=8)
MOMENTS = st.integers(0, 4_000_000_000_000).map(lambda ms: datetime.fromtimestamp(ms / 1000, UTC))
SCALARS: dict[str, st.SearchStrategy[Any]] = {
    "string": TEXT,
    "integer": st.integers(-(2**31), 2**31 - 1),
    "long": st.integers(-(2**63), 2**63 - 1),
    "float": st.floats(allow_nan=False, allow_infinity=False),
    "double": st.floats(allow_nan=False, allow_infinity=False),
    "boolean": st.booleans(),
    "timestamp": MOMENTS,
    "blob": st.binary(max_size=8),
}
PROFILE = settings(max_examples=15)


def model(service: str, operation: str) -> Any:
    return SERVICES[service].operation_model(operation)


@st.composite
def values(draw: Any, shape: Any, depth: int = 0) -> Any:
    """Values of a shape, not minding its constraints: a few members of each structure, and less the deeper it gets."""
    if shape.type_name in SCALARS:
        located = shape.serialization.get("location")
        return draw(HEADER if located in ("header", "uri") else SCALARS[shape.type_name])
    if shape.type_name == "list":
        return draw(st.lists(values(shape.member, depth + 1), max_size=2))
    if shape.type_name == "map":
        return draw(st.dictionaries(TEXT, values(shape.value, depth + 1), max_size=2))
    names = sorted(shape.members)
    chosen = draw(st.lists(st.sampled_from(names), unique=True, max_size=4 if depth == 0 else 2)) if names else []
    if depth == 0:
        chosen = sorted({*chosen, *(n for n in names if shape.members[n].serialization.get("location") == "uri")})
    return {name: draw(values(shape.members[name], depth + 1)) for name in chosen}


def as_sent(operation: Any, params: dict[str, Any]) -> dict[str, Any]:
    protocol_name = operation.service_model.protocol
    request = serialize.create_serializer(protocol_name, include_validation=False).serialize_to_request(
        params, operation
    )
    body = request["body"]
    return {
        "path": request["url_path"],
        "query": {},
        "headers": {name.lower(): value for name, value in request["headers"].items()},
        "body": body if isinstance(body, bytes) else body.encode(),
    }


@pytest.mark.parametrize(
    ("service", "operation"),
    [
        ("sagemaker", "CreateTrainingJob"),
        ("sagemaker", "CreateProcessingJob"),
        ("sagemaker", "CreateEndpointConfig"),
        ("sagemaker", "CreateModelPackage"),
        ("sagemaker", "ListTrainingJobs"),
        ("codepipeline", "CreatePipeline"),
        ("sagemaker-runtime", "InvokeEndpoint"),
    ],
)
def test_it_reads_what_botocore_writes(service, operation):
    shaped = model(service, operation)

    @PROFILE
    @given(values(shaped.input_shape))
    def holds(params):
        read = protocol.read_request(shaped, **as_sent(shaped, params))
        assert read == ({"Body": b"", **params} if operation == "InvokeEndpoint" else params)

    holds()


@pytest.mark.parametrize(
    ("service", "operation"),
    [
        ("sagemaker", "DescribeTrainingJob"),
        ("sagemaker", "DescribeEndpoint"),
        ("sagemaker", "DescribeModelPackage"),
        ("sagemaker", "ListEndpoints"),
        ("codepipeline", "GetPipelineState"),
        ("sagemaker-runtime", "InvokeEndpoint"),
    ],
)
def test_botocore_reads_what_it_writes(service, operation):
    shaped = model(service, operation)

    @PROFILE
    @given(values(shaped.output_shape))
    def holds(output):
        headers, body = protocol.write_answer(shaped, output)
        streamed = io.BytesIO(body) if shaped.has_streaming_output else body
        answer = {"status_code": 200, "headers": headers, "body": streamed}
        parsed = parsers.create_parser(shaped.service_model.protocol).parse(answer, shaped.output_shape)
        parsed.pop("ResponseMetadata")
        if shaped.has_streaming_output:
            parsed["Body"] = parsed["Body"].read()
            output = {"Body": b"", **output}
        assert parsed == output

    holds()


@pytest.mark.parametrize(
    ("document", "code", "says"),
    [
        (b"{", "SerializationException", "as JSON"),
        (b"[]", "SerializationException", "A list at '/' cannot be converted to a structure"),
        (
            b'{"TrainingJobName": 1}',
            "SerializationException",
            "A number at 'TrainingJobName' cannot be converted to a string",
        ),
        (b'{"HyperParameters": {"a": []}}', "SerializationException", "A list at 'HyperParameters.a'"),
        (b'{"Tags": {}}', "SerializationException", "A structure at 'Tags' cannot be converted to a list"),
        (b'{"StoppingCondition": {"MaxRuntimeInSeconds": true}}', "SerializationException", "an integer"),
        (b'{"StoppingCondition": {"MaxRuntimeInSeconds": "1"}}', "SerializationException", "an integer"),
        (b'{"EnableNetworkIsolation": "yes"}', "SerializationException", "a boolean"),
        (b'{"Colour": "red"}', "ValidationException", "Unknown member 'Colour'"),
        (b'{"ResourceConfig": {"Colour": 1}}', "ValidationException", "'Colour' at 'ResourceConfig'"),
    ],
)
def test_a_request_that_cannot_be_read(document, code, says):
    with pytest.raises(protocol.MalformedRequestError, match=re.escape(says)) as caught:
        protocol.read_request(model("sagemaker", "CreateTrainingJob"), path="/", query={}, headers={}, body=document)
    assert caught.value.code == code


def test_a_member_that_is_null_is_absent():
    body = json.dumps({"NameContains": None, "MaxResults": 3}).encode()
    read = protocol.read_request(model("sagemaker", "ListModels"), path="/", query={}, headers={}, body=body)
    assert read == {"MaxResults": 3}


def test_a_timestamp_may_be_text_too():
    body = b'{"CreationTimeAfter": "2026-01-02T03:04:05Z"}'
    read = protocol.read_request(model("sagemaker", "ListModels"), path="/", query={}, headers={}, body=body)
    assert read == {"CreationTimeAfter": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)}


@pytest.mark.parametrize(
    ("method", "path", "operation"),
    [
        ("POST", "/endpoints/flights-dev/invocations", "InvokeEndpoint"),
        ("POST", "/endpoints/flights-dev/async-invocations", "InvokeEndpointAsync"),
        ("GET", "/endpoints/flights-dev/invocations", None),
        ("POST", "/endpoints//invocations", None),
        ("POST", "/", None),
    ],
)
def test_a_method_and_a_path_mean_an_operation(method, path, operation):
    assert protocol.find_operation(SERVICES["sagemaker-runtime"], method, path) == operation


def test_an_answer_holds_what_its_shape_has_and_nothing_else():
    shape = model("sagemaker", "DescribeModel").output_shape
    kept = protocol.shape_output(shape, {"ModelName": "m", "Tags": [], "ExecutionRoleArn": None, "Invented": 1})
    assert kept == {"ModelName": "m"}


@pytest.mark.parametrize(
    "service",
    [
        "sagemaker",
        "sagemaker-runtime",
        "codepipeline",
        "codebuild",
        "codedeploy",
        "codeconnections",
        "application-autoscaling",
    ],
)
def test_every_pattern_of_our_services_can_be_used(service):
    shapes = SESSION.get_service_model(service)
    patterns = [shapes.shape_for(name).metadata.get("pattern") for name in shapes.shape_names]
    compiled = [validation._compiled(pattern) for pattern in patterns if pattern]
    assert compiled
