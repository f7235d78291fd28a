"""What the twin cannot do is named; what it can do is not."""

import pytest

from fairway.twin.runtime.support import (
    unsupported_endpoint_config,
    unsupported_model,
    unsupported_processing,
    unsupported_training,
)


def training(**changes):
    return {
        "AlgorithmSpecification": {"TrainingImage": "i", "TrainingInputMode": "File"},
        "ResourceConfig": {"InstanceCount": 1},
        "OutputDataConfig": {"S3OutputPath": "s3://b"},
        **changes,
    }


def channel(**changes):
    source = {"S3DataSource": {"S3DataType": changes.pop("kind", "S3Prefix"), "S3Uri": "s3://b"}}
    return [{"ChannelName": "train", "DataSource": source, **changes}]


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({}, None),
        ({"InputDataConfig": channel()}, None),
        ({"ResourceConfig": {"InstanceCount": 9}}, "ResourceConfig.InstanceCount"),
        ({"EnableManagedSpotTraining": True}, None),
        ({"EnableNetworkIsolation": True}, "EnableNetworkIsolation"),
        ({"EnableNetworkIsolation": False}, None),
        ({"RetryStrategy": {"MaximumRetryAttempts": 2}}, None),
        ({"InputDataConfig": channel(kind="ManifestFile")}, "S3DataType ManifestFile (channel train)"),
        ({"InputDataConfig": channel(InputMode="Pipe")}, "InputMode Pipe (channel train)"),
        ({"InputDataConfig": channel(CompressionType="Gzip")}, "CompressionType Gzip (channel train)"),
    ],
)
def test_training(changes, named):
    said = unsupported_training(training(**changes))
    assert said is None if named is None else named in str(said)


@pytest.mark.parametrize(
    ("output", "named"),
    [({"S3UploadMode": "EndOfJob"}, None), ({"S3UploadMode": "Continuous"}, "S3UploadMode Continuous (output o)")],
)
def test_processing(output, named):
    request = {
        "ProcessingResources": {"ClusterConfig": {"InstanceCount": 1}},
        "ProcessingOutputConfig": {"Outputs": [{"OutputName": "o", "S3Output": output}]},
    }
    assert unsupported_processing(request) == named


@pytest.mark.parametrize(
    ("config", "named"),
    [
        ({"ProductionVariants": [{"VariantName": "v", "ModelName": "m"}]}, None),
        ({"ProductionVariants": [{"VariantName": "v"}]}, "inference components (variant v has no ModelName)"),
        (
            {"ProductionVariants": [{"VariantName": "v", "ModelName": "m", "RoutingConfig": {"x": 1}}]},
            "RoutingConfig (variant v)",
        ),
        (
            {"ProductionVariants": [], "AsyncInferenceConfig": {"OutputConfig": {}}},
            "asynchronous endpoints without OutputConfig.S3OutputPath",
        ),
    ],
)
def test_endpoint_config(config, named):
    assert unsupported_endpoint_config(config) == named


@pytest.mark.parametrize(
    ("model", "named"),
    [
        ({"PrimaryContainer": {"Image": "i"}}, None),
        ({"Containers": [{"Image": "i"}]}, None),
        ({"Containers": [{"Image": "i"}, {"Image": "j"}]}, "models of several containers (Containers)"),
        ({"PrimaryContainer": {"Image": "i", "Mode": "MultiModel"}}, "containers of Mode MultiModel"),
        ({"PrimaryContainer": {"ModelPackageName": "p"}}, "containers without Image"),
    ],
)
def test_model(model, named):
    assert unsupported_model(model) == named
