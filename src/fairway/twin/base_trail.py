"""CloudTrail's events name who called: ministack notes every caller as an IAM user that is called like its access key.

Like `base`, this touches what is not ministack's documented interface; tests/integration/twin/test_door.py holds it.
"""
# ruff: noqa: SLF001

import json
import threading
from typing import Any

from ministack.core import iam_evaluator
from ministack.core.responses import get_account_id
from ministack.services import cloudtrail


def install() -> None:
    """Let every event that is recorded from now on say who called."""
    record, one_at_a_time = cloudtrail.record_event, threading.Lock()

    def record_event(**call: Any) -> None:
        with one_at_a_time:  # so that the last event is the one just recorded
            record(**call)
            event = cloudtrail._get_event_queue()[-1]
        identity = _identity(call["access_key_id"])
        event["Username"] = identity["arn"].rpartition("/")[2] if "/" in identity["arn"] else "root"
        event["CloudTrailEvent"] = json.dumps(json.loads(event["CloudTrailEvent"]) | {"userIdentity": identity})

    cloudtrail.record_event = record_event


def _identity(access_key: str) -> dict[str, Any]:
    """Return CloudTrail's userIdentity element of whoever holds an access key; of the account where nobody does."""
    caller = iam_evaluator.resolve_credential(access_key, get_account_id())
    if isinstance(caller, iam_evaluator.CredentialResolutionError):
        return {"type": "AWSAccount", "arn": f"arn:aws:iam::{get_account_id()}:root", "accountId": get_account_id()}
    known = "IAMUser" if caller.principal_type == "User" else caller.principal_type
    identity = {
        "type": known,
        "principalId": caller.principal_id,
        "arn": caller.principal_arn,
        "accountId": caller.account_id,
        "accessKeyId": access_key,
    }
    if known == "IAMUser":
        return {**identity, "userName": caller.principal_name}
    if known == "AssumedRole":
        name = caller.principal_arn.split("/")[1]
        role = {"type": "Role", "arn": f"arn:aws:iam::{caller.account_id}:role/{name}", "userName": name}
        return {**identity, "sessionContext": {"sessionIssuer": {**role, "accountId": caller.account_id}}}
    return identity
