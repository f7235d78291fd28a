"""Buildspecs that run for real: what AWS documents of phases, commands and variables."""

import pytest
from tests.integration.builds.conftest import ENVIRONMENT, context, phases
from tests.integration.runtime.conftest import wait

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


def test_variables_and_secrets(builds, twin, unique, role):
    parameter, secret = f"/{unique('parameter')}", unique("secret")
    twin.client("ssm").put_parameter(Name=parameter, Value="from-the-store", Type="SecureString")
    arn = twin.client("secretsmanager").create_secret(Name=secret, SecretString='{"key":"s3cr3t"}')["ARN"]
    statements = (
        {"Action": "logs:*", "Resource": "*"},
        {"Action": "ssm:GetParameters", "Resource": f"arn:aws:ssm:us-east-1:111111111111:parameter{parameter}"},
        {"Action": "secretsmanager:GetSecretValue", "Resource": arn},
    )
    reader = role("codebuild.amazonaws.com", *statements)
    buildspec = f"""
version: 0.2
env:
  variables: {{A: spec, B: spec, C: spec}}
  parameter-store: {{STORED: {parameter}}}
  secrets-manager: {{SECRET: "{secret}:key"}}
  exported-variables: [A, SECRET]
phases:
  build:
    commands:
      - echo "$A $B $C"
      - echo "the secret is $SECRET, and $STORED"
      - test "$SECRET" = s3cr3t && test "$STORED" = from-the-store
      - test "$WHOLE" = '{{"key":"s3cr3t"}}'
      - echo "$AWS_ACCESS_KEY_ID"
      - env | cut -d= -f1 | grep -E '^(VIRTUAL_ENV|PYTHONPATH|FAIRWAY_|USER|MINISTACK)' || echo clean
      - grep s3cr3t /dev/null; false
"""
    environment = {"environmentVariables": [{"name": "B", "value": "project"}, {"name": "C", "value": "project"}]}
    settings = {"environment": {**ENVIRONMENT, **environment}}
    project = builds.project(buildspec, role=reader, **settings)
    overrides = [
        {"name": "C", "value": "start"},
        {"name": "WHOLE", "value": arn, "type": "SECRETS_MANAGER"},
    ]

    build = builds.ended(builds.start(project, environmentVariablesOverride=overrides))
    denied = builds.ended(builds.start(builds.project(buildspec)))

    assert phases(build)["DOWNLOAD_SOURCE"] == "SUCCEEDED", context(build, "DOWNLOAD_SOURCE")
    printed = builds.printed(build)
    assert printed == ["spec project start", "the secret is ***, and ***", "***", "clean"]
    assert not [line for line in builds.lines(build) if "s3cr3t" in line]
    assert "grep *** /dev/null" in context(build, "BUILD")
    assert build["exportedEnvironmentVariables"] == [{"name": "A", "value": "spec"}]
    assert phases(denied)["DOWNLOAD_SOURCE"] == "FAILED"
    assert context(denied, "DOWNLOAD_SOURCE").startswith(
        "Decrypted Variables Error: AccessDeniedException: User: arn:aws:sts:"
    )


def test_stop_lets_the_command_clean_up(builds, twin):
    project = builds.project(
        """
version: 0.2
phases:
  build:
    commands:
      - |
        python - <<'END'
        import signal, sys, time
        def end(*_):
            print("cleaned up", flush=True)
            sys.exit(0)
        signal.signal(signal.SIGTERM, end)
        print("ready", flush=True)
        time.sleep(60)
        END
      - echo never
  post_build:
    commands: [echo never]
""",
        concurrentBuildLimit=1,
    )
    started = builds.start(project)
    build = builds.until(started, lambda one: "BUILD" in phases(one))
    with pytest.raises(builds.client.exceptions.AccountLimitExceededException):
        builds.start(project)
    wait(lambda: {"lines": builds.printed(build)}, lambda printed: printed["lines"] == ["ready"])

    builds.client.stop_build(id=started)
    build = builds.ended(started)

    assert (build["buildStatus"], phases(build)["BUILD"]) == ("STOPPED", "STOPPED")
    assert "POST_BUILD" not in phases(build)
    assert builds.printed(build) == ["ready", "cleaned up"]
    assert not (twin.directory / "builds" / started.partition(":")[2]).exists()


def test_a_role_without_permission_to_log_fails_the_build(builds, role):
    silent = role("codebuild.amazonaws.com", {"Action": "s3:*", "Resource": "*"})

    build = builds.run("version: 0.2\nphases:\n  build:\n    commands: [echo hi]", role=silent)

    assert (build["buildStatus"], phases(build)["QUEUED"]) == ("FAILED", "FAILED")
    assert f"ACCESS_DENIED: Service role {silent} does not allow" in context(build, "QUEUED")
    assert "logs:CreateLogStream" in context(build, "QUEUED")


def test_on_failure_retry_starts_the_build_again(builds):
    started = builds.start(
        builds.project("version: 0.2\nphases:\n  build:\n    on-failure: RETRY-1-exit status 9\n    commands: [exit 9]")
    )
    first = builds.until(started, lambda one: "nextAutoRetry" in one["autoRetryConfig"])

    second = builds.ended(first["autoRetryConfig"]["nextAutoRetry"])

    assert second["buildNumber"] == 2
    assert second["autoRetryConfig"]["autoRetryNumber"] == 1
    assert second["autoRetryConfig"]["previousAutoRetry"] == first["arn"]
    third = builds.ended(builds.client.retry_build(id=second["id"])["build"]["id"])
    assert (third["buildStatus"], third["buildNumber"]) == ("FAILED", 3)
    ids = builds.client.list_builds_for_project(projectName=first["projectName"])["ids"]
    assert ids[-3:] == [third["id"], second["id"], first["id"]]
    assert builds.client.batch_delete_builds(ids=[first["id"]])["buildsDeleted"] == [first["arn"]]
    assert builds.client.batch_get_builds(ids=[first["id"]])["buildsNotFound"] == [first["id"]]
