import pytest
from tests.unit.jobs.fakes import ENVIRON

from fairway.container import main


@pytest.mark.parametrize(("arguments", "came"), [([], "none"), (["trian"], "trian"), (["train", "now"], "train now")])
def test_a_wrong_argument_is_one_sentence_and_exit_2(capsys, arguments, came):
    assert main(arguments, {}) == 2
    sentence = "The container takes one argument, one of train, prepare, join, evaluate, serve; it was given: "
    assert capsys.readouterr().err == f"{sentence}{came}.\n"


@pytest.mark.parametrize(("job", "file"), [("train", "failure"), ("prepare", "message"), ("evaluate", "message")])
def test_a_job_reports_where_sagemaker_looks_for_it(tmp_path, job, file):
    environ = {**ENVIRON, "FAIRWAY_ML_ROOT": str(tmp_path), "FAIRWAY_GATE": ""}
    assert main([job], environ) == 1
    assert (tmp_path / "output" / file).read_text().startswith("The ")
