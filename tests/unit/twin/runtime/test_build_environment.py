"""Variables of a build: precedence, references, masks, and what the machine gives."""

import pytest

from fairway.twin.runtime.build_environment import (
    Resolved,
    Variable,
    check_runtimes,
    machine_variables,
    merge,
    parse_secret,
    resolve,
)
from fairway.twin.runtime.build_failures import PhaseError
from fairway.twin.runtime.build_spec import Buildspec, BuildspecError

ARN = "arn:aws:secretsmanager:us-east-1:111111111111:secret:name-AbCdEf"


class Session:
    """A role that may read what is given here."""

    def __init__(self, parameters=None, secrets=None):
        self.parameters, self.secrets = parameters or {}, secrets or {}

    def client(self, _service):
        return self

    def get_parameters(self, *, Names, WithDecryption):  # noqa: N803 -- boto3's
        assert WithDecryption
        return {"Parameters": [{"Value": self.parameters[name]} for name in Names if name in self.parameters]}

    def get_secret_value(self, **request):
        return {"SecretString": self.secrets[request["SecretId"]]}


def test_precedence():
    spec = Buildspec(variables={"A": "spec", "B": "spec", "C": "spec"}, parameters={"D": "/spec"})

    merged = merge(
        spec, [{"name": "B", "value": "project"}, {"name": "C", "value": "project"}, {"name": "D", "value": "x"}]
    )

    assert merged == {
        "A": Variable("A", "spec"),
        "B": Variable("B", "project"),
        "C": Variable("C", "project"),
        "D": Variable("D", "x"),
    }


def test_references_are_resolved_and_masked():
    variables = {
        "P": Variable("P", "/p", "PARAMETER_STORE"),
        "S": Variable("S", "s:key", "SECRETS_MANAGER"),
        "W": Variable("W", "w", "SECRETS_MANAGER"),
        "N": Variable("N", "plain"),
    }
    session = Session({"/p": "stored"}, {"s": '{"key": "inner"}', "w": "first\nsecond"})

    resolved = resolve(variables, session)

    assert resolved.values == {"P": "stored", "S": "inner", "W": "first\nsecond", "N": "plain"}
    assert resolved.masked("stored inner second plain AKIA", ["AKIA"]) == "*** *** *** plain ***"


def test_the_longer_secret_is_masked_first():
    assert Resolved({"A": "abc", "B": "abcdef"}, {"A", "B"}).masked("abcdef abc") == "*** ***"


@pytest.mark.parametrize(
    ("variable", "status", "sentence"),
    [
        (
            Variable("A", "/missing", "PARAMETER_STORE"),
            "Decrypted Variables Error",
            "parameter does not exist: /missing",
        ),
        (Variable("A", "s:other", "SECRETS_MANAGER"), "Secrets Manager Error", "no JSON key 'other'"),
        (Variable("A", "s:a:stage:version", "SECRETS_MANAGER"), "Secrets Manager Error", "only one is allowed"),
    ],
)
def test_what_cannot_be_resolved(variable, status, sentence):
    with pytest.raises(PhaseError, match=sentence) as raised:
        resolve({"A": variable}, Session(secrets={"s": '{"key": "inner"}'}))
    assert raised.value.status_code == status


@pytest.mark.parametrize(
    ("reference", "request_", "key"),
    [
        ("name", {"SecretId": "name"}, ""),
        ("name:key", {"SecretId": "name"}, "key"),
        ("name:key:AWSPREVIOUS", {"SecretId": "name", "VersionStage": "AWSPREVIOUS"}, "key"),
        ("name:key::abc", {"SecretId": "name", "VersionId": "abc"}, "key"),
        (ARN, {"SecretId": ARN}, ""),
        (f"{ARN}:key:stage", {"SecretId": ARN, "VersionStage": "stage"}, "key"),
    ],
)
def test_references_to_secrets(reference, request_, key):
    assert parse_secret(reference) == (request_, key)


def test_the_machine_gives_its_path_without_virtual_environments_and_its_sources(tmp_path):
    (tmp_path / "venv" / "bin").mkdir(parents=True)
    (tmp_path / "venv" / "pyvenv.cfg").touch()
    given = {
        "PATH": f"{tmp_path}/venv/bin:/usr/bin",
        "PIP_INDEX_URL": "https://packages.example",
        "UV_PYTHON": "3.9",
        "UV_CACHE_DIR": "/caches/uv",
        "HTTPS_PROXY": "http://proxy.example",
        "SSL_CERT_FILE": "/ca.pem",
        "VIRTUAL_ENV": "/venv",
        "AWS_PROFILE": "mine",
        "HOME": "/home/me",
        "GITHUB_TOKEN": "secret",
    }

    assert machine_variables(given) == {
        "PATH": "/usr/bin",
        "PIP_INDEX_URL": "https://packages.example",
        "UV_CACHE_DIR": "/caches/uv",
        "HTTPS_PROXY": "http://proxy.example",
        "SSL_CERT_FILE": "/ca.pem",
    }


@pytest.mark.parametrize(
    ("given", "cache"),
    [({"HOME": "/home/me"}, "/home/me/.cache/uv"), ({"HOME": "/home/me", "XDG_CACHE_HOME": "/caches"}, "/caches/uv")],
)
def test_builds_share_what_the_machine_has_fetched(given, cache):
    assert machine_variables(given)["UV_CACHE_DIR"] == cache


@pytest.mark.parametrize("wanted", ["3.11", "3.x", "3.11.x", "latest", "3.11.4", "$PYTHON"])
def test_runtimes_that_the_machine_has(wanted):
    check_runtimes(Buildspec(runtimes={"python": wanted}), {"PYTHON": "3.11"}, "3.11.4")


@pytest.mark.parametrize(
    ("runtimes", "sentence"),
    [
        ({"python": "3.12"}, "Unknown runtime version named '3.12' of python. .* versions: 3.11.4"),
        ({"python": "3.1"}, "Unknown runtime version named '3.1' of python"),
        ({"docker": "20"}, "Unknown runtime named 'docker'"),
        ({"nodejs": "20"}, "does not have the runtime nodejs"),
    ],
)
def test_runtimes_that_it_has_not(runtimes, sentence):
    with pytest.raises(BuildspecError, match=sentence):
        check_runtimes(Buildspec(runtimes=runtimes), {}, "3.11.4")
