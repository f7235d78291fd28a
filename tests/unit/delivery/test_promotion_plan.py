import pytest

from fairway.delivery.promotion_plan import summarise

CHANGES = """
Terraform used the selected providers to generate the following execution plan.
  # module.platform.aws_sagemaker_model.this["flights-staging-8-a"] will be created
  + resource "aws_sagemaker_model" "this" {
      # (1 unchanged attribute hidden)
    }
  # module.platform.aws_sagemaker_endpoint.this[0] will be updated in-place
  # module.platform.aws_kms_key.this must be replaced
Plan: 2 to add, 1 to change, 1 to destroy.
Changes to Outputs:
"""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("No changes. Your infrastructure matches the configuration.\n\nTerraform has compared …",
         ["No changes. Your infrastructure matches the configuration."]),
        (CHANGES, [
            "Plan: 2 to add, 1 to change, 1 to destroy.",
            "module.platform.aws_kms_key.this must be replaced",
            "module.platform.aws_sagemaker_endpoint.this[0] will be updated in-place",
            'module.platform.aws_sagemaker_model.this["flights-staging-8-a"] will be created',
        ]),
        ("", []),
    ],
)  # fmt: skip
def test_a_plan_is_its_counts_and_its_resources(text, expected):
    assert summarise(text.splitlines()) == "\n".join(expected)
