"""Applications: names under which deployment groups stand. Only those of the Lambda platform are there."""

from collections.abc import Mapping
from typing import Any

from fairway.twin.api import Call, ServiceError, operation
from fairway.twin.runtime import shift_records as records
from fairway.twin.services.codedeploy.resources import (
    APPLICATION,
    SERVICE,
    UnsupportedError,
    application_arn,
    authorize,
    find_application,
    groups_of,
    new_id,
    page,
    tag_conditions,
    tags_of,
)
from fairway.twin.store import AlreadyStoredError, Resource


@operation(SERVICE, "CreateApplication", resource=application_arn, conditions=tag_conditions)
def create_application(call: Call) -> Mapping[str, Any]:
    """Store an application of the Lambda platform."""
    name, platform = call.params["applicationName"], call.params.get("computePlatform", "Server")
    if platform != "Lambda":
        raise UnsupportedError(f"the compute platform {platform}, only Lambda")
    attributes = {
        "applicationId": new_id(),
        "applicationName": name,
        "createTime": call.twin.clock.now(),
        "linkedToGitHub": False,
        "computePlatform": platform,
    }
    place = (call.account, call.region, name, application_arn(call))
    try:
        call.twin.store.add(Resource(APPLICATION, *place, attributes, tags_of(call)))
    except AlreadyStoredError as error:
        raise ServiceError("ApplicationAlreadyExistsException", f"An application {name} exists already.") from error
    return {"applicationId": attributes["applicationId"]}


@operation(SERVICE, "GetApplication", resource=application_arn)
def get_application(call: Call) -> Mapping[str, Any]:
    """Return an application."""
    return {"application": find_application(call).attributes}


@operation(SERVICE, "BatchGetApplications")
def batch_get_applications(call: Call) -> Mapping[str, Any]:
    """Return several applications, each of which the caller must be allowed to see."""
    for name in call.params["applicationNames"]:
        authorize(call, f"{SERVICE}:BatchGetApplications", application_arn(call, name))
    return {"applicationsInfo": [find_application(call, name).attributes for name in call.params["applicationNames"]]}


@operation(SERVICE, "ListApplications")
def list_applications(call: Call) -> Mapping[str, Any]:
    """Return the names of all applications."""
    found = call.twin.store.list(APPLICATION, call.account, call.region)
    return page(call, "applications", [application.name for application in found])


@operation(SERVICE, "DeleteApplication", resource=application_arn)
def delete_application(call: Call) -> Mapping[str, Any]:
    """Forget an application with its groups and deployments; one that is not there is no error, as on AWS."""
    application = call.twin.store.get(APPLICATION, call.account, call.region, call.params["applicationName"])
    if application is None:
        return {}
    deployments = call.twin.store.list(records.DEPLOYMENT, call.account, call.region)
    of_it = [one for one in deployments if one.attributes["applicationName"] == application.name]
    for resource in (*groups_of(call, application), *of_it, application):
        call.twin.store.remove(resource)
    return {}
