"""Where a path of the container lies on this machine."""

import pytest

from fairway.twin.runtime.containers import mounted
from fairway.twin.runtime.failures import CallerError


@pytest.mark.parametrize(
    ("path", "below"),
    [("/opt/ml/processing/input/raw", "processing/input/raw"), ("/opt/ml/checkpoints/", "checkpoints")],
)
def test_a_path_below_opt_ml_lies_in_the_jobs_folder(tmp_path, path, below):
    assert mounted(path, tmp_path) == tmp_path / below


@pytest.mark.parametrize("path", ["/opt/mlx", "/etc", "/opt/ml/../../etc", "/opt/ml/a/..", "opt/ml/a", ""])
def test_any_other_path_is_refused(tmp_path, path):
    with pytest.raises(CallerError, match="is not below /opt/ml"):
        mounted(path, tmp_path)
