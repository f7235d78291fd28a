import os
import signal
import threading
import time
from pathlib import Path

import pytest

from fairway.delivery.terraform import Plan, Terraform, explain, find_terraform, summarise
from fairway.errors import StateLockedError, TerraformDiedError, TerraformError, ToolMissingError

LOCKED = """
╷
│ Error: Error acquiring the state lock
│
│ Error message: operation error S3: PutObject, https response error StatusCode: 412
│ Lock Info:
│   ID:        1c8b3c2f-4a0e-4e9d-9d2e-0a7c3ab6b1a5
│   Path:      flights-tfstate/environments/dev/terraform.tfstate
│   Operation: OperationTypeApply
│   Who:       ana@laptop
│   Version:   1.11.4
│   Created:   2026-11-22 14:00:00.000000 +0000 UTC
│   Info:
│
╵
"""

TWO_ERRORS = """
╷
│ Warning: Deprecated attribute
│
│ Do not mind.
╵
╷
│ Error: Invalid value for variable
│
│   on main.tf line 3:
│ The image must be named by digest.
╵
╷
│ Error: second
╵
"""


@pytest.fixture
def program(tmp_path):
    """Make a program that answers as Terraform would."""

    def write(body: str, name: str = "terraform") -> Path:
        path: Path = tmp_path / name
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(0o755)
        return path

    return write


def terraform(program: Path, listen=lambda _line: None) -> Terraform:
    return Terraform(program.parent, name="dev", program=str(program), environment=dict(os.environ), listen=listen)


@pytest.mark.parametrize(
    ("version", "accepted"),
    [("1.9.8", False), ("0.15.0", False), ("1.10.0", True), ("1.11.4", True), ("2.0.0-rc1", True)],
)
def test_terraform_must_be_new_enough(program, tmp_path, version, accepted):
    program(f"""echo 'a warning'; echo '{{"terraform_version": "{version}"}}'""")
    environment = {"PATH": str(tmp_path)}
    if accepted:
        assert find_terraform(environment) == str(tmp_path / "terraform")
    else:
        with pytest.raises(ToolMissingError, match=rf"{version} was found.*Install Terraform 1.10"):
            find_terraform(environment)


def test_opentofu_is_found_where_terraform_is_not(program, tmp_path):
    program("""echo '{"terraform_version": "1.11.0"}'""", "tofu")
    assert find_terraform({"PATH": str(tmp_path)}) == str(tmp_path / "tofu")


def test_opentofu_must_know_ephemeral_variables(program, tmp_path):
    program("""echo '{"terraform_version": "1.10.3"}'""", "tofu")
    with pytest.raises(ToolMissingError, match=r"tofu 1.10.3 was found: version 1.11 or newer is needed"):
        find_terraform({"PATH": str(tmp_path)})


def test_a_missing_terraform_is_one_sentence_with_what_to_install(tmp_path):
    with pytest.raises(ToolMissingError, match=r"terraform was not found on PATH: .*Install Terraform"):
        find_terraform({"PATH": str(tmp_path)})


def test_what_is_no_terraform_is_refused(program, tmp_path):
    program("echo hello")
    with pytest.raises(ToolMissingError, match="unknown version"):
        find_terraform({"PATH": str(tmp_path)})


def test_a_locked_state_names_its_owner():
    error = explain("dev", "apply", 1, LOCKED)
    assert isinstance(error, StateLockedError)
    assert error.owner == "ana@laptop"
    assert error.lock_id == "1c8b3c2f-4a0e-4e9d-9d2e-0a7c3ab6b1a5"
    assert "ana@laptop (OperationTypeApply, since 2026-11-22 14:00:00" in str(error)
    assert "make unlock ENV=dev LOCK=1c8b3c2f" in str(error)


def test_a_stale_plan_says_to_plan_again():
    assert "make plan ENV=dev" in str(explain("dev", "apply", 1, "│ Error: Saved plan is stale\n"))


def test_errors_are_kept_and_frames_and_warnings_dropped():
    assert summarise(
        TWO_ERRORS
    ) == "Invalid value for variable\n  on main.tf line 3:\nThe image must be named by digest.\nsecond".replace(
        "  on", "on"
    )


def test_an_end_without_words_is_still_told():
    assert "ended with code 3" in str(explain("dev", "plan", 3, ""))


def test_a_death_says_to_run_it_again(program):
    with pytest.raises(TerraformDiedError, match=r"Terraform was killed by signal 9, .* Run this again"):
        terraform(program("kill -9 $$")).init({})
    provider = explain("dev", "apply", 1, "│ Error: Plugin did not respond\n│\n│ The plugin encountered an error\n")
    assert isinstance(provider, TerraformDiedError)
    assert "its provider died" in str(provider)


def test_a_terraform_that_was_killed_leaves_no_provider(program, tmp_path):
    with pytest.raises(TerraformDiedError):
        terraform(program(f"sleep 600 & echo $! > {tmp_path}/provider; kill -9 $$")).init({})
    provider = Path(f"/proc/{(tmp_path / 'provider').read_text().strip()}/stat")
    deadline = time.monotonic() + 10
    while provider.exists() and provider.read_text().split()[2] != "Z":  # until whoever adopted it looks
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_plan_is_shown_as_json(program, tmp_path):
    shown = terraform(program("""echo '{"resource_changes": []}'""")).show(Plan(tmp_path / "p", changes=True))
    assert shown == {"resource_changes": []}


@pytest.mark.parametrize(("code", "changes"), [(0, False), (2, True)])
def test_a_plan_knows_whether_it_changes_anything(program, tmp_path, code, changes):
    plan = terraform(program(f"exit {code}")).plan(tmp_path / "plans" / "p.tfplan")
    assert plan.changes is changes


def test_a_failed_command_raises_with_terraforms_words(program, tmp_path):
    failing = program("echo '│ Error: No such bucket' >&2; exit 1")
    with pytest.raises(TerraformError, match="terraform plan of dev failed: No such bucket"):
        terraform(failing).plan(tmp_path / "p.tfplan")


def test_lines_are_told_as_they_come(program):
    lines: list[str] = []
    terraform(program('echo one; echo two; echo "$@"'), lines.append).init({"bucket": "b"})
    assert lines[:2] == ["one", "two"]
    assert "-backend-config=bucket=b" in lines[2]
    assert "-lockfile=readonly" in lines[2]


def test_an_interrupt_is_passed_on_once_and_waited_for(program, tmp_path):
    trap = f"trap 'echo interrupted >> {tmp_path}/said; exit 1' INT"
    slow = program(f"{trap}; touch {tmp_path}/started; while :; do sleep 0.02; done")

    def interrupt() -> None:
        deadline = time.monotonic() + 10
        while not (tmp_path / "started").exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt, daemon=True).start()
    with pytest.raises(KeyboardInterrupt):
        terraform(slow).init({})
    assert (tmp_path / "said").read_text() == "interrupted\n"


def test_a_plan_that_failed_leaves_no_file_for_an_apply(program, tmp_path):
    file = tmp_path / "plan.tfplan"
    failing = terraform(program(f"echo half > {file}; printf '%s' 'Error: no' >&2; exit 1"))
    with pytest.raises(TerraformError):
        failing.plan(file)
    assert not file.exists()
