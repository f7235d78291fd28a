"""What a build gets from S3 and leaves there: sources, artifacts, caches and reports, as its role may."""

import hashlib
import io
import re
import zipfile

import pytest
from tests.integration.builds.conftest import LOGS, archive, context, phases

JUNIT = """<testsuites><testsuite name="unit" tests="3">
  <testcase classname="tests.test_a" name="test_fine" time="0.25"/>
  <testcase classname="tests.test_a" name="test_wrong" time="0.5"><failure message="1 != 2">trace</failure></testcase>
  <testcase classname="tests.test_a" name="test_left_out"><skipped message="not here"/></testcase>
</testsuite></testsuites>"""
BUILDSPEC = """
version: 0.2
phases:
  build:
    commands:
      - mkdir -p out/deep && cp data.txt out/deep/ && echo log > out/a.log && printf '#!/bin/sh' > out/run
      - chmod +x out/run
      - cp "$CODEBUILD_SRC_DIR_more/other.txt" out/
      - cp junit.xml report.xml
reports:
  unit:
    files: [report.xml]
artifacts:
  files: ['**/*']
  base-directory: out
  exclude-paths: ['**/*.log']
  name: built-$(echo $CODEBUILD_BUILD_NUMBER)
  secondary-artifacts:
    flat:
      files: [out/deep/data.txt]
      discard-paths: yes
"""


def content(twin, bucket, key):
    return twin.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()


def test_sources_artifacts_and_reports(builds, twin, bucket, role):
    files = {"buildspec.yml": BUILDSPEC, "data.txt": "data", "junit.xml": JUNIT}
    twin.client("s3").put_object(Bucket=bucket, Key="in/source.zip", Body=archive(files))
    twin.client("s3").put_object(Bucket=bucket, Key="in/more.zip", Body=archive({"other.txt": "other"}))
    actions = ["CreateReportGroup", "CreateReport", "UpdateReport", "BatchPutTestCases"]
    statements = (
        LOGS,
        {"Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{bucket}/in/*"},
        {"Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{bucket}/out/*"},
        {
            "Action": [f"codebuild:{action}" for action in actions],
            "Resource": "arn:aws:codebuild:us-east-1:111111111111:report-group/build-*",
        },
    )
    output = {"type": "S3", "location": bucket, "path": "out", "packaging": "ZIP", "overrideArtifactName": True}
    project = builds.project(
        None,
        role=role("codebuild.amazonaws.com", *statements),
        source={"type": "S3", "location": f"{bucket}/in/source.zip"},
        secondarySources=[{"type": "S3", "location": f"{bucket}/in/more.zip", "sourceIdentifier": "more"}],
        artifacts=output,
        secondaryArtifacts=[
            {
                "type": "S3",
                "location": bucket,
                "path": "out",
                "namespaceType": "BUILD_ID",
                "name": "flat",
                "artifactIdentifier": "flat",
            }
        ],
    )

    build = builds.ended(builds.start(project))

    assert build["buildStatus"] == "SUCCEEDED", build["phases"]
    assert build["artifacts"]["location"] == f"arn:aws:s3:::{bucket}/out/built-1"
    body = content(twin, bucket, "out/built-1")
    assert build["artifacts"]["sha256sum"] == hashlib.sha256(body).hexdigest()
    members = {one.filename: one.external_attr >> 16 & 0o111 for one in zipfile.ZipFile(io.BytesIO(body)).infolist()}
    assert members == {"deep/data.txt": 0, "other.txt": 0, "run": 0o111}
    uuid = build["id"].partition(":")[2]
    assert content(twin, bucket, f"out/{uuid}/flat/data.txt") == b"data"

    [arn] = build["reportArns"]
    [report] = builds.client.batch_get_reports(reportArns=[arn])["reports"]
    assert report["reportGroupArn"].endswith(f":report-group/{project}-unit")
    assert (report["status"], report["testSummary"]["total"]) == ("FAILED", 3)
    assert report["testSummary"]["statusCounts"] == {"SUCCEEDED": 1, "FAILED": 1, "SKIPPED": 1, "ERROR": 0}
    [wrong] = builds.client.describe_test_cases(reportArn=arn, filter={"status": "FAILED"})["testCases"]
    assert (wrong["prefix"], wrong["name"], wrong["durationInNanoSeconds"]) == ("tests.test_a", "test_wrong", 500000000)
    assert wrong["message"] == "1 != 2\ntrace"
    with pytest.raises(builds.client.exceptions.InvalidInputException, match="has reports"):
        builds.client.delete_report_group(arn=report["reportGroupArn"])
    builds.client.delete_report_group(arn=report["reportGroupArn"], deleteReports=True)
    assert builds.client.batch_get_reports(reportArns=[arn])["reportsNotFound"] == [arn]


def test_what_the_role_may_not_do_fails_the_phase(builds, twin, bucket, role):
    spec = "version: 0.2\nphases:\n  build:\n    commands: [echo hi > a]\nartifacts:\n  files: [a]"
    twin.client("s3").put_object(Bucket=bucket, Key="source.zip", Body=archive({"buildspec.yml": spec}))
    source = {"type": "S3", "location": f"{bucket}/source.zip"}
    settings = {"source": source, "artifacts": {"type": "S3", "location": bucket, "packaging": "ZIP", "name": "a.zip"}}
    reads = {"Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{bucket}/*"}
    started = [
        builds.start(builds.project(None, role=role("codebuild.amazonaws.com", *statements), **settings))
        for statements in ((LOGS,), (LOGS, reads))
    ]

    blind, mute = (builds.ended(build) for build in started)

    assert context(blind, "DOWNLOAD_SOURCE").startswith(
        f"CLIENT_ERROR: downloading s3://{bucket}/source.zip: AccessDenied"
    )
    assert "s3:GetObject" in context(blind, "DOWNLOAD_SOURCE")
    assert phases(mute)["BUILD"] == "SUCCEEDED"
    assert re.match(rf"CLIENT_ERROR: .*s3://{bucket}/\S+: AccessDenied", context(mute, "UPLOAD_ARTIFACTS"))
    assert "s3:PutObject" in context(mute, "UPLOAD_ARTIFACTS")


def test_reports_need_the_permissions_that_aws_documents(builds, role):
    spec = """
version: 0.2
phases:
  build:
    commands:
      - echo '<testsuite name="s"><testcase name="n"/></testsuite>' > a.xml
reports:
  unit: {files: [a.xml]}
"""
    group = "arn:aws:codebuild:us-east-1:111111111111:report-group/*"
    creates = {"Action": "codebuild:CreateReportGroup", "Resource": group}
    roles = [role("codebuild.amazonaws.com", *statements) for statements in ((LOGS,), (LOGS, creates))]
    started = [builds.start(builds.project(spec, role=one)) for one in roles]

    reasons = [context(builds.ended(build), "UPLOAD_ARTIFACTS") for build in started]

    assert "not authorized to perform: codebuild:CreateReportGroup" in reasons[0]
    assert "not authorized to perform: codebuild:CreateReport on" in reasons[1]


def test_caches_outlive_a_build(builds, bucket):
    buildspec = """
version: 0.2
phases:
  build:
    commands:
      - cat kept/note "$HOME/.cache/tool/note" 2>/dev/null || echo nothing
      - mkdir -p kept "$HOME/.cache/tool"
      - echo first > kept/note; echo second > "$HOME/.cache/tool/note"
cache:
  paths: ['kept/**/*', '/root/.cache/tool/**/*']
"""
    in_s3 = builds.project(buildspec, cache={"type": "S3", "location": f"{bucket}/caches"})
    local = builds.project(buildspec, cache={"type": "LOCAL", "modes": ["LOCAL_CUSTOM_CACHE"]})

    first = [builds.ended(builds.start(project)) for project in (in_s3, local)]
    second = [builds.ended(builds.start(project)) for project in (in_s3, local)]

    assert [builds.printed(build) for build in first] == [["nothing"], ["nothing"]]
    assert [builds.printed(build) for build in second] == [["first", "second"], ["first", "second"]]
