import hashlib

import pytest
from botocore.exceptions import ClientError

from fairway.delivery import unfinished
from fairway.delivery.unfinished import Marks, wait_for_endpoint

KEY = "environments/dev/terraform.tfstate"


class Bucket:
    def __init__(self, *keys):
        self.keys = list(keys)

    def list_objects_v2(self, *, Bucket, Prefix):  # noqa: N803 -- the API's names
        assert Bucket == "b"
        found = [{"Key": key} for key in self.keys if key.startswith(Prefix)]
        return {"Contents": found} if found else {}

    def put_object(self, *, Bucket, Key, Body):  # noqa: N803 -- the API's names
        assert (Bucket, Body) == ("b", b"")
        self.keys.append(Key)

    def delete_object(self, *, Bucket, Key):  # noqa: N803 -- the API's names
        assert Bucket == "b"
        self.keys.remove(Key)


def test_a_mark_is_of_one_root_and_one_plan(tmp_path):
    plan = tmp_path / "plan.tfplan"
    plan.write_bytes(b"plan")
    bucket = Bucket(KEY, f"{KEY}.tflock", "environments/prod/terraform.tfstate.unfinished/1")
    marks = Marks(bucket, "b", KEY)
    assert marks.all() == []
    mark = marks.of(plan)
    assert mark == f"{KEY}.unfinished/{hashlib.sha256(b'plan').hexdigest()}"
    marks.put(mark)
    assert marks.all() == [mark]
    marks.remove(marks.all())
    assert marks.all() == []


class Endpoint:
    def __init__(self, *statuses):
        self._statuses = iter(statuses)

    def describe_endpoint(self, *, EndpointName):  # noqa: N803 -- the API's name
        status = next(self._statuses)
        if isinstance(status, Exception):
            raise status
        return {"EndpointName": EndpointName, "EndpointStatus": status}


def error(message):
    return ClientError({"Error": {"Code": "ValidationException", "Message": message}}, "DescribeEndpoint")


GONE = error('Could not find endpoint "flights-dev".')


@pytest.mark.parametrize(
    ("statuses", "waited", "said"),
    [
        (["InService"], False, []),
        (["Failed"], False, []),
        ([GONE], False, []),
        (["Creating", "Creating", "InService"], True, ["Creating"]),
        (["Updating", "RollingBack", "InService"], True, ["Updating", "RollingBack"]),
        (["Deleting", GONE], True, ["Deleting"]),
    ],
)
def test_an_endpoint_that_is_on_its_way_is_waited_for(monkeypatch, statuses, waited, said):
    monkeypatch.setattr(unfinished, "POLL_SECONDS", 0)
    lines: list[str] = []
    assert wait_for_endpoint(Endpoint(*statuses), "flights-dev", lines.append) is waited
    assert [line.split(" is ")[1].split(",")[0] for line in lines] == said


def test_another_error_is_no_absence():
    with pytest.raises(ClientError, match="not authorized"):
        wait_for_endpoint(Endpoint(error("not authorized")), "flights-dev", lambda _: None)
