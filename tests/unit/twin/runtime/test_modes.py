"""What the configurations of each mode may hold, and what an update may make of what."""

from typing import Any

import pytest

from fairway.twin.runtime.modes import conversion, deployment_violations, mode_of, violations
from fairway.twin.runtime.wishes import Wish, change_violations, wishes

SERVERLESS = {"MemorySizeInMB": 2048, "MaxConcurrency": 5}
OF_INSTANCES = {"VariantName": "v", "ModelName": "m", "InstanceType": "ml.m5.large", "InitialInstanceCount": 2}


def config_of(*, more: Any = None, model: str = "m", **variant: Any) -> dict[str, Any]:
    return {"ProductionVariants": [{"VariantName": "v", "ModelName": model, **variant}], **(more or {})}


def serverless(**changes: Any) -> dict[str, Any]:
    return config_of(ServerlessConfig={**SERVERLESS, **changes})


REAL_TIME = {"ProductionVariants": [OF_INSTANCES]}
ASYNCHRONOUS = {**REAL_TIME, "AsyncInferenceConfig": {"OutputConfig": {"S3OutputPath": "s3://b/o"}}}


@pytest.mark.parametrize(
    ("config", "mode"), [(REAL_TIME, "real-time"), (serverless(), "serverless"), (ASYNCHRONOUS, "asynchronous")]
)
def test_a_configuration_has_a_mode_and_breaks_no_rule(config, mode):
    assert mode_of(config) == mode
    assert list(violations(config, {"m": {"PrimaryContainer": {"Image": "i"}}})) == []


@pytest.mark.parametrize(
    ("config", "said"),
    [
        (serverless(MemorySizeInMB=1025), "MemorySizeInMB 1025 is not valid: choose 1024, 2048"),
        (
            serverless(ProvisionedConcurrency=6),
            "ProvisionedConcurrency 6 must be less than or equal to MaxConcurrency 5",
        ),
        (config_of(ServerlessConfig=SERVERLESS, InstanceType="ml.g5.xlarge"), "InstanceType cannot be used together"),
        (config_of(ServerlessConfig=SERVERLESS, more={"VpcConfig": {"x": 1}}), "VpcConfig is not supported"),
        (config_of(ServerlessConfig=SERVERLESS, more={"DataCaptureConfig": {"x": 1}}), "DataCaptureConfig is not"),
        ({**ASYNCHRONOUS, "ShadowProductionVariants": [OF_INSTANCES]}, "not supported for asynchronous endpoints"),
        (
            {"ProductionVariants": [*serverless()["ProductionVariants"], {**OF_INSTANCES, "VariantName": "w"}]},
            "Multiple production variants are not supported",
        ),
    ],
)
def test_what_a_mode_excludes(config, said):
    assert said in " ".join(violations(config, {}))


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ({"VpcConfig": {"Subnets": ["s"]}}, "VpcConfig"),
        ({"EnableNetworkIsolation": True}, "EnableNetworkIsolation"),
        ({"Containers": [{"Image": "a"}, {"Image": "b"}]}, "An inference pipeline"),
        ({"PrimaryContainer": {"Mode": "MultiModel"}}, "A multi-model container"),
        ({"PrimaryContainer": {"ImageConfig": {"RepositoryAccessMode": "Vpc"}}}, "A private Docker registry"),
    ],
)
def test_models_that_cannot_be_serverless(model, said):
    assert list(violations(serverless(), {"m": model})) == [
        f"{said} is not supported for serverless endpoints (model m)."
    ]
    assert list(violations(REAL_TIME, {"m": model})) == []


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (REAL_TIME, REAL_TIME, None),
        (serverless(), serverless(MaxConcurrency=9), None),
        (serverless(), REAL_TIME, None),
        (REAL_TIME, serverless(), "cannot be converted to a serverless endpoint"),
        (ASYNCHRONOUS, ASYNCHRONOUS, None),
        (ASYNCHRONOUS, REAL_TIME, "does not have updates of asynchronous endpoints to real-time"),
        (serverless(), ASYNCHRONOUS, "does not have updates of serverless endpoints to asynchronous"),
    ],
)
def test_what_becomes_of_what(before, after, said):
    found = conversion(before, after)
    assert found is None if said is None else said in str(found)


@pytest.mark.parametrize(
    ("deployment", "said"),
    [
        ({}, []),
        ({"RollingUpdatePolicy": {"x": 1}}, ["RollingUpdatePolicy is not supported for serverless endpoints."]),
        (
            {"BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": {"CanarySize": {"Type": "INSTANCE_COUNT"}}}},
            ["CanarySize of a serverless endpoint, which has no instances, must be of the type CAPACITY_PERCENT."],
        ),
        ({"BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": {"CanarySize": {"Type": "CAPACITY_PERCENT"}}}}, []),
    ],
)
def test_deployments_of_serverless_endpoints(deployment, said):
    assert list(deployment_violations(deployment, serverless())) == said
    assert list(deployment_violations(deployment, REAL_TIME)) == []


def test_what_a_variant_begins_with():
    assert Wish.of(OF_INSTANCES) == Wish(2, 1.0)
    assert Wish.of(serverless()["ProductionVariants"][0]) == Wish(1, 1.0, SERVERLESS)
    provisioned = serverless(ProvisionedConcurrency=3)["ProductionVariants"][0]
    assert Wish.of(provisioned).instances == 3
    assert Wish.of(provisioned).desired() == {
        "DesiredWeight": 1.0,
        "DesiredServerlessConfig": {**SERVERLESS, "ProvisionedConcurrency": 3},
    }


def test_a_serverless_variant_retains_no_instances():
    class Config:
        attributes = serverless()

    config: Any = Config()
    assert wishes(config, {"v": {"instances": 9, "weight": 2.0}}) == {"v": Wish(1, 2.0, SERVERLESS)}


@pytest.mark.parametrize(
    ("wish", "dropped", "kept"),
    [
        (Wish(3, 2.0), (), {"weight": 2.0, "instances": 3}),
        (Wish(3, 2.0), ("DesiredInstanceCount",), {"weight": 2.0}),
        (Wish(3, 2.0), ("DesiredWeight", "DataCaptureConfig"), {"instances": 3}),
        (Wish(0, 2.0, SERVERLESS), (), {"weight": 2.0}),
    ],
)
def test_what_an_update_retains(wish, dropped, kept):
    assert wish.retained(dropped) == kept


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"a": {"instances": 0}}, "Only variants of asynchronous endpoints can be without an instance, and a is none."),
        ({"a": {"serverless": {"MaxConcurrency": 2}}}, "ServerlessUpdateConfig needs a serverless variant"),
        ({"s": {"instances": 2}}, "DesiredInstanceCount cannot be set for the serverless variant s."),
        ({"s": {"serverless": {"ProvisionedConcurrency": 6}}}, "must be less than or equal to MaxConcurrency 5."),
        ({"s": {"serverless": {"ProvisionedConcurrency": 5}}, "a": {"instances": 1}}, ""),
    ],
)
def test_changes_of_running_variants(change, said):
    running = {"a": Wish(1, 1.0), "s": Wish(1, 1.0, SERVERLESS)}
    found = " ".join(change_violations(change, running, asynchronous=False))
    assert said in found
    assert bool(said) == bool(found)
    if "instances" in change.get("a", {}):
        assert list(change_violations({"a": change["a"]}, running, asynchronous=True)) == []
