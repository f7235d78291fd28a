"""Buildspecs that run for real: what AWS documents of phases, commands and variables."""

from tests.integration.builds.conftest import context, phases

ALL = {
    "SUBMITTED": "SUCCEEDED",
    "QUEUED": "SUCCEEDED",
    "PROVISIONING": "SUCCEEDED",
    "DOWNLOAD_SOURCE": "SUCCEEDED",
    "INSTALL": "SUCCEEDED",
    "PRE_BUILD": "SUCCEEDED",
    "BUILD": "SUCCEEDED",
    "POST_BUILD": "SUCCEEDED",
    "UPLOAD_ARTIFACTS": "SUCCEEDED",
    "FINALIZING": "SUCCEEDED",
    "COMPLETED": "",
}


def test_one_shell_for_all_phases(builds):
    build = builds.run(
        """
version: 0.2
env:
  variables: {GREETING: hello}
  exported-variables: [TAG, MISSING, AWS_REGION]
phases:
  install:
    runtime-versions: {python: 3.x}
    commands:
      - mkdir sub && cd sub
      - NAME=world
  pre_build:
    commands:
      - export TAG=v-$(basename "$PWD")
  build:
    commands:
      - echo "$GREETING $NAME in $(basename "$PWD")"
      - |
        if [ "$TAG" = v-sub ]; then
          echo "tag $TAG"
        fi
      - cat
      - python -c 'import sys; print("python", sys.prefix == sys.base_prefix)'
    finally:
      - echo finally
  post_build:
    commands:
      - echo "succeeding $CODEBUILD_BUILD_SUCCEEDING of $CODEBUILD_BUILD_ID in $AWS_REGION"
"""
    )

    assert phases(build) == ALL
    assert (build["buildStatus"], build["currentPhase"]) == ("SUCCEEDED", "COMPLETED")
    assert builds.printed(build) == [
        "hello world in sub",
        "tag v-sub",
        "python True",
        "finally",
        f"succeeding 1 of {build['id']} in us-east-1",
    ]
    assert build["exportedEnvironmentVariables"] == [{"name": "TAG", "value": "v-sub"}]
