"""Builds that only deliver have the environment of `requirements/runtime.txt`: the commands must do with it."""

import re
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

ROOT = Path(__file__).parents[2]


def locked(name: str) -> set[str]:
    """The distributions of a lock, in the spelling that PyPI normalizes to."""
    names = re.findall(r"^([\w.-]+)==", (ROOT / f"requirements/{name}.txt").read_text(), re.MULTILINE)
    return {re.sub(r"[-_.]+", "-", each).lower() for each in names}


def modules_of(distributions: set[str]) -> list[str]:
    """The modules here that come from these distributions and from no other."""
    found = packages_distributions()
    return sorted(
        module
        for module, owners in found.items()
        if {re.sub(r"[-_.]+", "-", owner).lower() for owner in owners} <= distributions
    )


def test_every_command_is_loaded_without_what_only_tests_models_and_rehearsals_need():
    absent = modules_of(locked("dev") - locked("runtime"))
    assert {"pyarrow", "xgboost", "policy_sentry"} <= set(absent)
    program = f"import sys; sys.modules.update(dict.fromkeys({absent!r})); import fairway.cli"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env={"PYTHONPATH": str(ROOT / "src"), "PATH": ""},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
