"""Terraform makes connections and V2 pipelines, changes them and takes them down, without differences."""

import pytest
from botocore.exceptions import ClientError
from tests.integration.pipelines.delivery import PRINCIPAL
from tests.integration.twin.test_terraform import Terraform

RESOURCES = """
locals {
  second = var.description == "second"
}
resource "aws_codestarconnections_connection" "this" {
  name          = "tf-${var.suffix}"
  provider_type = "GitHub"
  tags          = { note = var.description }
}
resource "aws_codeconnections_connection" "this" {
  name          = "tf-new-${var.suffix}"
  provider_type = "GitHub"
  tags          = { note = var.description }
}
resource "aws_codepipeline" "this" {
  name           = "tf-${var.suffix}"
  role_arn       = var.role
  pipeline_type  = "V2"
  execution_mode = local.second ? "QUEUED" : "SUPERSEDED"
  tags           = { note = var.description }
  artifact_store {
    location = "artifacts"
    type     = "S3"
    encryption_key {
      id   = var.data
      type = "KMS"
    }
  }
  variable {
    name          = "level"
    default_value = var.description
    description   = "how much"
  }
  trigger {
    provider_type = "CodeStarSourceConnection"
    git_configuration {
      source_action_name = "source"
      push {
        branches {
          includes = ["main"]
        }
        file_paths {
          includes = local.second ? ["src/**", "Dockerfile"] : ["src/**"]
          excludes = ["src/docs/**"]
        }
      }
    }
  }
  stage {
    name = "Source"
    action {
      name             = "source"
      category         = "Source"
      owner            = "AWS"
      provider         = "CodeStarSourceConnection"
      version          = "1"
      namespace        = "source"
      output_artifacts = ["source"]
      configuration = {
        ConnectionArn        = aws_codestarconnections_connection.this.arn
        FullRepositoryId     = "acme/shop"
        BranchName           = "main"
        OutputArtifactFormat = "CODEBUILD_CLONE_REF"
        DetectChanges        = "false"
      }
    }
  }
  stage {
    name = "Build"
    action {
      name             = "build"
      category         = "Build"
      owner            = "AWS"
      provider         = "CodeBuild"
      version          = "1"
      namespace        = "build"
      role_arn         = local.second ? var.role : null
      input_artifacts  = ["source"]
      output_artifacts = ["made"]
      configuration = {
        ProjectName = "none"
        EnvironmentVariables = jsonencode([
          { name = "LEVEL", value = "#{variables.level}", type = "PLAINTEXT" },
        ])
      }
    }
    action {
      name            = "run"
      category        = "Invoke"
      owner           = "AWS"
      provider        = "StepFunctions"
      version         = "1"
      run_order       = 2
      input_artifacts = ["made"]
      configuration = {
        StateMachineArn = "arn:aws:states:us-east-1:111111111111:stateMachine:none"
        InputType       = "FilePath"
        Input           = "execution.json"
      }
    }
    dynamic "on_failure" {
      for_each = local.second ? [1] : []
      content {
        result = "RETRY"
        retry_configuration {
          retry_mode = "FAILED_ACTIONS"
        }
      }
    }
  }
  stage {
    name = "Approve"
    action {
      name               = "ask"
      category           = "Approval"
      owner              = "AWS"
      provider           = "Manual"
      version            = "1"
      timeout_in_minutes = local.second ? 60 : 30
      configuration = {
        CustomData = "image #{build.IMAGE}"
      }
    }
  }
}
resource "aws_codepipeline" "followed" {
  name          = "tf-followed-${var.suffix}"
  role_arn      = var.role
  pipeline_type = "V2"
  artifact_store {
    location = "artifacts"
    type     = "S3"
  }
  stage {
    name = "Source"
    action {
      name             = "source"
      category         = "Source"
      owner            = "AWS"
      provider         = "CodeStarSourceConnection"
      version          = "1"
      output_artifacts = ["source"]
      configuration = {
        ConnectionArn    = aws_codeconnections_connection.this.arn
        FullRepositoryId = "acme/shop"
        BranchName       = "main"
      }
    }
  }
  stage {
    name = "Approve"
    action {
      name     = "ask"
      category = "Approval"
      owner    = "AWS"
      provider = "Manual"
      version  = "1"
    }
  }
}
"""


def test_round_trip_of_connections_and_pipelines(delivery, unique, tmp_path):
    suffix, twin = unique("trip"), delivery.twin
    role = delivery.role(f"{suffix}-pipeline", PRINCIPAL, list(delivery.needs().values()))
    terraform = Terraform(
        tmp_path, twin.variables, RESOURCES, suffix=suffix, role=role, image="none", data=delivery.key
    )
    terraform.apply(description="first")
    terraform.apply(description="second")

    found = delivery.pipelines.get_pipeline(name=f"tf-{suffix}")
    pipeline, arn = found["pipeline"], found["metadata"]["pipelineArn"]
    assert (pipeline["version"], pipeline["executionMode"]) == (2, "QUEUED")
    [push] = pipeline["triggers"][0]["gitConfiguration"]["push"]
    assert push["filePaths"] == {"includes": ["src/**", "Dockerfile"], "excludes": ["src/docs/**"]}
    assert pipeline["stages"][1]["onFailure"]["retryConfiguration"] == {"retryMode": "FAILED_ACTIONS"}
    tags = delivery.pipelines.list_tags_for_resource(resourceArn=arn)["tags"]
    assert tags == [{"key": "note", "value": "second"}, {"key": "project", "value": "flights"}]
    # CodePipeline itself adds the trigger of a source action that has none.
    [trigger] = delivery.pipelines.get_pipeline(name=f"tf-followed-{suffix}")["pipeline"]["triggers"]
    assert trigger["gitConfiguration"]["push"] == [{"branches": {"includes": ["main"]}}]
    [first] = delivery.pipelines.list_pipeline_executions(pipelineName=f"tf-{suffix}")["pipelineExecutionSummaries"]
    assert (first["trigger"]["triggerType"], first["status"]) == ("CreatePipeline", "Failed")

    terraform.destroy()
    with pytest.raises(ClientError, match="PipelineNotFoundException"):
        delivery.pipelines.get_pipeline(name=f"tf-{suffix}")
    names = [one["ConnectionName"] for one in twin.client("codeconnections").list_connections()["Connections"]]
    assert f"tf-{suffix}" not in names
