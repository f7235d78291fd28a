"""What a transform job is refused for, how its settings are settled, and which objects it reads."""

from typing import Any

import pytest

from fairway.twin.runtime.failures import CallerError
from fairway.twin.runtime.transform_inputs import Input, listed, share
from fairway.twin.runtime.transform_rules import unsupported_transform, violations
from fairway.twin.runtime.transform_settings import Feeding, execution_parameters, variables


def request(
    *, kind: str = "S3Prefix", source: dict[str, Any] | None = None, output: dict[str, Any] | None = None, **more: Any
) -> dict[str, Any]:
    data = {"S3DataSource": {"S3DataType": kind, "S3Uri": "s3://b/in/"}}
    return {
        "TransformInput": {"DataSource": data, **(source or {})},
        "TransformOutput": {"S3OutputPath": "s3://b/out", **(output or {})},
        **more,
    }


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        (request(), None),
        (request(kind="ManifestFile", source={"SplitType": "Line", "CompressionType": "Gzip"}), None),
        (request(kind="AugmentedManifestFile"), "S3DataType AugmentedManifestFile"),
        (request(source={"SplitType": "RecordIO"}), "SplitType RecordIO"),
        (request(source={"SplitType": "TFRecord"}), "SplitType TFRecord"),
        (request(MaxPayloadInMB=0), "MaxPayloadInMB 0"),
        (request(DataCaptureConfig={"DestinationS3Uri": "s3://b"}), "DataCaptureConfig"),
        (request(ExperimentConfig={"RunName": "r"}), "ExperimentConfig"),
    ],
)
def test_what_the_twin_does_not_have_is_named(asked, named):
    said = unsupported_transform(asked)
    assert said is None if named is None else named in str(said)


JOIN = {"JoinSource": "Input"}
LINES = {"ContentType": "text/csv", "SplitType": "Line"}


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (request(MaxPayloadInMB=100), None),
        (request(MaxPayloadInMB=101), "cannot be greater than 100, and is 101"),
        (request(MaxPayloadInMB=20, MaxConcurrentTransforms=6), "6 * 20 does"),
        (request(MaxConcurrentTransforms=17), "17 * 6 does"),
        (request(DataProcessing={"InputFilter": "$..x"}), "JSONPath"),
        (request(DataProcessing={"InputFilter": "$[1:]"}), "ContentType"),
        (request(source=LINES, DataProcessing={"InputFilter": "$[1:]"}), None),
        (request(source=LINES, DataProcessing=JOIN), "TransformOutput.Accept"),
        (request(source=LINES, output={"Accept": "text/csv"}, DataProcessing=JOIN), "same SplitType and AssembleWith"),
        (request(source=LINES, output={"Accept": "text/csv", "AssembleWith": "Line"}, DataProcessing=JOIN), None),
        (
            request(source={"ContentType": "image/png"}, output={"Accept": "image/png"}, DataProcessing=JOIN),
            "'image/png'",
        ),
    ],
)
def test_rules_of_sagemaker(asked, said):
    broken = " ".join(violations(asked))
    assert not broken if said is None else said in broken


def test_the_request_wins_over_the_container_and_the_container_over_the_defaults():
    asked = {"MaxConcurrentTransforms": 8, "BatchStrategy": "SINGLE_RECORD", "MaxPayloadInMB": 2}
    assert Feeding.settle({}, {}) == Feeding(1, 6, "MULTI_RECORD", 600, 3)
    assert Feeding.settle({"MaxConcurrentTransforms": 0}, asked) == Feeding(8, 2, "SINGLE_RECORD", 600, 3)
    given = {"MaxConcurrentTransforms": 2, "MaxPayloadInMB": 1, "BatchStrategy": "MultiRecord"}
    client = {"InvocationsTimeoutInSeconds": 5, "InvocationsMaxRetries": 0}
    assert Feeding.settle({**given, "ModelClientConfig": client}, asked) == Feeding(2, 1, "MULTI_RECORD", 5, 0)
    assert variables({}) == {"SAGEMAKER_BATCH": "true"}
    assert variables(given) == {
        "SAGEMAKER_BATCH": "true",
        "SAGEMAKER_MAX_PAYLOAD_IN_MB": "1",
        "SAGEMAKER_BATCH_STRATEGY": "MULTI_RECORD",
        "SAGEMAKER_MAX_CONCURRENT_TRANSFORMS": "2",
    }


@pytest.mark.parametrize(
    ("status", "body", "understood"),
    [
        (200, b'{"MaxConcurrentTransforms": 4, "Other": 1}', {"MaxConcurrentTransforms": 4}),
        (200, b'{"MaxPayloadInMB": "6", "BatchStrategy": "MULTI_RECORD"}', {"BatchStrategy": "MULTI_RECORD"}),
        (200, b'{"MaxPayloadInMB": -1, "BatchStrategy": "MultiRecord"}', {}),
        (200, b"", {}),
        (200, b"[1]", {}),
        (404, b'{"MaxConcurrentTransforms": 4}', {}),
    ],
)
def test_execution_parameters(status, body, understood):
    assert execution_parameters(status, body) == understood


def test_a_manifest_lists_names_below_a_prefix():
    found = listed(b'[{"prefix": "s3://b/data/"}, "a.csv", "deep/b.csv"]', "s3://b/m")
    assert {name: place.uri for name, place in found.items()} == {
        "a.csv": "s3://b/data/a.csv",
        "deep/b.csv": "s3://b/data/deep/b.csv",
    }


@pytest.mark.parametrize(
    "document", [b"{}", b"no", b'["a"]', b'[{"prefix": "s3://b/"}]', b'[{"prefix": "s3://b/"}, "../a"]']
)
def test_another_document_is_no_manifest(document):
    with pytest.raises(CallerError, match="s3://b/m"):
        listed(document, "s3://b/m")


def test_whole_files_are_shared_out(tmp_path):
    inputs = [Input(tmp_path, str(number), gzipped=False) for number in range(5)]
    assert [[one.name for one in part] for part in share(inputs, 2)] == [["0", "2", "4"], ["1", "3"]]
    assert share(inputs[:1], 2) == [inputs[:1], []]
