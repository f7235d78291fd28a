"""The only place that runs Terraform: python-terraform builds the command lines, this module runs and checks them."""

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile, TemporaryFile
from typing import Any, BinaryIO

import python_terraform
from python_terraform import IsFlagged

from fairway.errors import PlanStaleError, StateLockedError, TerraformDiedError, TerraformError, ToolMissingError

OLDEST = {"terraform": (1, 10), "tofu": (1, 11)}
"""State locking in S3 (`use_lockfile`) and ephemeral variables came with these releases."""

REMEDY = "Install Terraform 1.10 or newer (https://developer.hashicorp.com/terraform/install) or OpenTofu 1.11 or newer"

POLL_SECONDS = 0.02

_PROVIDER_DIED = re.compile(r"Error: (Plugin did not respond|Request cancelled|Failed to load plugin schemas)")

Listener = Callable[[str], None]


@dataclass(frozen=True)
class Plan:
    """A plan written to a file, and whether applying it would change anything."""

    file: Path
    changes: bool


def silent(_line: str) -> None:
    """Listen to nothing."""


def find_terraform(environment: Mapping[str, str] = os.environ) -> str:
    """Return the program to run: `TERRAFORM`, or `terraform`, or `tofu`; it must be as new as `OLDEST`."""
    names = [environment["TERRAFORM"]] if environment.get("TERRAFORM") else ["terraform", "tofu"]
    program = next((found for name in names if (found := shutil.which(name, path=environment.get("PATH")))), None)
    oldest = OLDEST.get(Path(program or names[0]).name, OLDEST["terraform"])
    wanted = f"version {oldest[0]}.{oldest[1]} or newer"
    if program is None:
        raise ToolMissingError(names[0], None, wanted, f"{REMEDY}.")
    answer = subprocess.run([program, "version", "-json"], capture_output=True, text=True, check=False)
    # A CLI configuration that does not exist makes Terraform print a warning before the JSON.
    version = re.search(r'"terraform_version":\s*"(\d+)\.(\d+)([^"]*)"', answer.stdout)
    if version is None:
        raise ToolMissingError(program, "of unknown version", wanted, f"{REMEDY}.")
    if (int(version[1]), int(version[2])) < oldest:
        raise ToolMissingError(program, f"{version[1]}.{version[2]}{version[3]}", wanted, f"{REMEDY}.")
    return program


class Terraform:
    """One root module: initialise, plan to a file, apply that file.

    Every method raises `TerraformError` with Terraform's own message when it fails, and `StateLockedError` when
    somebody else holds the state's lock. `listen` is given each line that Terraform prints, as it prints it.
    """

    def __init__(
        self, directory: Path, *, name: str, program: str, environment: Mapping[str, str], listen: Listener = silent
    ) -> None:
        self.name = name
        self._command = _Command(directory, name=name, program=program, environment=environment, listen=listen)

    def init(self, backend: Mapping[str, str], *, migrate: bool = False) -> None:
        """Install the locked provider and connect to the backend; `migrate` brings the state along."""
        mode = {"migrate_state": IsFlagged, "force_copy": IsFlagged} if migrate else {"reconfigure": IsFlagged}
        self._command.run("init", backend_config=dict(backend), input=False, lockfile="readonly", **mode)

    def plan(self, file: Path, *, destroy: bool = False, lock: bool = True) -> Plan:
        """Write a plan to `file`; without the lock, of a state that may be changing: its apply would notice."""
        file.parent.mkdir(parents=True, exist_ok=True)
        options: dict[str, Any] = ({"destroy": IsFlagged} if destroy else {}) | ({} if lock else {"lock": False})
        try:
            code = self._command.run(
                "plan", accept=(0, 2), out=file, detailed_exitcode=IsFlagged, input=False, **options
            )
        except StateLockedError:
            raise
        except TerraformError:
            file.unlink(missing_ok=True)  # Terraform leaves what it had, and an apply would find that and refuse it
            raise
        return Plan(file, changes=code == 2)

    def show(self, plan: Plan) -> dict[str, Any]:
        """Return what a plan says, as Terraform's JSON has it."""
        lines: list[str] = []
        self._command.run("show", str(plan.file), json=IsFlagged, listen=lines.append)
        told: dict[str, Any] = json.loads("\n".join(lines))
        return told

    def import_resource(self, address: str, identity: str) -> None:
        """Write an existing resource into the state."""
        self._command.run("import", address, identity, input=False)

    def apply(self, plan: Plan) -> None:
        """Apply exactly that plan; a plan made from an older state is refused by Terraform."""
        self._command.run("apply", str(plan.file), input=False)

    def unlock(self, lock_id: str) -> None:
        """Break the lock with that ID."""
        self._command.run("force-unlock", lock_id, force=IsFlagged)


class _Command(python_terraform.Terraform):  # type: ignore[misc]  # the library has no types
    """python-terraform's command lines, with their lines shown live, return codes checked and Ctrl-C passed on once."""

    def __init__(
        self, directory: Path, *, name: str, program: str, environment: Mapping[str, str], listen: Listener
    ) -> None:
        super().__init__(working_dir=str(directory), terraform_bin_path=program)
        self._name, self._environment, self._listen = name, environment, listen

    def run(
        self,
        command: str,
        *arguments: str,
        accept: tuple[int, ...] = (0,),
        listen: Listener | None = None,
        **options: Any,
    ) -> int:
        """Run one Terraform command to its end and return its code, which must be one of `accept`."""
        line = self.generate_cmd_string(command, *arguments, no_color=IsFlagged, **options)
        code, errors = _run_live(line, Path(self.working_dir), self._environment, listen or self._listen)
        if code not in accept:
            raise explain(self._name, command, code, errors)
        return code


def _run_live(line: list[str], directory: Path, environment: Mapping[str, str], listen: Listener) -> tuple[int, str]:
    # Terraform writes to files, and has a session of its own. Of a pipe whose reader was killed, or whose terminal was
    # closed, it would die at its next line with its state locked and what it had just made forgotten. At Ctrl-C a
    # terminal would signal it as well as we do, and at a second signal it leaves at once, just so.
    written = NamedTemporaryFile(delete=False)  # noqa: SIM115 -- it is opened twice, and has no name afterwards
    with written, Path(written.name).open("rb") as output, TemporaryFile() as errors:
        Path(written.name).unlink()
        process = subprocess.Popen(
            line, cwd=directory, env=dict(environment), stdin=subprocess.DEVNULL, stdout=written, stderr=errors,
            start_new_session=True,
        )  # fmt: skip
        try:
            _follow(process, output, listen)
        except KeyboardInterrupt:
            sys.stderr.write("Interrupted: Terraform finishes what it is doing and releases its lock.\n")
            process.send_signal(signal.SIGINT)
            _follow(process, output, listen)
            raise
        if process.returncode < 0:
            # Its providers do not notice that it was killed, and would stay for good, with half a gigabyte each.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        errors.seek(0)
        return process.returncode, errors.read().decode(errors="replace")


def _follow(process: "subprocess.Popen[bytes]", output: BinaryIO, listen: Listener) -> None:
    """Pass on each line that a process writes to a file, until it ends."""
    begun, ended = b"", False
    while not ended:
        time.sleep(POLL_SECONDS)
        ended = process.poll() is not None
        for part in output:
            begun += part
            if begun.endswith(b"\n"):
                listen(begun.decode(errors="replace").rstrip("\n"))
                begun = b""
    if begun:
        listen(begun.decode(errors="replace"))


def explain(root: str, command: str, code: int, errors: str) -> TerraformError:
    """Make the exception for what Terraform printed on its way out."""
    if "Error acquiring the state lock" in errors:
        lock = dict(re.findall(r"^[\s│]*(ID|Operation|Who|Created):\s+(.+?)\s*$", errors, flags=re.MULTILINE))
        return StateLockedError(
            root,
            command,
            owner=lock.get("Who", "somebody"),
            operation=lock.get("Operation", "unknown operation"),
            created=lock.get("Created", "an unknown time"),
            lock_id=lock.get("ID", "?"),
        )
    if "Saved plan is stale" in errors:
        return PlanStaleError(root, command)
    if code < 0:
        return TerraformDiedError(root, command, f"Terraform was killed by signal {-code}")
    if _PROVIDER_DIED.search(errors):
        return TerraformDiedError(root, command, "its provider died")
    said = summarise(errors) or errors.strip() or f"it ended with code {code} and said nothing"
    return TerraformError(root, command, said, code)


def summarise(errors: str) -> str:
    """Return Terraform's error blocks without their frames; its warnings are left out."""
    blocks: list[list[str]] = []
    for raw in errors.splitlines():
        text = re.sub(r"^[\s╷│╵]+", "", raw).rstrip()
        if text.startswith(("Error: ", "Warning: ")):
            blocks.append([])
        if blocks and text:
            blocks[-1].append(text)
    return "\n".join("\n".join(block).removeprefix("Error: ") for block in blocks if block[0].startswith("Error: "))
