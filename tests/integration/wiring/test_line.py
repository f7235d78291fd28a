"""What the long tests of this folder rely on, held in the gate: they are run once a week."""

import shutil
from pathlib import Path

from tests.integration.main_job.checkout import ROOT
from tests.integration.wiring.line import shorten


def test_what_the_trials_shorten_is_in_the_files(tmp_path: Path) -> None:
    shutil.copy(ROOT / "Makefile", tmp_path)
    shutil.copytree(ROOT / "buildspecs", tmp_path / "buildspecs")
    shorten(tmp_path)
    made = (tmp_path / "Makefile").read_text()
    assert "setup.sh" not in made.split("init: setup")[0], "a build of a trial would make an environment of its own"
