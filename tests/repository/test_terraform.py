"""The Terraform tree keeps its own rules; `terraform test` in each folder shows that it works."""

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TERRAFORM = ROOT / "terraform"
FOLDERS = sorted(file.parent for file in TERRAFORM.rglob("main.tf") if ".terraform" not in file.parts)
MODULES = [folder for folder in FOLDERS if folder.parent.name == "modules"]
ROOTS = [folder for folder in FOLDERS if (folder / "backend.tf").exists()]
ENVIRONMENTS = [folder for folder in ROOTS if folder.parent.name == "environments"]
SOURCES = [file for folder in FOLDERS for file in sorted(folder.glob("*.tf"))]

each_folder = pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: str(folder.relative_to(TERRAFORM)))
each_module = pytest.mark.parametrize("folder", MODULES, ids=lambda folder: folder.name)
each_root = pytest.mark.parametrize("folder", ROOTS, ids=lambda folder: str(folder.relative_to(TERRAFORM)))
each_source = pytest.mark.parametrize("source", SOURCES, ids=lambda source: str(source.relative_to(TERRAFORM)))


def read(folder: Path, name: str) -> str:
    file = folder / name
    return file.read_text() if file.exists() else ""


def variables_of(folder: Path) -> str:
    """Return what declares a folder's variables: one file, or several where there are many."""
    return "".join(file.read_text() for file in sorted(folder.glob("variables*.tf")))


def checks_of(folder: Path) -> str:
    return "".join(file.read_text() for file in sorted(folder.glob("*.tftest.hcl")))


def described(text: str, block: str) -> dict[str, str]:
    """Return the description of every variable or output, by name."""
    return dict(re.findall(rf'{block} "(\w+)" \{{\n  description = "(.*)"\n', text))


def blocks(text: str, kind: str) -> dict[str, str]:
    """Return the body of every top-level block of a kind, by name."""
    return dict(re.findall(rf'^{kind} "(\w+)" \{{\n(.*?)^\}}', text, re.MULTILINE | re.DOTALL))


def test_the_tree_is_what_the_checks_below_walk():
    assert {folder.name for folder in MODULES} >= {
        "artifact-store", "batch-transform", "image-repository", "model-endpoint", "model-registry",
        "training-workflow",
    }  # fmt: skip
    assert [folder.name for folder in ROOTS] == ["bootstrap", "delivery", "dev", "prod", "staging"]


@each_folder
def test_versions_have_one_text(folder):
    assert read(folder, "versions.tf") == read(TERRAFORM / "platform", "versions.tf")


@each_folder
def test_the_provider_is_locked_for_every_platform(folder):
    lock = read(folder, ".terraform.lock.hcl")
    assert lock == read(TERRAFORM / "platform", ".terraform.lock.hcl")
    assert len(re.findall(r'"zh:[0-9a-f]{64}"', lock)) == 15


@each_folder
def test_every_folder_has_tests_whose_names_are_sentences(folder):
    runs = blocks(checks_of(folder), "run")
    assert runs
    assert [name for name in runs if name.count("_") < 1 or name.startswith("test")] == []


@each_folder
def test_every_validation_is_provoked(folder):
    declared = blocks(variables_of(folder), "variable")
    runs = blocks(checks_of(folder), "run").values()
    rules = {name: body.count("validation {") for name, body in declared.items()}
    provoked = {name: sum(f"expect_failures = [var.{name}]" in run for run in runs) for name in declared}
    assert {name: provoked[name] for name in rules if provoked[name] < rules[name]} == {}


@each_folder
def test_every_message_ends_as_a_sentence(folder):
    messages = re.findall(r'error_message = "(.*)"\n', variables_of(folder) + read(folder, "main.tf"))
    assert [message for message in messages if not (message[0].isupper() and message.endswith((".", "?")))] == []


@each_folder
def test_every_variable_and_output_is_described(folder):
    variables, outputs = variables_of(folder), read(folder, "outputs.tf")
    assert set(described(variables, "variable")) == set(blocks(variables, "variable"))
    assert set(described(outputs, "output")) == set(blocks(outputs, "output")) != set()


@pytest.mark.parametrize("folder", [*MODULES, TERRAFORM / "platform"], ids=lambda folder: folder.name)
def test_a_readme_lists_the_variables_and_outputs(folder):
    expected = described(variables_of(folder), "variable") | described(read(folder, "outputs.tf"), "output")
    listed = dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", read(folder, "README.md"), re.MULTILINE))
    assert listed == expected


@each_module
def test_a_readmes_example_is_what_the_tests_run(folder):
    example = re.search(r"```hcl\n(.*?)```", read(folder, "README.md"), re.DOTALL)
    assert example is not None
    tested = {" ".join(line.split()) for line in checks_of(folder).splitlines()}
    told = [" ".join(line.split()) for line in example[1].splitlines()[1:]]
    assigned = [line for line in told if "=" in line and not line.startswith(("source =", "release = jsondecode("))]
    assert assigned
    assert [line for line in assigned if line not in tested] == []


@each_module
def test_a_module_calls_no_module(folder):
    assert 'module "' not in "".join(file.read_text() for file in folder.glob("*.tf"))


@each_root
def test_a_roots_state_lies_under_its_folder(folder):
    backend = read(folder, "backend.tf")
    assert f'"{folder.relative_to(TERRAFORM)}/terraform.tfstate"' in backend
    assert re.search(r"use_lockfile += true", backend)
    assert re.search(r"encrypt += true", backend)
    assert "bucket" not in re.sub(r"#.*", "", backend)  # it comes from project.json, by the command line


@each_source
@pytest.mark.parametrize("pattern", [
    r"(?i)\btwin\b|localhost|127\.0\.0\.1|endpoints \{|skip_\w+ *= *true",  # no cloud but AWS is known
    r"provisioner \"|null_resource|data \"external\"|random_|timestamp\(|uuid\(",
    r"data\.aws_region\.\w+\.name\b",  # renamed by version 6 of the provider
    r"\b(create|enable|use|attach)_\w+ *= *var\.",  # absence is null, not a flag
], ids=["the twin", "what is not declarative", "what provider 6 renames", "flags"])  # fmt: skip
def test_sources_are_free_of(source, pattern):
    assert re.findall(pattern, source.read_text()) == []


@pytest.mark.parametrize(
    "folder", [each for each in FOLDERS if each.name != "bootstrap"], ids=lambda folder: folder.name
)
def test_every_role_carries_the_boundary(folder):
    text = "".join(file.read_text() for file in sorted(folder.glob("*.tf")))
    roles = re.findall(r'^resource "aws_iam_role" "(\w+)" \{\n(.*?)^\}', text, re.MULTILINE | re.DOTALL)
    assert [name for name, body in roles if not re.search(r"^  permissions_boundary +=", body, re.MULTILINE)] == []


def test_default_tags_and_accounts_stand_in_roots_only():
    telling = {file.parent for file in SOURCES if "default_tags" in file.read_text()}
    allowing = {file.parent for file in SOURCES if "allowed_account_ids" in file.read_text()}
    assert telling == allowing == set(ROOTS)


def test_every_checkov_skip_has_a_reason():
    skips = [line.strip() for file in SOURCES for line in file.read_text().splitlines() if "checkov:skip" in line]
    assert skips
    assert [skip for skip in skips if not re.fullmatch(r"#checkov:skip=CKV2?_AWS_\d+:\w.{20,}", skip)] == []


each_environment = pytest.mark.parametrize("folder", ENVIRONMENTS, ids=lambda folder: folder.name)

MAY_DIFFER = {"batch", "endpoint", "training"}
"""The arguments of the platform by which one environment may differ from another, beside its name."""


def split_main(folder: Path) -> tuple[str, dict[str, str]]:
    """Return an environment's main.tf without what may differ, its name replaced, and what may differ, by argument."""
    shared, call = read(folder, "main.tf").split('\nmodule "platform" {\n')
    source, common, *differing = call.removesuffix("}\n").split("\n\n")
    arguments = dict(re.findall(r"^  (\w+) = (\{\n.*?^  \})$", "\n".join(differing), re.MULTILINE | re.DOTALL))
    comments = re.compile(r"^  #.*$\n?", re.MULTILINE)
    left = "\n".join(differing)
    for name, value in arguments.items():
        left = left.replace(f"  {name} = {value}", "")
    assert comments.sub("", left).strip() == ""
    return shared.replace(f'environment = "{folder.name}"', "environment = …") + source + common, arguments


@each_environment
def test_environments_differ_in_their_name_and_three_arguments_only(folder):
    shared, arguments = split_main(folder)
    assert "environment = …" in shared
    assert shared == split_main(TERRAFORM / "environments/dev")[0]
    assert set(arguments) <= MAY_DIFFER


@each_environment
@pytest.mark.parametrize("name", ["outputs.tf", "variables.tf", "versions.tf"])
def test_environments_share_the_text_of(folder, name):
    assert read(folder, name) == read(TERRAFORM / "environments/dev", name)


@each_environment
def test_an_environment_consists_of_these_files(folder):
    assert {file.name for file in folder.iterdir() if file.is_file()} - {"challenger.json"} == {
        ".terraform.lock.hcl", "backend.tf", "main.tf", "outputs.tf", "release.json", "variables.tf", "versions.tf",
        f"{folder.name}.tftest.hcl",
    }  # fmt: skip


@each_environment
def test_an_environment_has_an_account(folder):
    assert folder.name in json.loads((ROOT / "project.json").read_text())["accounts"]


def test_a_release_goes_the_way_that_project_json_says():
    text = read(TERRAFORM / "delivery", "pipelines.tf")
    way = re.search(r"^  way += \[for name in (\[.+?\]) : ", text, re.MULTILINE)
    assert way
    order = [name for name in json.loads((ROOT / "project.json").read_text())["accounts"] if name != "delivery"]
    assert json.loads(way[1]) == order


@pytest.mark.parametrize(("argument", "module"), [("endpoint", "model-endpoint"), ("batch", "batch-transform")])
def test_the_platform_knows_the_settings_of_its_modules_and_no_others(argument, module):
    listed = re.findall(rf'"{argument}\.([\w.]*)" += \[.*?, \[(.*)\]\]', read(TERRAFORM / "platform", "settings.tf"))
    known = {below: set(re.findall(r"\w+", names)) for below, names in listed}
    variables = blocks(variables_of(TERRAFORM / "modules" / module), "variable")
    assert known[""] <= variables.keys()
    declared = set(known[""])
    for name in known[""]:
        [kind] = re.findall(r"^  type += (.*?)(?=^  \w|\Z)", variables[name], re.MULTILINE | re.DOTALL)
        # The members of maps, and of a release, are no settings of the platform's.
        kind = re.sub(r"object\(\{[^{}]*version = .*?\}\)|(?<=map\()object\(\{.*?\}\)", "any", kind)
        declared |= set(re.findall(r"(\w+) += (?:optional|object|number|string|any)\b", kind))
    assert set().union(*known.values()) == declared


def test_one_place_trains():
    assert [folder.name for folder in ENVIRONMENTS if "training" in split_main(folder)[1]] == ["dev"]


@each_environment
def test_an_environments_release_file_has_two_members(folder):
    assert set(json.loads((folder / "release.json").read_text())) == {"current", "previous"}
