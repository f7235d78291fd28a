import json

import pytest

from fairway.errors import ProjectFileError, UnknownCloudError, UnknownEnvironmentError
from fairway.settings import Settings, load_project, write_project

PROJECT = {
    "project": "flights",
    "region": "eu-west-1",
    "repository": "owner/flights",
    "accounts": {"delivery": "111111111111", "dev": "222222222222"},
}


@pytest.fixture
def checkout(tmp_path):
    (tmp_path / "project.json").write_text(json.dumps(PROJECT))
    (tmp_path / "terraform/environments/dev").mkdir(parents=True)
    (tmp_path / "terraform/environments/dev/main.tf").touch()
    return tmp_path


def test_names_are_derived_from_the_project(checkout):
    project = Settings.load(checkout, {}).project
    assert project.state_bucket == "flights-tfstate-111111111111-eu-west-1"
    assert project.deploy_role_arn == "arn:aws:iam::111111111111:role/flights-deploy"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"project": "Flights"}, "`project` is 'Flights'"),
        ({"region": "here"}, "`region` is 'here'"),
        ({"repository": "flights"}, "`repository` is 'flights'"),
        ({"accounts": {"delivery": "123"}}, r"`accounts\.delivery` is '123'"),
        ({"accounts": {"dev": "222222222222"}}, "has no `delivery`"),
        ({"colour": "blue"}, "`colour`"),
    ],
)
def test_a_wrong_member_is_named(tmp_path, changes, expected):
    (tmp_path / "project.json").write_text(json.dumps(PROJECT | changes))
    with pytest.raises(ProjectFileError, match=expected):
        load_project(tmp_path / "project.json")


@pytest.mark.parametrize(
    ("text", "expected"), [("{", "not JSON"), ("[]", "the document"), ("{}", "`project` is missing")]
)
def test_a_wrong_document_is_refused(tmp_path, text, expected):
    (tmp_path / "project.json").write_text(text)
    with pytest.raises(ProjectFileError, match=expected):
        load_project(tmp_path / "project.json")


def test_a_missing_file_says_what_writes_it(tmp_path):
    with pytest.raises(ProjectFileError, match="make init"):
        load_project(tmp_path / "project.json")


@pytest.mark.parametrize("port", ["http", "0", "65536", "-1"])
def test_a_wrong_port_is_refused(checkout, port):
    with pytest.raises(ProjectFileError, match="FAIRWAY_TWIN_PORT"):
        Settings.load(checkout, {"FAIRWAY_TWIN_PORT": port})


def test_the_cloud_is_the_twin_unless_said_otherwise(checkout):
    assert Settings.load(checkout, {}).cloud == "twin"
    assert Settings.load(checkout, {"CLOUD": "aws"}).cloud == "aws"
    with pytest.raises(UnknownCloudError, match="'gcp'"):
        Settings.load(checkout, {"CLOUD": "gcp"})


def test_an_unknown_environment_names_those_that_exist(checkout):
    settings = Settings.load(checkout, {})
    assert settings.require_environment("dev") == "dev"
    with pytest.raises(UnknownEnvironmentError, match="no environment 'prd': expected one of dev "):
        settings.require_environment("prd")


def test_init_writes_what_load_reads(checkout):
    (checkout / "project.json").unlink()
    write_project(
        checkout / "project.json", project="cats", region="us-west-2", repository="a/cats", account="333333333333"
    )
    project = load_project(checkout / "project.json")
    assert project.accounts == {"delivery": "333333333333", "dev": "333333333333"}


def test_init_leaves_the_file_alone_when_an_answer_is_wrong(checkout):
    before = (checkout / "project.json").read_text()
    with pytest.raises(ProjectFileError, match=r"accounts"):
        write_project(checkout / "project.json", project="cats", region="us-west-2", repository="a/cats", account="1")
    assert (checkout / "project.json").read_text() == before


def test_a_release_passes_through_environments_in_the_order_of_their_accounts(checkout):
    for name in ("prod", "staging", "canada"):
        (checkout / f"terraform/environments/{name}").mkdir()
        (checkout / f"terraform/environments/{name}/main.tf").touch()
    accounts = dict.fromkeys(["delivery", "dev", "staging", "prod", "gone"], "111111111111")
    (checkout / "project.json").write_text(json.dumps(PROJECT | {"accounts": accounts}))
    assert Settings.load(checkout, {}).environments == ["dev", "staging", "prod", "canada"]
    write_project(
        checkout / "project.json", project="cats", region="us-west-2", repository="a/cats", account="333333333333"
    )
    assert list(load_project(checkout / "project.json").accounts) == ["delivery", "dev", "staging", "prod", "canada"]


def test_init_again_keeps_what_a_person_has_added(checkout):
    (checkout / "terraform/environments/prod").mkdir()
    (checkout / "terraform/environments/prod/main.tf").touch()
    provider = "arn:aws:iam::111111111111:oidc-provider/token.actions.githubusercontent.com"
    added = {"base_image": f"python@sha256:{'a' * 64}", "github_oidc_provider_arn": provider}
    accounts = {"delivery": "111111111111", "dev": "111111111111", "prod": "222222222222", "gone": "444444444444"}
    (checkout / "project.json").write_text(json.dumps(PROJECT | added | {"accounts": accounts}))
    write_project(
        checkout / "project.json", project="cats", region="us-west-2", repository="a/cats", account="333333333333"
    )
    assert json.loads((checkout / "project.json").read_text()) == {
        "project": "cats", "region": "us-west-2", "repository": "a/cats", **added,
        "accounts": {"delivery": "333333333333", "dev": "333333333333", "prod": "222222222222"},
    }  # fmt: skip


def test_init_repairs_a_file_that_cannot_be_read(checkout):
    (checkout / "project.json").write_text("{")
    write_project(
        checkout / "project.json", project="cats", region="us-west-2", repository="a/cats", account="333333333333"
    )
    assert load_project(checkout / "project.json").project == "cats"
