"""Reports of a build: test cases in report groups, with the permissions that AWS documents for the build's role.

https://docs.aws.amazon.com/codebuild/latest/userguide/test-permissions.html: these actions are no public API, so that
the role's policies are asked instead of a call being made.
"""

import uuid
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from fairway.twin.runtime.build_failures import CLIENT_ERROR, PhaseError
from fairway.twin.runtime.build_files import select
from fairway.twin.runtime.build_reports import Case, read_junit, report_status, summary
from fairway.twin.runtime.build_spec import Files
from fairway.twin.store import AlreadyStoredError, Resource

if TYPE_CHECKING:
    from fairway.twin.context import Twin

REPORT_GROUP, REPORT = "CodeBuildReportGroup", "CodeBuildReport"


class Place(Protocol):
    """An account and a region."""

    @property
    def account(self) -> str:
        """The account's number."""

    @property
    def region(self) -> str:
        """The region's name."""


_KEPT = timedelta(days=30)
_ACTIONS = ("CreateReport", "BatchPutTestCases", "UpdateReport")


def publish_reports(twin: "Twin", build: Resource, groups: Mapping[str, Files], source: Path) -> list[str]:
    """Store a report in each group, by the groups' names or ARNs; return the reports' ARNs; raise PhaseError."""
    arns, problems = [], []
    for name, files in groups.items():
        try:
            arns.append(_publish(twin, build, name, files, source).arn)
        except PhaseError as error:
            problems.append(f"[{name}: [{error}]]")
    if problems:
        raise PhaseError(CLIENT_ERROR, f"Error in UPLOAD_ARTIFACTS phase: {' '.join(problems)}")
    return arns


def _publish(twin: "Twin", build: Resource, name: str, files: Files, source: Path) -> Resource:
    found = select(source, files)
    if not found:
        raise PhaseError(
            CLIENT_ERROR,
            f"report files not found in cwd: {source}, base-directory: {files.base_directory}, "
            f"files: {', '.join(files.patterns)}",
        )
    cases = [case for file, path in found.items() for case in read_junit(file, path)]
    group = _group(twin, build, name)
    for action in _ACTIONS:
        _authorize(build, action, group.arn)
    return _store(twin, build, group, cases)


def _group(twin: "Twin", build: Resource, name: str) -> Resource:
    """Return the group of that ARN, or <project>-<name>, which is made when there is none."""
    if name.startswith("arn:"):
        group = twin.store.find(name)
        if group is None or group.kind != REPORT_GROUP:
            raise PhaseError(CLIENT_ERROR, f"the report group {name} does not exist")
        return group
    full = f"{build.attributes['projectName']}-{name}"
    known = twin.store.get(REPORT_GROUP, build.account, build.region, full)
    if known is not None:
        return known
    arn = f"arn:aws:codebuild:{build.region}:{build.account}:report-group/{full}"
    _authorize(build, "CreateReportGroup", arn)
    try:
        return add_group(twin, build, full, {"type": "TEST", "exportConfig": {"exportConfigType": "NO_EXPORT"}}, {})
    except AlreadyStoredError as error:  # another build has made it in this moment
        return error.resource


def add_group(twin: "Twin", place: "Place", name: str, members: Mapping[str, Any], tags: dict[str, str]) -> Resource:
    """Store a new report group in an account and region; raise AlreadyStoredError."""
    arn, now = f"arn:aws:codebuild:{place.region}:{place.account}:report-group/{name}", twin.clock.now()
    attributes = {**members, "arn": arn, "name": name, "created": now, "lastModified": now, "status": "ACTIVE"}
    group = Resource(REPORT_GROUP, place.account, place.region, name, arn, attributes, tags)
    twin.store.add(group)
    return group


def _authorize(build: Resource, action: str, arn: str) -> None:
    from fairway.twin import base  # noqa: PLC0415 -- it loads ministack

    role = build.attributes["serviceRole"]
    if not base.role_allows(role, f"codebuild:{action}", arn):
        raise PhaseError(
            CLIENT_ERROR,
            f"AccessDeniedException: {role} is not authorized to perform: codebuild:{action} on resource: {arn}",
        )


def _store(twin: "Twin", build: Resource, group: Resource, cases: list[Case]) -> Resource:
    now, name = twin.clock.now(), f"{group.name}:{uuid.uuid4()}"
    arn = f"arn:aws:codebuild:{build.region}:{build.account}:report/{name}"
    attributes = {
        "arn": arn,
        "type": "TEST",
        "name": f"{build.name.rpartition(':')[2]}-{group.name}",
        "reportGroupArn": group.arn,
        "executionId": build.arn,
        "status": report_status(cases),
        "created": now,
        "expired": now + _KEPT,
        "exportConfig": group.attributes["exportConfig"],
        "truncated": False,
        "testSummary": summary(cases),
        "testCases": [_shown(arn, case, now + _KEPT) for case in cases],
    }
    report = Resource(REPORT, build.account, build.region, name, arn, attributes)
    twin.store.add(report)
    return report


def _shown(arn: str, case: Case, expired: object) -> dict[str, Any]:
    return {
        "reportArn": arn,
        "testRawDataPath": case.file,
        "prefix": case.prefix,
        "name": case.name,
        "status": case.status,
        "durationInNanoSeconds": case.nanoseconds,
        "message": case.message,
        "expired": expired,
        "testSuiteName": case.suite,
    }
