"""Faults of sources and builds."""

from tests.integration.wiring.faults import (
    Fault,
    edited,
    project,
    trusting,
    without,
)
from tests.integration.wiring.line import configured

UNIT, IMAGE = ("Test/unit",), ("Image/image",)
CODEBUILD = {"type": "CODEPIPELINE", "buildspec": "buildspecs/units.yml"}

SOURCE = [
    Fault(
        "the connection is pending",
        "Source/source",
        ("is not available: its status is PENDING", "Update pending connection"),
        gate=True,
    ),
    Fault(
        "a source action that names another branch",
        "Source/source",
        ("No Branch [mian]",),
        runs=UNIT,
        changes=(configured("source", BranchName="mian"),),
        gate=True,
    ),
    Fault(
        "a source action that names another repository",
        "Source/source",
        ("FullRepositoryName [example/flight]",),
        runs=UNIT,
        changes=(configured("source", FullRepositoryId="example/flight"),),
    ),
    Fault(
        "the pipeline's role trusts another service",
        "Source/source",
        ("AssumeRole", "flights-model-pipeline"),
        runs=UNIT,
        breaks=trusting("flights-model-pipeline", "codebuild.amazonaws.com"),
        gate=True,
    ),
    Fault(
        "the pipeline's role without Source",
        "Source/source",
        ("UseConnection", "connection/"),
        runs=UNIT,
        breaks=without("flights-model-pipeline", "Source"),
    ),
    Fault(
        "the pipeline's role without Artifacts",
        "Source/source",
        ("s3:PutObject", "artifact source", "flights-pipelines-"),
        runs=UNIT,
        breaks=without("flights-model-pipeline", "Artifacts"),
        gate=True,
    ),
    Fault(
        "the pipeline's role without ArtifactKey",
        "Source/source",
        ("kms:GenerateDataKey", "key/"),
        runs=UNIT,
        breaks=without("flights-model-pipeline", "ArtifactKey"),
        gate=True,
    ),
]

BUILDS = [
    Fault(
        "the pipeline's role without Builds",
        "Test/unit",
        ("codebuild:StartBuild", "project/flights-unit"),
        runs=UNIT,
        breaks=without("flights-model-pipeline", "Builds"),
        gate=True,
    ),
    Fault(
        "an action that names another project",
        "Test/unit",
        ("StartBuild", "flights-units"),
        runs=UNIT,
        changes=(configured("unit", ProjectName="flights-units"),),
        gate=True,
    ),
    Fault(
        "a build's role trusts another service",
        "Test/unit",
        ("flights-build-unit", "codebuild.amazonaws.com"),
        runs=UNIT,
        breaks=trusting("flights-build-unit", "codepipeline.amazonaws.com"),
        gate=True,
    ),
    Fault(
        "a build's role without Log",
        "Test/unit",
        ("Logs log streams", "logs:CreateLogStream", "/aws/codebuild/flights-unit"),
        runs=UNIT,
        breaks=without("flights-build-unit", "Log"),
        gate=True,
    ),
    Fault(
        "a build's role without Inputs",
        "Test/unit",
        ("downloading s3://flights-pipelines-", "/source/", "s3:GetObject"),
        runs=UNIT,
        breaks=without("flights-build-unit", "Inputs"),
        gate=True,
    ),
    Fault(
        "a build's role without Clone",
        "Test/unit",
        ("DOWNLOAD_SOURCE", "UseConnection"),
        runs=UNIT,
        breaks=without("flights-build-unit", "Clone"),
    ),
    Fault(
        "a build's role without Reports",
        "Test/unit",
        ("UPLOAD_ARTIFACTS", "codebuild:CreateReport", "flights-unit-unit"),
        runs=UNIT,
        breaks=without("flights-build-unit", "Reports"),
        gate=True,
    ),
    Fault(
        "a project that names another buildspec",
        "Test/unit",
        ("DOWNLOAD_SOURCE", "YAML_FILE_ERROR", "buildspecs/units.yml"),
        runs=UNIT,
        breaks=project("flights-unit", source=CODEBUILD),
        gate=True,
    ),
    Fault(
        "a buildspec with a phase that is none",
        "Test/unit",
        ("YAML_FILE_ERROR", "biuld"),
        runs=UNIT,
        breaks=edited("buildspecs/unit.yml", "(?m)^  build:", "  biuld:"),
    ),
    Fault(
        "a phase that fails",
        "Test/unit",
        ("Phase: BUILD", "make unit", "not found: tests/unit/nothing"),
        runs=UNIT,
        breaks=edited("buildspecs/unit.yml", "UNIT: .*", "UNIT: tests/unit/nothing"),
        gate=True,
    ),
    Fault(
        "a report that the tests do not write",
        "Test/unit",
        ("UPLOAD_ARTIFACTS", "build/reports/unit.xml"),
        runs=UNIT,
        breaks=edited("buildspecs/unit.yml", "--junit-xml=build/reports/unit.xml", "--quiet"),
    ),
    Fault(
        "the image's role without Push",
        "Image/image",
        ("ecr:DescribeRepositories", "flights-build-image"),
        runs=IMAGE,
        breaks=without("flights-build-image", "Push"),
        gate=True,
    ),
]
