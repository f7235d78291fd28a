"""Serverless endpoints on a real twin: environments that requests start, and what SageMaker does not let them be."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.integration.modes.endpoints import metric
from tests.integration.modes.serverless.conftest import ONE
from tests.integration.runtime.conftest import log_lines, settled, wait

from fairway.twin import watchdog


def processes(twin, name):
    """The processes of an endpoint's environments."""
    return watchdog.processes_of(str(twin.directory / "endpoints" / f"{twin.account}-{twin.region}-{name}"))


def at_rest(twin, name):
    """Wait until no environment is left."""
    wait(lambda: {"left": processes(twin, name)}, lambda answer: not answer["left"])


def test_no_process_at_rest_and_a_cold_start_for_the_next_request(twin, serverless, ask):
    name = serverless(MaxConcurrency=2)
    [variant] = twin.client("sagemaker").describe_endpoint(EndpointName=name)["ProductionVariants"]
    settings = {**ONE, "MaxConcurrency": 2}
    assert (variant["CurrentServerlessConfig"], variant["DesiredServerlessConfig"]) == (settings, settings)
    assert (variant["CurrentInstanceCount"], "DesiredInstanceCount" in variant) == (0, False)
    first = ask(name)  # the environment that tried the container is warm
    assert ask(name) == first
    at_rest(twin, name)
    second = ask(name)
    assert second != first
    assert ask(name) == second
    of = {"EndpointName": name, "VariantName": "main"}
    metric(twin, "Invocations", "Sum", until=lambda value: value == 4, **of)
    setup, unit = metric(twin, "ModelSetupTime", "Maximum", **of)
    overhead, _ = metric(twin, "OverheadLatency", "Maximum", **of)
    assert unit == "Microseconds"
    assert 0 < setup <= overhead * 1.01  # a cold start is overhead, but for the digits that both lose
    used, unit = metric(twin, "MemoryUtilization", "Maximum", namespace="/aws/sagemaker/Endpoints", **of)
    assert (0 < used < 100, unit) == (True, "Percent")
    assert metric(twin, "ServerlessConcurrentExecutionsUtilization", "Maximum", **of) == (0.5, "None")
    wait(
        lambda: {"lines": log_lines(twin, f"/aws/sagemaker/Endpoints/{name}", "main/")},
        lambda answer: answer["lines"] == ["it starts"] * 2,
    )


def test_one_request_in_an_environment_and_no_more_than_the_maximum(serverless, ask):
    name = serverless(MaxConcurrency=3)
    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(ask, name, "sleep:2") for _ in range(8)]
        for one in asked:
            one.exception()
    failed = [one.exception() for one in asked if one.exception()]
    assert len({one.result() for one in asked if not one.exception()}) == 3  # each in a process of its own
    assert len(failed) == 5
    for error in failed:
        assert isinstance(error, ClientError)
        answer = error.response
        assert (answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]) == ("ThrottlingException", 429)
    assert ask(name)


def test_provisioned_environments_stay(twin, serverless, ask):
    name = serverless(MaxConcurrency=4, ProvisionedConcurrency=2)
    assert len(processes(twin, name)) == 2
    with pytest.raises(ClientError, match="ModelError"):
        ask(name, "die")
    wait(lambda: {"left": processes(twin, name)}, lambda answer: len(answer["left"]) == 2)
    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(lambda _: ask(name, "sleep:1"), range(4)))) == 4
    of = {"EndpointName": name, "VariantName": "main"}
    metric(twin, "ServerlessProvisionedConcurrencySpilloverInvocations", "Sum", until=lambda value: value == 2, **of)


def test_an_environment_above_its_memory_is_ended(twin, serverless, ask):
    name = serverless()
    first = ask(name)
    with pytest.raises(ClientError) as caught:
        ask(name, "eat:1100")
    answer: dict[str, Any] = {**caught.value.response}
    assert (answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]) == ("ModelError", 424)
    assert "This can occur when CPU or memory utilization is high." in answer["OriginalMessage"]
    assert ask(name) != first
    group = f"/aws/sagemaker/Endpoints/{name}"
    wait(
        lambda: {"lines": log_lines(twin, group, "main/")},
        lambda found: "The environment used more than its 1024 MB of memory and was ended." in found["lines"],
    )


def test_a_request_has_four_megabytes_at_most(serverless, ask):
    name = serverless()
    assert ask(name, "x" * 4 * 1024 * 1024).startswith("a:x")
    with pytest.raises(ClientError, match="length less than or equal to 4194304"):
        ask(name, "x" * (4 * 1024 * 1024 + 1))


def test_a_container_that_does_not_start_fails_the_endpoint(twin, endpoint, config, model):
    described = endpoint(config(model(environment={"MODE": "dies"}), ServerlessConfig=ONE))
    assert described["EndpointStatus"] == "Failed"
    assert "did not pass the ping health check" in described["FailureReason"]
    at_rest(twin, described["EndpointName"])


@pytest.mark.parametrize(
    ("variant", "more", "said"),
    [
        ({"MemorySizeInMB": 1500}, {}, "MemorySizeInMB 1500 is not valid"),
        ({"ProvisionedConcurrency": 2}, {}, "must be less than or equal to MaxConcurrency 1"),
        ({"MemorySizeInMB": 7168}, {}, "memorySizeInMB"),
        ({"MaxConcurrency": 201}, {}, "maxConcurrency"),
        (
            {},
            {
                "DataCaptureConfig": {
                    "InitialSamplingPercentage": 1,
                    "DestinationS3Uri": "s3://b/c",
                    "CaptureOptions": [{"CaptureMode": "Input"}],
                }
            },
            "DataCaptureConfig is not supported for serverless endpoints.",
        ),
        (
            {},
            {"AsyncInferenceConfig": {"OutputConfig": {"S3OutputPath": "s3://b/out"}}},
            "AsyncInferenceConfig is not supported for serverless endpoints.",
        ),
    ],
)
def test_what_a_configuration_may_not_hold(config, model, variant, more, said):
    with pytest.raises(ClientError, match="ValidationException") as caught:
        config(model(), ServerlessConfig={**ONE, **variant}, more=more)
    assert said.lower() in str(caught.value).lower()


def test_a_model_in_a_network_of_its_own_is_refused(config, model):
    name = model(VpcConfig={"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-1"]})
    with pytest.raises(ClientError, match="VpcConfig is not supported for serverless endpoints"):
        config(name, ServerlessConfig=ONE)


def test_updates_between_configurations_under_load(twin, serverless, config, model, ask):
    sagemaker = twin.client("sagemaker")
    name = serverless(MaxConcurrency=5)
    end, answers, failures = threading.Event(), [], []

    def load():
        while not end.is_set():
            try:
                answers.append(ask(name, "1")[0])
            except ClientError as error:
                failures.append(error)

    thread = threading.Thread(target=load)
    thread.start()
    policy = {
        "BlueGreenUpdatePolicy": {
            "TrafficRoutingConfiguration": {
                "Type": "CANARY",
                "WaitIntervalInSeconds": 60,
                "CanarySize": {"Type": "CAPACITY_PERCENT", "Value": 20},
            }
        }
    }
    newer = config(model("b"), ServerlessConfig={**ONE, "MaxConcurrency": 4, "MemorySizeInMB": 2048})
    sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=newer, DeploymentConfig=policy)
    described = settled(twin, name)
    end.set()
    thread.join()
    assert (described["EndpointStatus"], described["EndpointConfigName"], failures) == ("InService", newer, [])
    assert set(answers) == {"a", "b"}
    assert ask(name, "1") == "b:1"
    dead = config(model(environment={"MODE": "dies"}), ServerlessConfig=ONE)
    sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=dead)
    described = settled(twin, name)
    assert (described["EndpointStatus"], described["EndpointConfigName"]) == ("InService", newer)
    assert "did not pass the ping health check" in described["FailureReason"]
    rolling = {"MaximumBatchSize": {"Type": "CAPACITY_PERCENT", "Value": 50}, "WaitIntervalInSeconds": 0}
    with pytest.raises(ClientError, match="RollingUpdatePolicy is not supported for serverless endpoints"):
        sagemaker.update_endpoint(
            EndpointName=name, EndpointConfigName=newer, DeploymentConfig={"RollingUpdatePolicy": rolling}
        )


def test_serverless_becomes_real_time_and_never_again_serverless(twin, serverless, config, model, ask):
    sagemaker, name = twin.client("sagemaker"), serverless()
    of_before = sagemaker.describe_endpoint(EndpointName=name)["EndpointConfigName"]
    sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=config(model("b")))
    [variant] = settled(twin, name)["ProductionVariants"]
    assert (variant["CurrentInstanceCount"], "CurrentServerlessConfig" in variant) == (1, False)
    assert ask(name, "1") == "b:1"
    with pytest.raises(ClientError, match="cannot be converted to a serverless endpoint"):
        sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=of_before)


def test_its_concurrency_is_changed_in_place(twin, serverless):
    sagemaker, name = twin.client("sagemaker"), serverless()

    def change(**serverless_config):
        sagemaker.update_endpoint_weights_and_capacities(
            EndpointName=name,
            DesiredWeightsAndCapacities=[{"VariantName": "main", "ServerlessUpdateConfig": serverless_config}],
        )
        return settled(twin, name)["ProductionVariants"][0]["CurrentServerlessConfig"]

    assert change(MaxConcurrency=4, ProvisionedConcurrency=2) == {
        "MemorySizeInMB": 1024,
        "MaxConcurrency": 4,
        "ProvisionedConcurrency": 2,
    }
    assert len(processes(twin, name)) == 2
    with pytest.raises(ClientError, match="must be less than or equal to MaxConcurrency 1"):
        change(MaxConcurrency=1)
    with pytest.raises(ClientError, match="DesiredInstanceCount cannot be set for the serverless variant main"):
        sagemaker.update_endpoint_weights_and_capacities(
            EndpointName=name,
            DesiredWeightsAndCapacities=[{"VariantName": "main", "DesiredInstanceCount": 2}],
        )


def test_its_events_say_the_same_as_those_of_others(twin, serverless, heard):
    name = serverless()
    arn = twin.client("sagemaker").describe_endpoint(EndpointName=name)["EndpointArn"]
    found = wait(lambda: {"events": heard(arn)}, lambda answer: len(answer["events"]) == 2)
    assert [event["detail"]["EndpointStatus"] for event in found["events"]] == ["CREATING", "IN_SERVICE"]
    [variant] = found["events"][1]["detail"]["ProductionVariants"]
    assert json.loads(json.dumps(variant))["CurrentServerlessConfig"] == ONE
