from pathlib import Path

import pytest

from fairway import workflow_deploy
from fairway.delivery.terraform import Plan, silent
from fairway.errors import TerraformError

TAKEN = 'creating SageMaker AI Endpoint (flights-dev): Cannot create already existing endpoint "arn:aws:…".'


class Provisioner:
    """Its applies end as is said, one after the other."""

    def __init__(self, *ends):
        self.ends, self.applied = list(ends), []

    def plan(self, _):
        return Plan(Path("the rest"), changes=True)

    def apply(self, _, plan):
        self.applied.append(plan.file.name)
        if end := self.ends.pop(0):
            raise TerraformError("dev", "apply", end)
        return {"endpoint_name": "flights-dev"}


def apply(provisioner):
    return workflow_deploy._apply(provisioner, "dev", Plan(Path("approved"), changes=True), silent)


def test_what_is_left_is_applied_when_the_replaced_endpoint_is_gone():
    provisioner = Provisioner(TAKEN, "")
    assert apply(provisioner) == {"endpoint_name": "flights-dev"}
    assert provisioner.applied == ["approved", "the rest"]


@pytest.mark.parametrize(
    "reason", ["denied", 'Cannot create already existing endpoint configuration "arn:aws:…".'], ids=["denied", "config"]
)
def test_another_failure_is_a_failure(reason):
    provisioner = Provisioner(reason)
    with pytest.raises(TerraformError):
        apply(provisioner)
    assert provisioner.applied == ["approved"]
