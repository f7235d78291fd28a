"""Which deployment configurations are refused, and in what words."""

import pytest

from fairway.twin.runtime.rollout_rules import missing_alarms, violations


def percent(value):
    return {"Type": "CAPACITY_PERCENT", "Value": value}


def count(value):
    return {"Type": "INSTANCE_COUNT", "Value": value}


def blue_green(kind, wait=60, *, final=0, limit=None, **size):
    policy = {
        "TrafficRoutingConfiguration": {"Type": kind, "WaitIntervalInSeconds": wait, **size},
        "TerminationWaitInSeconds": final,
    }
    return {"BlueGreenUpdatePolicy": policy | ({"MaximumExecutionTimeoutInSeconds": limit} if limit else {})}


def rolling(size, wait=60, **more):
    return {"RollingUpdatePolicy": {"MaximumBatchSize": size, "WaitIntervalInSeconds": wait, **more}}


@pytest.mark.parametrize(
    ("deployment", "instances"),
    [
        ({}, 1),
        (blue_green("ALL_AT_ONCE"), 1),
        (blue_green("CANARY", CanarySize=percent(50)), 1),
        (blue_green("CANARY", CanarySize=percent(1)), 1),
        (blue_green("CANARY", CanarySize=count(1)), 2),
        (blue_green("LINEAR", LinearStepSize=percent(10)), 1),
        (blue_green("LINEAR", LinearStepSize=count(1)), 10),
        (rolling(percent(5)), 1),
        (rolling(percent(50), RollbackMaximumBatchSize=percent(100)), 1),
        (rolling(count(1)), 2),
        (blue_green("CANARY", 600, CanarySize=percent(30), final=600, limit=1800), 1),
    ],
)
def test_what_is_taken(deployment, instances):
    assert list(violations(deployment, {"main": instances})) == []


@pytest.mark.parametrize(
    ("deployment", "instances", "said"),
    [
        ({**blue_green("ALL_AT_ONCE"), **rolling(percent(50))}, 1, "Only one update policy should be used"),
        (blue_green("CANARY"), 1, "CanarySize is required when the traffic routing type is CANARY."),
        (blue_green("LINEAR"), 1, "LinearStepSize is required when the traffic routing type is LINEAR."),
        (blue_green("ALL_AT_ONCE", CanarySize=percent(5)), 1, "CanarySize cannot be used when"),
        (
            blue_green("CANARY", CanarySize=percent(5), LinearStepSize=percent(10)),
            1,
            "LinearStepSize cannot be used when the traffic routing type is CANARY.",
        ),
        (
            blue_green("CANARY", CanarySize=percent(51)),
            9,
            (
                "CanarySize must be less than or equal to 50% of the variant's total instance count. Variant main was "
                "given 51%."
            ),
        ),
        (blue_green("CANARY", CanarySize=count(1)), 1, "Variant main was given 1 of 1 instance(s)."),
        (blue_green("LINEAR", LinearStepSize=percent(9)), 1, "LinearStepSize must be 10-50% of the variant's total"),
        (blue_green("LINEAR", LinearStepSize=percent(51)), 1, "LinearStepSize must be 10-50%"),
        (blue_green("LINEAR", LinearStepSize=count(1)), 11, "LinearStepSize must be 10-50%"),
        (rolling(percent(4)), 1, "MaximumBatchSize must be between 5% to 50% of the variant's total instance count."),
        (rolling(percent(51)), 1, "MaximumBatchSize must be between 5% to 50%"),
        (rolling(count(2)), 3, "MaximumBatchSize must be between 5% to 50%"),
        (rolling(percent(50), RollbackMaximumBatchSize=percent(101)), 1, "RollbackMaximumBatchSize must be at most"),
        (
            blue_green("ALL_AT_ONCE", 300, final=300, limit=600),
            1,
            "MaximumExecutionTimeoutInSeconds should be larger than the total waiting time specified in",
        ),
        (rolling(percent(50), 600, MaximumExecutionTimeoutInSeconds=600), 1, "should be larger than the waiting time"),
    ],
)
def test_what_is_refused(deployment, instances, said):
    (sentence,) = violations(deployment, {"main": instances})
    assert said in sentence


def test_alarms_must_be_there():
    deployment = {"AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "there"}, {"AlarmName": "gone"}]}}
    assert list(missing_alarms(deployment, lambda name: name == "there")) == [
        "The alarm gone in AutoRollbackConfiguration does not exist."
    ]
