import pytest
from botocore.exceptions import ClientError
from tests.unit.delivery.samples import EMPTY, git, make_project

from fairway.delivery.forge_choice import choose_forge, pull_address, secret_reader
from fairway.delivery.forge_github import GitHubForge
from fairway.delivery.forge_local import LocalForge
from fairway.errors import CheckoutError, ForgeCredentialsError, ForgeSettingError
from fairway.settings import Settings

TOKEN = {"GITHUB_TOKEN": "t"}


@pytest.fixture
def checkout(tmp_path):
    return make_project(tmp_path, {"dev": EMPTY})


def choose(checkout, read_secret=None, **environment):
    settings = Settings.load(checkout, environment)
    return choose_forge(settings, read_secret or refuse, environment)


def refuse(name):
    raise AssertionError(f"nobody asked for a secret {name}")


def test_the_twin_has_a_local_forge_where_the_origin_is(checkout):
    forge = choose(checkout)
    assert isinstance(forge, LocalForge)
    assert forge.repository.resolve() == (checkout.parent / "origin.git").resolve()


def test_an_origin_may_be_a_file_address(checkout):
    git(checkout, "remote", "set-url", "origin", f"file://{checkout.parent}/origin.git")
    assert isinstance(choose(checkout), LocalForge)


def test_aws_has_github(checkout):
    git(checkout, "remote", "set-url", "origin", "https://github.com/example/flights.git")
    forge = choose(checkout, CLOUD="aws", **TOKEN)
    assert isinstance(forge, GitHubForge)
    assert (forge.name, forge.commits) == ("GitHub example/flights", "https://github.com/example/flights/commit/")


def test_enterprise_has_its_own_address(checkout):
    forge = choose(checkout, FORGE="github", GITHUB_API_URL="https://git.example.com/api/v3/", **TOKEN)
    assert forge.commits == "https://git.example.com/example/flights/commit/"


def test_a_build_of_the_twins_has_the_local_forge(checkout):
    assert isinstance(choose(checkout, CLOUD="aws"), LocalForge)


@pytest.mark.parametrize(
    ("number", "environment", "address"),
    [
        (7, {}, "https://github.com/example/flights/pull/7"),
        (None, {}, "https://github.com/example/flights/commit/abc"),
        (7, {"GITHUB_API_URL": "https://git.example.com/api/v3"}, "https://git.example.com/example/flights/pull/7"),
    ],
)
def test_a_pull_request_is_read_on_github(checkout, number, environment, address):
    git(checkout, "remote", "set-url", "origin", "https://github.com/example/flights.git")
    assert pull_address(Settings.load(checkout, {}), number, "abc", environment) == address


def test_a_local_pull_request_is_read_in_the_repository(checkout):
    origin = (checkout.parent / "origin.git").resolve()
    settings = Settings.load(checkout, {})
    assert pull_address(settings, 7, "abc", {}) == f"file://{origin}#refs/pulls/7/head"
    assert pull_address(settings, None, "abc", {}) == f"file://{origin}#abc"


def test_the_forge_can_be_chosen_against_the_cloud(checkout):
    assert isinstance(choose(checkout, FORGE="local", CLOUD="aws"), LocalForge)
    with pytest.raises(ForgeSettingError, match="FORGE is 'gitlab': `local`"):
        choose(checkout, FORGE="gitlab")


@pytest.mark.parametrize("api", ["git.example.com", "ftp://git.example.com", "https://"])
def test_an_address_that_is_none_is_refused(checkout, api):
    with pytest.raises(ForgeSettingError, match="GITHUB_API_URL is "):
        choose(checkout, FORGE="github", GITHUB_API_URL=api, **TOKEN)


@pytest.mark.parametrize("origin", ["https://github.com/example/flights", "git@github.com:example/flights.git", "gone"])
def test_an_origin_elsewhere_is_no_local_forge(checkout, origin):
    git(checkout, "remote", "set-url", "origin", origin)
    with pytest.raises(CheckoutError, match=r"The origin of this checkout is .* FORGE=github"):
        choose(checkout, FORGE="local")


def test_a_missing_origin_is_a_sentence(checkout):
    git(checkout, "remote", "remove", "origin")
    with pytest.raises(CheckoutError, match="has no remote `origin`"):
        choose(checkout)


def test_no_token_is_a_sentence(checkout):
    with pytest.raises(ForgeCredentialsError, match="there is no token: set GITHUB_TOKEN, or GITHUB_TOKEN_SECRET"):
        choose(checkout, FORGE="github")


def test_a_token_may_be_a_secret(checkout):
    secrets = {"forge": "t"}
    forge = choose(checkout, secrets.__getitem__, FORGE="github", GITHUB_TOKEN_SECRET="forge")
    assert forge.name == "GitHub example/flights"
    with pytest.raises(KeyError, match="gone"):
        choose(checkout, secrets.__getitem__, FORGE="github", GITHUB_TOKEN_SECRET="gone")


class SecretsManager:
    def get_secret_value(self, *, SecretId):  # noqa: N803  # as boto3 spells it
        if SecretId != "forge":
            raise ClientError(
                {"Error": {"Code": "ResourceNotFoundException", "Message": "no secret"}}, "GetSecretValue"
            )
        return {"SecretString": "t"}


def test_a_secret_is_read():
    assert secret_reader(SecretsManager)("forge") == "t"
    with pytest.raises(ForgeSettingError, match=r"GITHUB_TOKEN_SECRET names 'gone', which cannot be read .*no secret"):
        secret_reader(SecretsManager)("gone")
