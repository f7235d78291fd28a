"""Lines arrive in CloudWatch Logs in order, in batches that it takes, or are lost without harm."""

from itertools import chain

import pytest
from botocore.exceptions import ClientError

from fairway.twin.runtime import logs


class Exceptions:
    class ResourceNotFoundException(ClientError):  # noqa: N818 -- botocore's name
        pass

    class ResourceAlreadyExistsException(ClientError):  # noqa: N818 -- botocore's name
        pass


def refuse(kind, code):
    raise kind({"Error": {"Code": code, "Message": "no"}}, "operation")


class FakeLogs:
    exceptions = Exceptions

    def __init__(self, *, denied=False, expired=0):
        self.groups, self.batches, self.denied, self.expired = set(), [], denied, expired

    def create_log_group(self, logGroupName):  # noqa: N803 -- boto3's name
        self.groups.add(logGroupName)

    def create_log_stream(self, logGroupName, **_):  # noqa: N803 -- boto3's name
        if self.denied:
            refuse(ClientError, "AccessDeniedException")
        if logGroupName not in self.groups:
            refuse(Exceptions.ResourceNotFoundException, "ResourceNotFoundException")

    def put_log_events(self, logEvents, **_):  # noqa: N803 -- boto3's name
        if self.expired:
            self.expired -= 1
            refuse(ClientError, "ExpiredTokenException")
        self.batches.append([event["message"] for event in logEvents])


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(logs, "BATCH_SECONDS", 0.01)


def write(client, lines):
    stream = logs.LogStream(lambda: client, "group", "stream")
    for line in lines:
        stream.write(line)
    stream.close()


def test_all_lines_arrive_in_order_and_empty_ones_are_left_out():
    client = FakeLogs()
    write(client, ["a", "", "b", "c"])
    assert list(chain(*client.batches)) == ["a", "b", "c"]
    assert client.groups == {"group"}


def test_a_batch_is_no_larger_than_the_service_takes(monkeypatch):
    monkeypatch.setattr(logs, "BATCH_BYTES", 100)
    client = FakeLogs()
    write(client, ["x" * 30] * 5)
    assert [len(batch) for batch in client.batches] == [1] * 5
    monkeypatch.setattr(logs, "BATCH_BYTES", 1000)
    monkeypatch.setattr(logs, "BATCH_EVENTS", 2)
    client = FakeLogs()
    write(client, ["x"] * 5)
    assert max(len(batch) for batch in client.batches) <= 2
    assert list(chain(*client.batches)) == ["x"] * 5


def test_a_role_that_may_not_write_loses_its_lines(caplog):
    client = FakeLogs(denied=True)
    write(client, ["a"])
    assert client.batches == []
    assert "are lost: no (AccessDeniedException)" in caplog.text


def test_expired_credentials_are_renewed():
    clients = [FakeLogs(expired=1), FakeLogs()]
    made = iter(clients)
    stream = logs.LogStream(lambda: next(made), "group", "stream")
    stream.write("a")
    stream.close()
    assert clients[1].batches == [["a"]]
