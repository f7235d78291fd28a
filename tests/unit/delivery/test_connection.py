from types import SimpleNamespace
from typing import Any

import pytest

from fairway.delivery.connection import find_connection
from fairway.errors import NotProvisionedError

ARN = "arn:aws:codeconnections:us-east-1:111111111111:connection/8a4c"


def found(*names: str, status: str = "PENDING"):
    told = [{"ConnectionName": name, "ConnectionArn": ARN, "ConnectionStatus": status} for name in names]
    client: Any = SimpleNamespace(list_connections=lambda ProviderTypeFilter: {"Connections": told})  # noqa: N803, ARG005  # AWS's own name
    return find_connection(client, "flights", "us-east-1")


def test_a_connection_says_where_it_is_completed():
    connection = found("other", "flights")
    assert (connection.status, connection.identifier) == ("PENDING", "8a4c")
    assert connection.address == "https://us-east-1.console.aws.amazon.com/codesuite/settings/connections"
    assert connection.words.startswith("The connection flights is PENDING, and no push starts a pipeline")
    assert connection.words.endswith(connection.address)


def test_a_connection_that_is_complete_says_so():
    assert found("flights", status="AVAILABLE").words == "The connection flights is AVAILABLE."


def test_a_project_without_one_is_told_what_makes_it():
    with pytest.raises(NotProvisionedError, match=r"The connection flights.*make apply ENV=delivery"):
        found("other")
