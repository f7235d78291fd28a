"""What `make advise` says to paste is what the platform takes: each row of its table is planned, offline."""

import shutil

from tests.integration.terraform.test_modules import INIT, TERRAFORM, environment_in, terraform
from tests.unit.delivery.test_advice import TABLE

from fairway.delivery.advice import Needs, advise

HEAD = """
mock_provider "aws" {
  source = "../testing"
}

variables {
  project     = "flights"
  environment = "dev"

  delivery = {
    artifact_bucket         = "flights-artifacts"
    artifact_key_arn        = "arn:aws:kms:us-east-1:111111111111:key/artifacts"
    image_repository_arn    = "arn:aws:ecr:us-east-1:111111111111:repository/flights"
    model_package_group_arn = "arn:aws:sagemaker:us-east-1:111111111111:model-package-group/flights"
  }

  release = {
    previous = null
    current = {
      version           = "7"
      model_package_arn = "arn:aws:sagemaker:us-east-1:111111111111:model-package/flights/7"
      model_data_url    = "s3://flights-artifacts/runs/a/model/flights-a/output/model.tar.gz"
      model_data_sha256 = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
      image             = "flights@sha256:1111111111111111111111111111111111111111111111111111111111111111"
      git_sha           = "1111111111111111111111111111111111111111"
      metrics           = { auc = 0.7 }
    }
  }
}
"""


def test_every_advice_is_a_valid_setting(tmp_path):
    shutil.copytree(TERRAFORM, tmp_path / "terraform", ignore=shutil.ignore_patterns(".terraform"))
    shutil.copytree(TERRAFORM.parent / "pipelines", tmp_path / "pipelines")
    platform = tmp_path / "terraform/platform"
    for file in platform.glob("*.tftest.hcl"):
        file.unlink()
    hcl = sorted({advise(Needs(needs[0], *needs[1:])).hcl for needs, _ in TABLE})
    runs = [
        f'run "advice_{number}" {{\n  command = plan\n  variables {{\n{each}  }}\n}}\n'
        for number, each in enumerate(hcl)
    ]
    (platform / "advice.tftest.hcl").write_text(HEAD + "\n".join(runs))
    said = terraform(platform, environment_in(tmp_path), INIT, ["test"])
    assert f"{len(hcl)} passed, 0 failed." in said
