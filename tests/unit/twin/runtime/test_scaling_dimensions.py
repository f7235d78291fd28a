"""What each dimension reads, sets, and refuses."""

import pytest

from fairway.twin.runtime.scaling_dimensions import DIMENSIONS, dimension_of

INSTANCES = DIMENSIONS["sagemaker:variant:DesiredInstanceCount"]
PROVISIONED = DIMENSIONS["sagemaker:variant:DesiredProvisionedConcurrency"]


def test_a_stored_thing_names_its_dimension():
    assert dimension_of({"ScalableDimension": PROVISIONED.name}) is PROVISIONED


def test_a_change_is_of_the_members_that_the_dimension_has():
    assert INSTANCES.change(2) == {"instances": 2}
    assert PROVISIONED.change(2) == {"serverless": {"ProvisionedConcurrency": 2}}


@pytest.mark.parametrize(
    ("dimension", "members", "said"),
    [
        (INSTANCES, {"InstanceType": "ml.m5.large"}, None),
        (INSTANCES, {"ServerlessConfig": {"MaxConcurrency": 2}}, "has no instances"),
        (PROVISIONED, {"InstanceType": "ml.m5.large"}, "has no provisioned concurrency"),
        (PROVISIONED, {"ServerlessConfig": {"MaxConcurrency": 2}}, "has no provisioned concurrency"),
        (PROVISIONED, {"ServerlessConfig": {"MaxConcurrency": 2, "ProvisionedConcurrency": 1}}, None),
    ],
)
def test_a_variant_has_one_dimension(dimension, members, said):
    fault = dimension.fault("main", members)
    assert fault is None if said is None else said in (fault or "")
