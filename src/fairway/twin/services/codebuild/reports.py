"""Report groups, the reports in them, and their test cases."""

from collections.abc import Mapping
from typing import Any

from fairway.twin.api import Call, operation
from fairway.twin.runtime.build_publishing import REPORT, REPORT_GROUP, add_group
from fairway.twin.services.codebuild.resources import (
    SERVICE,
    AlreadyExistsError,
    InvalidInputError,
    NotFoundError,
    authorize_all,
    in_order,
    page,
    refuse,
    shown_tags,
    tag_conditions,
    tags_of,
)
from fairway.twin.store import AlreadyStoredError, Resource


def _group_arn(call: Call) -> str:
    return str(call.params["arn"])


def _group_of(report: str) -> str:
    """Return the ARN of the group of a report: arn:…:report/<group>:<id>."""
    return report.replace(":report/", ":report-group/", 1).rpartition(":")[0]


def _shown(group: Resource) -> dict[str, Any]:
    return {**group.attributes, "tags": shown_tags(group)}


def _find(call: Call, kind: str, arn: str) -> Resource:
    resource = call.twin.store.find(arn)
    if resource is None or resource.kind != kind:
        raise NotFoundError(f"{'Report group' if kind == REPORT_GROUP else 'Report'} not found: {arn}")
    return resource


def _check_export(call: Call) -> None:
    if (call.params.get("exportConfig") or {}).get("exportConfigType") == "S3":
        raise refuse("the export of reports to S3 (exportConfig)")


# -- groups -----------------------------------------------------------------------------------------------------------


@operation(
    SERVICE,
    "CreateReportGroup",
    resource=lambda call: call.arn(f"report-group/{call.params['name']}", SERVICE),
    conditions=tag_conditions,
)
def create_report_group(call: Call) -> Mapping[str, Any]:
    """Store a report group."""
    _check_export(call)
    if call.params["type"] != "TEST":
        raise refuse(f"report groups of the type {call.params['type']}")
    members = {"type": "TEST", "exportConfig": {"exportConfigType": "NO_EXPORT", **call.params["exportConfig"]}}
    try:
        group = add_group(call.twin, call, call.params["name"], members, tags_of(call))
    except AlreadyStoredError as error:
        raise AlreadyExistsError(f"Report group already exists: {error.resource.arn}") from error
    return {"reportGroup": _shown(group)}


@operation(SERVICE, "UpdateReportGroup", resource=_group_arn, conditions=tag_conditions)
def update_report_group(call: Call) -> Mapping[str, Any]:
    """Change a group's export and tags."""
    group = _find(call, REPORT_GROUP, _group_arn(call))
    _check_export(call)
    changes = {"exportConfig": call.params["exportConfig"]} if "exportConfig" in call.params else {}
    call.twin.store.update(group, **changes, lastModified=call.twin.clock.now())
    if "tags" in call.params:
        group.tags = tags_of(call)
    return {"reportGroup": _shown(group)}


@operation(SERVICE, "DeleteReportGroup", resource=_group_arn)
def delete_report_group(call: Call) -> Mapping[str, Any]:
    """Forget a group; its reports must be gone, or go with it when the request says so."""
    group = call.twin.store.find(_group_arn(call))
    if group is None:
        return {}
    reports = _reports(call, group.arn)
    if reports and not call.params.get("deleteReports"):
        raise InvalidInputError(f"Report group {group.arn} has reports: delete them first, or use deleteReports")
    for one in (*reports, group):
        call.twin.store.remove(one)
    return {}


@operation(SERVICE, "BatchGetReportGroups", resource=lambda call: str(call.params["reportGroupArns"][0]))
def batch_get_report_groups(call: Call) -> Mapping[str, Any]:
    """Return groups by their ARNs."""
    arns = call.params["reportGroupArns"]
    authorize_all(call, "BatchGetReportGroups", arns)
    found = {arn: call.twin.store.find(arn) for arn in arns}
    return {
        "reportGroups": [_shown(group) for group in found.values() if group is not None],
        "reportGroupsNotFound": [arn for arn, group in found.items() if group is None],
    }


@operation(SERVICE, "ListReportGroups")
def list_report_groups(call: Call) -> Mapping[str, Any]:
    """Return the ARNs of all groups."""
    groups = in_order(call.twin.store.list(REPORT_GROUP, call.account, call.region), call, "ASCENDING")
    return page(call, "reportGroups", [group.arn for group in groups])


# -- reports ----------------------------------------------------------------------------------------------------------


def _reports(call: Call, group: str | None = None) -> list[Resource]:
    status = (call.params.get("filter") or {}).get("status")
    return [
        report
        for report in call.twin.store.list(REPORT, call.account, call.region)
        if group in (None, report.attributes["reportGroupArn"]) and status in (None, report.attributes["status"])
    ]


@operation(SERVICE, "ListReports")
def list_reports(call: Call) -> Mapping[str, Any]:
    """Return the ARNs of all reports, the latest first."""
    return page(call, "reports", [one.arn for one in in_order(_reports(call), call, "DESCENDING")])


@operation(SERVICE, "ListReportsForReportGroup", resource=lambda call: str(call.params["reportGroupArn"]))
def list_reports_for_report_group(call: Call) -> Mapping[str, Any]:
    """Return the ARNs of a group's reports, the latest first."""
    group = _find(call, REPORT_GROUP, call.params["reportGroupArn"])
    return page(call, "reports", [one.arn for one in in_order(_reports(call, group.arn), call, "DESCENDING")])


@operation(SERVICE, "BatchGetReports", resource=lambda call: _group_of(call.params["reportArns"][0]))
def batch_get_reports(call: Call) -> Mapping[str, Any]:
    """Return reports by their ARNs."""
    arns = call.params["reportArns"]
    authorize_all(call, "BatchGetReports", [_group_of(arn) for arn in arns])
    found = {arn: call.twin.store.find(arn) for arn in arns}
    return {
        "reports": [report.attributes for report in found.values() if report is not None],
        "reportsNotFound": [arn for arn, report in found.items() if report is None],
    }


@operation(SERVICE, "DescribeTestCases", resource=lambda call: _group_of(call.params["reportArn"]))
def describe_test_cases(call: Call) -> Mapping[str, Any]:
    """Return the test cases of a report."""
    report, wanted = _find(call, REPORT, call.params["reportArn"]), call.params.get("filter") or {}
    cases = [
        case
        for case in report.attributes["testCases"]
        if wanted.get("status") in (None, case["status"]) and wanted.get("keyword", "") in case["name"]
    ]
    return page(call, "testCases", cases)


@operation(SERVICE, "DeleteReport", resource=lambda call: _group_of(call.params["arn"]))
def delete_report(call: Call) -> Mapping[str, Any]:
    """Forget a report; one that there is not is no error."""
    report = call.twin.store.find(call.params["arn"])
    if report is not None and report.kind == REPORT:
        call.twin.store.remove(report)
    return {}
