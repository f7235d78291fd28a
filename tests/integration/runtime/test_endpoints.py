"""Endpoints on a real twin: real serving processes, under load while they change."""

import json
import os
import signal
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.integration.runtime.conftest import Load, ask, gone, log_lines, settled, update, wait
from tests.integration.runtime.hand_made import layer, push


def test_an_endpoint_answers(twin, endpoint, config, model, image):
    described = endpoint(config(main=(model("a"), 2, 1)))
    name = described["EndpointName"]
    assert described["EndpointStatus"] == "InService"
    assert described["ProductionVariants"] == [
        {
            "VariantName": "main",
            "CurrentWeight": 1.0,
            "DesiredWeight": 1.0,
            "CurrentInstanceCount": 2,
            "DesiredInstanceCount": 2,
            "DeployedImages": [
                {
                    "SpecifiedImage": image,
                    "ResolvedImage": image,
                    "ResolutionTime": described["ProductionVariants"][0]["DeployedImages"][0]["ResolutionTime"],
                }
            ],
        }
    ]
    text, answer = ask(twin, name, "1,2")
    assert text == "a:1,2:text/csv"
    assert (answer["InvokedProductionVariant"], answer["ContentType"]) == ("main", "text/plain")
    assert len({ask(twin, name, "pid")[0] for _ in range(4)}) == 2

    environment = json.loads(ask(twin, name, "environment")[0])
    assert set(environment) <= {
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_REGION",
        "AWS_DEFAULT_REGION",
        "AWS_ENDPOINT_URL",
        "COLOUR",
        "FAIRWAY_BIND_ADDRESS",
        "FAIRWAY_ML_ROOT",
        "HOME",
        "MODE",
        "PATH",
        "PYTHONPATH",
        "SAGEMAKER_BIND_TO_PORT",
        "TMPDIR",
        "LC_CTYPE",
    }


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [("bad", 400, "row 1: nothing of this is a number"), ("broken", 500, "it broke")],
)
def test_what_the_container_refuses_is_a_model_error(  # noqa: PLR0917 -- fixtures
    twin, endpoint, config, model, body, status, message
):
    name = endpoint(config(main=(model(), 1, 1)))["EndpointName"]
    with pytest.raises(ClientError) as caught:
        ask(twin, name, body)
    answer: dict[str, Any] = {**caught.value.response}
    assert answer["Error"]["Code"] == "ModelError"
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 424
    assert (answer["OriginalStatusCode"], answer["OriginalMessage"]) == (status, message)
    kind = "client" if status < 500 else "server"
    assert f'Received {kind} error ({status}) from primary with message "{message}"' in answer["Error"]["Message"]


def test_weights_share_the_traffic_and_a_target_overrides_them(twin, endpoint, config, model):
    name = endpoint(config(old=(model("a"), 1, 3), new=(model("b"), 1, 1), none=(model("b"), 1, 0)))["EndpointName"]
    seen = Counter(ask(twin, name)[1]["InvokedProductionVariant"] for _ in range(200))
    assert seen["none"] == 0
    assert 25 <= seen["new"] <= 80  # 50 expected; five standard deviations are 31
    assert {ask(twin, name, TargetVariant="none")[1]["InvokedProductionVariant"] for _ in range(5)} == {"none"}
    with pytest.raises(ClientError, match="ValidationError"):
        ask(twin, name, TargetVariant="nowhere")


def test_a_container_that_ends_fails_the_endpoint(twin, endpoint, config, model):
    described = endpoint(config(main=(model(mode="dies"), 1, 1)))
    assert described["EndpointStatus"] == "Failed"
    assert described["FailureReason"] == (
        "The primary container for production variant main did not pass the ping health check. Please check CloudWatch "
        "logs for this endpoint."
    )
    group = f"/aws/sagemaker/Endpoints/{described['EndpointName']}"
    assert set(log_lines(twin, group, "main/i-")) == {"it dies"}


@pytest.mark.parametrize(
    ("without", "said"), [("image", "Cannot pull algorithm container."), ("objects", "Failed to download model data")]
)
def test_a_role_without_a_permission_fails_the_endpoint(  # noqa: PLR0917 -- fixtures
    twin, endpoint, config, model, execution_role, without, said
):
    name = model()
    # CreateModel looks at the artifact itself: what is taken away afterwards is found by the endpoint.
    role_name = twin.client("sagemaker").describe_model(ModelName=name)["ExecutionRoleArn"].rpartition("/")[2]
    lacking = execution_role(without).rpartition("/")[2]
    policy = twin.client("iam").get_role_policy(RoleName=lacking, PolicyName="all")["PolicyDocument"]
    twin.client("iam").put_role_policy(RoleName=role_name, PolicyName="all", PolicyDocument=json.dumps(policy))
    described = endpoint(config(main=(name, 1, 1)))
    assert described["EndpointStatus"] == "Failed"
    assert described["FailureReason"].startswith(said)


def test_a_program_that_is_missing_fails_the_endpoint(endpoint, config, model, twin, repository):
    uri = push(twin, repository, layer({"etc/hostname": b"x"}), entrypoint=("java",))
    described = endpoint(config(main=(model(uri=uri), 1, 1)))
    assert described["FailureReason"].startswith(
        "CannotStartContainerError. Please ensure the model container for variant main starts correctly when invoked "
        "with 'docker run <image> serve'."
    )


def test_an_update_loses_no_request(twin, endpoint, config, model):
    name = endpoint(config(main=(model("a"), 1, 1)))["EndpointName"]
    new = config(main=(model("b"), 2, 1))
    with Load(twin, name) as load:
        wait(lambda: dict(load.answers), lambda answers: answers.get("a", 0) > 10)
        described = update(twin, name, new)
        before = load.answers["b"]
        wait(lambda: dict(load.answers), lambda answers: answers.get("b", 0) > before + 10)
    assert load.failures == []
    assert (described["EndpointStatus"], described["EndpointConfigName"]) == ("InService", new)
    assert described["ProductionVariants"][0]["CurrentInstanceCount"] == 2
    assert ask(twin, name)[0].startswith("b")


def test_an_update_that_fails_leaves_everything_as_it_was(twin, endpoint, config, model):
    old = config(main=(model("a"), 1, 1))
    name = endpoint(old)["EndpointName"]
    with Load(twin, name) as load:
        described = update(twin, name, config(main=(model("b", mode="dies"), 1, 1)))
    assert load.failures == []
    assert set(load.answers) == {"a"}
    assert (described["EndpointStatus"], described["EndpointConfigName"]) == ("InService", old)
    assert "did not pass the ping health check" in described["FailureReason"]
    assert update(twin, name, config(main=(model("b"), 1, 1))).get("FailureReason") is None


def test_an_update_may_keep_the_number_of_instances(twin, endpoint, config, model):
    name = endpoint(config(main=(model("a"), 2, 3)))["EndpointName"]
    twin.client("sagemaker").update_endpoint(
        EndpointName=name,
        EndpointConfigName=config(main=(model("b"), 1, 1)),
        RetainAllVariantProperties=True,
        ExcludeRetainedVariantProperties=[{"VariantPropertyType": "DesiredWeight"}],
    )
    variant = settled(twin, name)["ProductionVariants"][0]
    assert (variant["CurrentInstanceCount"], variant["CurrentWeight"]) == (2, 1.0)
    assert ask(twin, name)[0].startswith("b")


def test_an_instance_that_dies_is_replaced(twin, endpoint, config, model):
    name = endpoint(config(main=(model(), 2, 1)))["EndpointName"]
    before = {ask(twin, name, "pid")[0] for _ in range(4)}
    dead = min(before)

    def answering() -> set[str]:
        try:
            return {ask(twin, name, "pid")[0] for _ in range(4)}
        except twin.client("sagemaker-runtime").exceptions.ModelError:  # one of these, too, may have been its last
            return set()

    with Load(twin, name) as load:
        os.kill(int(dead), signal.SIGKILL)
        wait(lambda: {"pids": answering()}, lambda now: len(now["pids"]) == 2 and dead not in now["pids"])
    # What the dead container was working on, one request for each client, is lost with it, on AWS too; nothing else is.
    assert len(load.failures) <= 3
    assert all("ModelError" in failure for failure in load.failures)


def test_an_instance_that_dies_of_a_request_is_a_model_error(twin, endpoint, config, model):
    name = endpoint(config(main=(model(), 1, 1)))["EndpointName"]
    with pytest.raises(ClientError) as caught:
        ask(twin, name, "die")
    assert caught.value.response["Error"]["Code"] == "ModelError"


def test_metrics_of_a_variant(twin, endpoint, config, model):
    name = endpoint(config(main=(model(), 2, 1)))["EndpointName"]
    for body in ["1", "2", "bad", "broken"]:
        try:
            ask(twin, name, body)
        except ClientError:
            continue

    def metric(metric_name, statistic):
        points = twin.client("cloudwatch").get_metric_statistics(
            Namespace="AWS/SageMaker",
            MetricName=metric_name,
            Period=60,
            Statistics=[statistic],
            Dimensions=[{"Name": "EndpointName", "Value": name}, {"Name": "VariantName", "Value": "main"}],
            StartTime=datetime.now(UTC) - timedelta(minutes=5),
            EndTime=datetime.now(UTC) + timedelta(minutes=1),
        )["Datapoints"]
        return sum(point[statistic] for point in points)

    wait(lambda: {"sum": metric("Invocations", "Sum")}, lambda seen: seen["sum"] == 4)
    assert metric("InvocationsPerInstance", "Sum") == 2
    assert metric("Invocation4XXErrors", "Sum") == 1
    assert metric("Invocation5XXErrors", "Sum") == 1
    assert metric("InvocationModelErrors", "Sum") == 2
    assert metric("ModelLatency", "SampleCount") == 4
    assert 100 < metric("ModelLatency", "Sum") / 4 < 1_000_000  # microseconds
    assert metric("OverheadLatency", "SampleCount") == 4


def test_a_deleted_endpoint_is_gone_with_its_processes(twin, unique, config, model):
    sagemaker, name, before = twin.client("sagemaker"), unique("endpoint"), set(twin.processes())
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=config(main=(model(), 2, 1)))
    settled(twin, name)
    assert len(set(twin.processes()) - before) == 2
    sagemaker.delete_endpoint(EndpointName=name)
    gone(twin, name)
    assert set(twin.processes()) - before == set()
    assert not list((twin.directory / "endpoints").glob(f"*{name}/*"))
    with pytest.raises(ClientError, match="not found"):
        ask(twin, name)


def processor_seconds(pid):
    """What a process has used so far (proc(5): stat, fields 14 and 15)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_an_idle_endpoint_costs_next_to_nothing(twin, endpoint, config, model):
    endpoint(config(main=(model(), 2, 1)))
    time.sleep(1)
    before = processor_seconds(twin.process.pid)
    time.sleep(6)  # a ping of each instance is among it
    assert processor_seconds(twin.process.pid) - before < 0.12  # 2 % of one core


def test_a_variant_is_scaled_out_and_in_without_losing_a_request(twin, endpoint, config, model):
    sagemaker = twin.client("sagemaker")
    name = endpoint(config(main=(model("a"), 1, 1)))["EndpointName"]

    def scale(count):
        wanted = [{"VariantName": "main", "DesiredInstanceCount": count}]
        sagemaker.update_endpoint_weights_and_capacities(EndpointName=name, DesiredWeightsAndCapacities=wanted)
        if count > 1:  # to end instances may take less time than to ask
            assert sagemaker.describe_endpoint(EndpointName=name)["EndpointStatus"] == "Updating"
            with pytest.raises(ClientError, match="Cannot update in-progress endpoint"):
                sagemaker.update_endpoint_weights_and_capacities(EndpointName=name, DesiredWeightsAndCapacities=wanted)
        variant = settled(twin, name)["ProductionVariants"][0]
        return variant["CurrentInstanceCount"], variant["DesiredInstanceCount"]

    with Load(twin, name) as load:
        assert scale(3) == (3, 3)
        assert len({ask(twin, name, "pid")[0] for _ in range(12)}) == 3
        assert scale(1) == (1, 1)
        assert len({ask(twin, name, "pid")[0] for _ in range(12)}) == 1
    assert load.failures == []
    assert load.answers["a"] > 0


def test_weights_are_changed_while_an_endpoint_serves(twin, endpoint, config, model):
    sagemaker = twin.client("sagemaker")
    name = endpoint(config(old=(model("a"), 1, 1), new=(model("b"), 1, 0)))["EndpointName"]
    assert {ask(twin, name)[0][0] for _ in range(10)} == {"a"}
    wanted = [{"VariantName": "old", "DesiredWeight": 0}, {"VariantName": "new", "DesiredWeight": 2}]
    sagemaker.update_endpoint_weights_and_capacities(EndpointName=name, DesiredWeightsAndCapacities=wanted)
    weights = {v["VariantName"]: v["CurrentWeight"] for v in settled(twin, name)["ProductionVariants"]}
    assert weights == {"old": 0, "new": 2}
    assert {ask(twin, name)[0][0] for _ in range(10)} == {"b"}
    with pytest.raises(ClientError, match=r'The variant name\(s\) "x" is/are not present within endpoint config'):
        sagemaker.update_endpoint_weights_and_capacities(
            EndpointName=name, DesiredWeightsAndCapacities=[{"VariantName": "x", "DesiredWeight": 1}]
        )
