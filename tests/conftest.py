"""How tests are shared out among workers: `make` starts them with `-n`; by hand, pytest alone runs in one process."""

import signal

import pytest
from hypothesis import HealthCheck, settings
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

# A shell that starts the tests in the background has them ignore Ctrl-C, and what they start would inherit that: tests
# that interrupt a command would see it go on.
signal.signal(signal.SIGINT, signal.default_int_handler)

# No example is wrong for taking long: a shared machine may pause.
settings.register_profile("fairway", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("fairway")

TOGETHER = (
    {
        f"tests/integration/main_job/test_{name}.py": "main_job"
        for name in ("demo", "deployment_failures", "modes", "observability", "refusals", "training_failures")
    }
    | {f"tests/integration/wiring/test_{name}.py": "wiring" for name in ("triggers", "troubleshooting", "wiring")}
    | {f"tests/integration/container/test_{name}.py": "container" for name in ("jobs", "script_mode", "serving")}
)
"""Files that share a session fixture which takes minutes: one worker runs them, in one go."""
LONGEST = (
    "tests/integration/story/test_story.py",
    "main_job",
    "wiring",
    "tests/integration/main_job/test_fork.py",
    "tests/integration/terraform/test_modules.py",
    "tests/integration/rollout/test_rollouts.py",
)
"""What takes minutes is begun first, so that no worker is left alone with it at the end."""


def unit_of(nodeid: str) -> str:
    """Return what a test is run with: the other tests of its file, and of the files that belong together."""
    file = nodeid.partition("::")[0]
    return TOGETHER.get(file, file)


class ByFile(LoadScopeScheduling):  # type: ignore[misc]  # it publishes no types
    """Gives whole files to the workers, since tests of a file share fixtures.

    Marks and `--dist loadgroup` would do, if xdist 3.8 could put a group into the name of a test of pytest 9.2.
    """

    def _split_scope(self, nodeid: str) -> str:
        return unit_of(nodeid)


@pytest.hookimpl(optionalhook=True)  # pytest runs without xdist, too
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByFile:
    config.option.loadscopereorder = False  # by the number of tests, which says nothing of how long they take
    return ByFile(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest."""
    items.sort(key=lambda item: LONGEST.index(unit) if (unit := unit_of(item.nodeid)) in LONGEST else len(LONGEST))
