"""The log of a build: a stream of CloudWatch Logs that is made and written with the permissions of its role."""

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from fairway.twin.runtime.build_environment import Resolved
from fairway.twin.runtime.failures import code

if TYPE_CHECKING:
    from datetime import datetime

    from fairway.twin.runtime.containers import Session
    from fairway.twin.runtime.logs import LogStream


class BuildLog:
    """Lines of the build's commands, and of CodeBuild's own; no secret is among them."""

    def __init__(self, session: "Session", group: str | None, stream: str) -> None:
        self._session = session
        self._group = group
        self._name = stream
        self._hidden = Resolved()
        self._more: tuple[str, ...] = ()
        self._stream: LogStream | None = None

    def open(self) -> None:
        """Make the stream, and its group if there is none; raise ClientError. Without a group there is no log."""
        if self._group is None:
            return
        logs = self._session.client("logs")
        try:
            logs.create_log_stream(logGroupName=self._group, logStreamName=self._name)
        except ClientError as error:
            if code(error) != "ResourceNotFoundException":
                raise
            logs.create_log_group(logGroupName=self._group)
            logs.create_log_stream(logGroupName=self._group, logStreamName=self._name)
        self._stream = self._session.logs(self._group, self._name)

    def hide(self, secrets: Resolved, access_key: str) -> None:
        """From now on leave out the values of secrets, and the access key of the role's session."""
        self._hidden, self._more = secrets, (access_key,)

    def write(self, line: str) -> None:
        """Write a line of a command."""
        if self._stream is not None:
            self._stream.write(self._hidden.masked(line, self._more))

    def say(self, text: str) -> None:
        """Write a line of CodeBuild's own."""
        now: datetime = self._session.twin.clock.now()
        self.write(f"[Container] {now:%Y/%m/%d %H:%M:%S.%f} {text}")

    def close(self) -> None:
        """Return when all is sent."""
        if self._stream is not None:
            self._stream.close()
