"""terraform/instances.json is what SageMaker's own service model says of instance types."""

import json
from pathlib import Path

import botocore.session
import pytest

TABLE = json.loads((Path(__file__).parents[2] / "terraform/instances.json").read_text())


def families(shape: str) -> dict[str, set[str]]:
    model = botocore.session.get_session().get_service_model("sagemaker")
    found: dict[str, set[str]] = {}
    for each in model.shape_for(shape).enum:  # type: ignore[attr-defined]  # a string's shape has it
        _, family, size = each.split(".", 2)
        found.setdefault(family, set()).add(size)
    return found


@pytest.mark.parametrize(
    ("use", "shape"), [("serves", "ProductionVariantInstanceType"), ("transforms", "TransformInstanceType")]
)
def test_families_and_sizes_are_those_of_the_service_model(use, shape):
    assert {family: set(sizes) for family, sizes in TABLE[use].items()} == families(shape)


def test_every_family_that_serves_or_transforms_runs_one_kind_of_image():
    told = [family for kind in TABLE["runs"].values() for family in kind]
    assert sorted(told) == sorted(families("ProductionVariantInstanceType") | families("TransformInstanceType"))


def test_what_only_trains_is_what_jobs_have_and_endpoints_have_not():
    shapes = ("TrainingInstanceType", "ProcessingInstanceType", "InstanceType")
    known = {family for shape in shapes for family in families(shape)}
    assert set(TABLE["trains_only"]) == known - set(TABLE["serves"])
