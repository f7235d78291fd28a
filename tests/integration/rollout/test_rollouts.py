"""Every strategy with every fate of a release, under load: how it ends, and what the clients saw of it."""

import time
from datetime import datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.integration.rollout.conftest import BAKE, SPEED
from tests.integration.runtime.conftest import Load, ask, settled, update, wait

PING = "The primary container for production variant main did not pass the ping health check."


def percent(value):
    return {"Type": "CAPACITY_PERCENT", "Value": value}


def blue_green(kind, **size):
    routing = {"Type": kind, "WaitIntervalInSeconds": BAKE, **size}
    return {"BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": routing, "TerminationWaitInSeconds": BAKE}}


# The policy, the first share of the traffic, and how often it bakes.
STRATEGIES: dict[str, tuple[dict[str, Any], float, int]] = {
    "all at once": (blue_green("ALL_AT_ONCE"), 1.0, 1),
    "canary": (blue_green("CANARY", CanarySize=percent(20)), 0.2, 2),
    "linear": (blue_green("LINEAR", LinearStepSize=percent(50)), 0.5, 2),
    "rolling": (
        {"RollingUpdatePolicy": {"MaximumBatchSize": percent(50), "WaitIntervalInSeconds": BAKE}},
        0.5,
        2,
    ),
}
FATES = {"good": "", "dies at load": "dies", "slow": "slow", "5xx": "broken"}


def guarded(policy, alarm_names):
    return {**policy, "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": name} for name in alarm_names]}}


@pytest.mark.parametrize("fate", FATES)
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_outcome(twin, endpoint, config, model, alarms, strategy, fate):  # noqa: PLR0917 -- fixtures
    policy, share, bakes = STRATEGIES[strategy]
    old, new = config(main=(model("a"), 2, 1)), config(main=(model("b", mode=FATES[fate]), 2, 1))
    name = endpoint(old)["EndpointName"]
    deployment = guarded(policy, alarms(name))
    before = {int(ask(twin, name, "pid")[0]) for _ in range(4)}
    with Load(twin, name) as load:
        wait(lambda: dict(load.answers), lambda answers: answers.get("a", 0) > 10)
        sent, start = load.sent, time.monotonic()
        described = update(twin, name, new, DeploymentConfig=deployment)
        seconds, sent = time.monotonic() - start, load.sent - sent
    assert described["EndpointStatus"] == "InService"
    assert "PendingDeploymentSummary" not in described
    assert described["LastDeploymentConfig"] == deployment
    assert described["ProductionVariants"][0]["CurrentInstanceCount"] == 2
    if fate == "good":
        assert described["EndpointConfigName"] == new
        assert "FailureReason" not in described
        assert seconds >= bakes * BAKE / SPEED
        assert ask(twin, name)[0].startswith("b")
    else:
        assert described["EndpointConfigName"] == old
        assert ask(twin, name)[0].startswith("a")
        reason = described["FailureReason"]
        expected = {"dies at load": PING, "slow": f"{name}-latency (Thr", "5xx": f"{name}-errors (Thr"}[fate]
        assert expected in reason
    if fate == "5xx":
        assert all("ModelError" in failure for failure in load.failures)
        assert len(load.failures) <= share * sent + 3
    else:
        assert load.failures == []
    if strategy != "rolling" and fate != "good":
        assert {int(ask(twin, name, "pid")[0]) for _ in range(4)} == before  # the old fleet has stayed


def stages_of(twin, name):
    """All that DescribeEndpoint shows until the rollout is over."""
    sagemaker = twin.client("sagemaker")
    seen: list[dict[str, Any]] = []
    while True:
        described = sagemaker.describe_endpoint(EndpointName=name)
        if described["EndpointStatus"] != "Updating":
            return seen
        if "PendingDeploymentSummary" in described:
            seen.append(described)
        time.sleep(0.02)


def test_the_stages_are_shown_and_the_traffic_is_shared_to_the_request(twin, endpoint, config, model):
    old, new = config(main=(model("a"), 3, 1)), config(main=(model("b"), 3, 1))
    name = endpoint(old)["EndpointName"]
    policy = blue_green("CANARY", CanarySize=percent(7))
    policy["BlueGreenUpdatePolicy"]["TerminationWaitInSeconds"] = 60
    twin.client("sagemaker").update_endpoint(EndpointName=name, EndpointConfigName=new, DeploymentConfig=policy)

    def status():
        pending = twin.client("sagemaker").describe_endpoint(EndpointName=name).get("PendingDeploymentSummary", {})
        return {"status": [v["VariantStatus"][0]["Status"] for v in pending.get("ProductionVariants", ())]}

    wait(status, lambda now: now["status"] == ["Baking"])
    answers = [ask(twin, name)[0][0] for _ in range(100)]
    assert answers.count("b") == 7
    seen = stages_of(twin, name)
    assert {described["EndpointConfigName"] for described in seen} == {old}
    pending = [described["PendingDeploymentSummary"] for described in seen]
    assert {summary["EndpointConfigName"] for summary in pending} == {new}
    assert all(isinstance(summary["StartTime"], datetime) for summary in pending)
    variants = [summary["ProductionVariants"][0] for summary in pending]
    messages = list(dict.fromkeys(variant["VariantStatus"][0]["StatusMessage"] for variant in variants))
    assert (
        messages[0]
        == "Baking for 90 seconds (WaitIntervalInSeconds) with traffic enabled on canary capacity of 1 instance(s)."
    )
    assert (
        messages[-1]
        == "Baking for 60 seconds (TerminationWaitInSeconds) with traffic enabled on full capacity of 3 instance(s)."
    )
    assert variants[0]["DesiredInstanceCount"] == variants[0]["CurrentInstanceCount"] == 3
    assert settled(twin, name)["EndpointConfigName"] == new


ROLLING = {"RollingUpdatePolicy": {"MaximumBatchSize": percent(33), "WaitIntervalInSeconds": 60}}


@pytest.fixture
def half_rolled(twin, endpoint, config, model, alarms, ring):  # noqa: PLR0917 -- fixtures
    """Roll an endpoint of three to another model; once two of the old are gone `regret` lets an alarm ring."""
    old, new = config(main=(model("a"), 3, 1)), config(main=(model("b"), 3, 1))
    name = endpoint(old)["EndpointName"]
    names = alarms(name)
    sagemaker = twin.client("sagemaker")

    def regret():
        wait(
            lambda: sagemaker.describe_endpoint(EndpointName=name),
            lambda now: now["ProductionVariants"][0]["CurrentInstanceCount"] == 1,
        )
        ring(names[0])
        return settled(twin, name)

    deployment = guarded(ROLLING, names)
    sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=new, DeploymentConfig=deployment)
    return name, old, regret


def test_a_rolling_update_is_rolled_back_to_the_size_that_it_had(twin, half_rolled):
    name, old, regret = half_rolled
    with Load(twin, name) as load:
        described = regret()
    assert load.failures == []
    assert load.answers["b"] > 0
    assert (described["EndpointStatus"], described["EndpointConfigName"]) == ("InService", old)
    assert described["ProductionVariants"][0]["CurrentInstanceCount"] == 3
    assert "no datapoints were received" in described["FailureReason"]
    answers = [ask(twin, name, "pid")[0] for _ in range(9)]
    assert len(set(answers)) == 3
    assert {ask(twin, name)[0][0] for _ in range(6)} == {"a"}


def test_a_rollback_that_fails_leaves_a_mix_that_serves(twin, half_rolled, config, model):
    name, old, regret = half_rolled
    (first, *_) = sorted(twin.directory.glob(f"endpoints/*{name}/*"), key=lambda fleet: fleet.stat().st_mtime)
    next(first.glob("*/model.tar.gz")).write_bytes(b"no archive any more")
    with Load(twin, name) as load:
        described = regret()
    assert load.failures == []
    assert (described["EndpointStatus"], described["EndpointConfigName"]) == ("UpdateRollbackFailed", old)
    assert "The rollback failed: CannotStartContainerError" in described["FailureReason"]
    assert {ask(twin, name)[0][0] for _ in range(6)} == {"a", "b"}
    new = config(main=(model("b"), 1, 1))
    assert update(twin, name, new)["EndpointConfigName"] == new
    wait(lambda: {"fleets": list(twin.directory.glob(f"endpoints/*{name}/*"))}, lambda now: len(now["fleets"]) == 1)


def test_a_rolling_update_never_has_more_than_a_batch_too_many(twin, endpoint, config, model):
    old, new = config(main=(model("a"), 3, 1)), config(main=(model("b"), 3, 1))
    name, others = endpoint(old)["EndpointName"], len(twin.processes()) - 3
    policy = {"RollingUpdatePolicy": {"MaximumBatchSize": percent(33), "WaitIntervalInSeconds": 30}}
    twin.client("sagemaker").update_endpoint(EndpointName=name, EndpointConfigName=new, DeploymentConfig=policy)
    most, fewest = 0, 9
    while twin.client("sagemaker").describe_endpoint(EndpointName=name)["EndpointStatus"] == "Updating":
        running = len(twin.processes()) - others
        most, fewest = max(most, running), min(fewest, running)
    assert (most, fewest) == (4, 3)
    assert settled(twin, name)["EndpointConfigName"] == new
    assert {ask(twin, name)[0][0] for _ in range(6)} == {"b"}


def test_a_rollout_starts_with_as_many_instances_as_run(twin, endpoint, config, model):
    sagemaker = twin.client("sagemaker")
    name = endpoint(config(main=(model("a"), 1, 1)))["EndpointName"]
    wanted = [{"VariantName": "main", "DesiredInstanceCount": 4}]
    sagemaker.update_endpoint_weights_and_capacities(EndpointName=name, DesiredWeightsAndCapacities=wanted)
    settled(twin, name)
    new = config(main=(model("b"), 1, 1))
    described = update(
        twin, name, new, RetainAllVariantProperties=True, DeploymentConfig=blue_green("CANARY", CanarySize=percent(25))
    )
    assert described["EndpointConfigName"] == new
    assert described["ProductionVariants"][0]["CurrentInstanceCount"] == 4


def test_the_last_deployment_configuration_can_be_used_again(twin, endpoint, config, model):
    name = endpoint(config(main=(model("a"), 1, 1)))["EndpointName"]
    policy = blue_green("CANARY", CanarySize=percent(10))
    policy["BlueGreenUpdatePolicy"]["TrafficRoutingConfiguration"]["WaitIntervalInSeconds"] = 30
    update(twin, name, config(main=(model("b"), 1, 1)), DeploymentConfig=policy)
    start = time.monotonic()
    described = update(twin, name, config(main=(model("a"), 1, 1)), RetainDeploymentConfig=True)
    assert time.monotonic() - start >= 2 * 30 / SPEED
    assert described["LastDeploymentConfig"] == policy


def test_each_stage_is_an_event(twin, heard, endpoint, config, model):
    described = endpoint(config(main=(model("a"), 1, 1)))
    new = config(main=(model("b"), 1, 1))
    update(twin, described["EndpointName"], new, DeploymentConfig=ROLLING)
    said = wait(
        lambda: {"events": heard(described["EndpointArn"])},
        lambda found: any(event["detail"]["EndpointConfigName"] == new for event in found["events"]),
    )["events"]
    stages = [
        event["detail"]["PendingDeploymentSummary"]["ProductionVariants"][0]["VariantStatus"][0]["Status"]
        for event in said
        if event["detail-type"] == "SageMaker Endpoint Deployment State Change"
    ]
    assert stages == ["Updating", "ActivatingTraffic", "Baking"]
    statuses = [e["detail"]["EndpointStatus"] for e in said if e["detail-type"] == "SageMaker Endpoint State Change"]
    assert statuses[-2:] == ["UPDATING", "IN_SERVICE"]


def test_during_a_rollout_nothing_else_is_taken(twin, endpoint, config, model):
    sagemaker = twin.client("sagemaker")
    old, new = config(main=(model("a"), 1, 1)), config(main=(model("b"), 1, 1))
    name = endpoint(old)["EndpointName"]
    sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=new, DeploymentConfig=blue_green("ALL_AT_ONCE"))
    with pytest.raises(ClientError, match="Cannot update in-progress endpoint"):
        sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=old)
    with pytest.raises(ClientError, match="Cannot delete in-progress endpoint"):
        sagemaker.delete_endpoint(EndpointName=name)
    assert settled(twin, name)["EndpointConfigName"] == new


@pytest.mark.parametrize(
    ("policy", "said"),
    [
        (blue_green("CANARY", CanarySize=percent(60)), "CanarySize must be less than or equal to 50%"),
        (blue_green("LINEAR"), "LinearStepSize is required"),
        (guarded({}, ["nowhere"]), "The alarm nowhere in AutoRollbackConfiguration does not exist."),
    ],
)
def test_a_refused_deployment_changes_nothing(twin, endpoint, config, model, policy, said):  # noqa: PLR0917 -- fixtures
    old, new = config(main=(model("a"), 1, 1)), config(main=(model("b"), 1, 1))
    name = endpoint(old)["EndpointName"]
    with pytest.raises(ClientError, match=said):
        update(twin, name, new, DeploymentConfig=policy)
    described = twin.client("sagemaker").describe_endpoint(EndpointName=name)
    assert (described["EndpointStatus"], described["EndpointConfigName"]) == ("InService", old)
    assert "LastDeploymentConfig" not in described


def test_an_endpoint_is_not_made_with_a_deployment_that_could_not_be(twin, unique, config, model):
    sagemaker, name = twin.client("sagemaker"), unique("endpoint")
    deployment = blue_green("CANARY", CanarySize=percent(60))
    with pytest.raises(ClientError, match="CanarySize must be less than or equal to 50%"):
        sagemaker.create_endpoint(
            EndpointName=name, EndpointConfigName=config(main=(model("a"), 1, 1)), DeploymentConfig=deployment
        )
    assert sagemaker.list_endpoints(NameContains=name)["Endpoints"] == []


def test_an_alarm_that_rings_already_ends_the_deployment_at_once(  # noqa: PLR0917 -- fixtures
    twin, endpoint, config, model, alarms, ring
):
    old, new = config(main=(model("a"), 1, 1)), config(main=(model("b"), 1, 1))
    name = endpoint(old)["EndpointName"]
    names = alarms(name)
    ring(names[0])
    before = twin.processes()
    described = update(twin, name, new, DeploymentConfig=guarded(blue_green("ALL_AT_ONCE"), names))
    assert described["EndpointConfigName"] == old
    assert "no datapoints were received for 1 period" in described["FailureReason"]
    assert twin.processes() == before


def test_a_role_that_may_not_read_the_alarms_ends_the_deployment(twin, endpoint, config, model, alarms):
    old, new = config(main=(model("a"), 1, 1)), config(main=(model("b", without="alarms"), 1, 1))
    name = endpoint(old)["EndpointName"]
    described = update(twin, name, new, DeploymentConfig=guarded(blue_green("ALL_AT_ONCE"), alarms(name)))
    assert described["EndpointConfigName"] == old
    assert "is not authorized to perform: cloudwatch:DescribeAlarms" in described["FailureReason"]


def test_an_instance_that_dies_again_and_again_rolls_back(twin, endpoint, config, model):
    old, new = config(main=(model("a"), 1, 1)), config(main=(model("b", mode="mortal"), 1, 1))
    name = endpoint(old)["EndpointName"]
    policy = blue_green("CANARY", CanarySize=percent(30))
    policy["BlueGreenUpdatePolicy"]["TrafficRoutingConfiguration"]["WaitIntervalInSeconds"] = 1200
    with Load(twin, name) as load:
        described = update(twin, name, new, DeploymentConfig=policy)
    assert described["EndpointConfigName"] == old
    assert PING in described["FailureReason"]
    assert load.answers["a"] > 0
