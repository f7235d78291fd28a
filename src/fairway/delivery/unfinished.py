"""The marks of applies that did not come to their end: one object beside the state for each, while it runs."""

import hashlib
import time
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from fairway.delivery.terraform import Listener

_ON_ITS_WAY = ("Creating", "Updating", "SystemUpdating", "RollingBack", "Deleting")
POLL_SECONDS = 1.0


class Marks:
    """Marks of a root's applies in the state bucket, named by the plan's hash.

    They lie there, not on the machine: the next apply may run on another one. An apply that fails leaves its mark too,
    for it may have failed because an earlier one, of which nobody knows, was killed.
    """

    def __init__(self, s3: Any, bucket: str, state_key: str) -> None:
        self._s3, self._bucket, self._prefix = s3, bucket, f"{state_key}.unfinished/"

    def all(self) -> list[str]:
        """Return the marks that there are."""
        listed = self._s3.list_objects_v2(Bucket=self._bucket, Prefix=self._prefix)
        return [item["Key"] for item in listed.get("Contents", [])]

    def of(self, plan: Path) -> str:
        """Return the mark of a plan."""
        return self._prefix + hashlib.sha256(plan.read_bytes()).hexdigest()

    def put(self, mark: str) -> None:
        """Mark an apply that begins."""
        self._s3.put_object(Bucket=self._bucket, Key=mark, Body=b"")

    def remove(self, marks: list[str]) -> None:
        """Remove marks, because what they stand for is done or never began."""
        for mark in marks:
            self._s3.delete_object(Bucket=self._bucket, Key=mark)


def wait_for_endpoint(sagemaker: Any, name: str, listen: Listener) -> bool:
    """Wait while an endpoint is on its way, since SageMaker takes no other update; return whether it was.

    It ends: SageMaker gives up a rollout after the time that its configuration sets.
    """
    said = ""
    while (status := _status(sagemaker, name)) in _ON_ITS_WAY:
        if status != said:
            listen(f"The endpoint {name} is {status}, since an apply that did not end: waiting until that is over.")
        said = status
        time.sleep(POLL_SECONDS)
    return said != ""


def _status(sagemaker: Any, name: str) -> str:
    try:
        return str(sagemaker.describe_endpoint(EndpointName=name)["EndpointStatus"])
    except ClientError as error:
        if "Could not find endpoint" not in error.response["Error"].get("Message", ""):
            raise
        return "absent"
