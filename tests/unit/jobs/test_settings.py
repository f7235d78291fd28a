import json

import pytest
from tests.unit.jobs.fakes import ENVIRON, training_tree, write

from fairway.errors import ContainerSettingError
from fairway.jobs.settings import Origin, read_origin, read_parameters, read_training


def test_the_origin_is_the_commit_and_the_image_by_digest():
    assert read_origin(ENVIRON) == Origin("a" * 40, f"flights@sha256:{'b' * 64}")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("FAIRWAY_GIT_SHA", ""),
        ("FAIRWAY_GIT_SHA", "main"),
        ("FAIRWAY_GIT_SHA", "a" * 39),
        ("FAIRWAY_IMAGE", ""),
        ("FAIRWAY_IMAGE", "flights:latest"),
    ],
)
def test_an_origin_that_could_not_be_traced_is_refused(name, value):
    with pytest.raises(ContainerSettingError, match=rf"^The container's setting {name} is '{value}': .* expected"):
        read_origin({**ENVIRON, name: value})


def test_parameters_are_strings_and_may_be_absent():
    assert read_parameters({}) == {}
    assert read_parameters({"FAIRWAY_PARAMETERS": '{"seed": "7"}'}) == {"seed": "7"}
    with pytest.raises(ContainerSettingError, match="has 'seed' as 7: a string is expected"):
        read_parameters({"FAIRWAY_PARAMETERS": '{"seed": 7}'})


def test_the_training_configuration_is_read(tmp_path):
    settings = read_training(training_tree(tmp_path, channels=("validation", "train", "warm_start")).config)
    assert settings.hyperparameters == {"auc": "0.7"}
    assert settings.channels == ("train", "validation", "warm_start")
    assert (settings.hosts, settings.host) == (("algo-1",), "algo-1")


def test_what_sagemaker_adds_to_a_searchs_trainings_is_no_hyperparameter(tmp_path):
    tree = training_tree(tmp_path)
    assert not read_training(tree.config).searching
    write(tree.config / "hyperparameters.json", json.dumps({"auc": "0.7", "_tuning_objective_metric": "auc"}))
    settings = read_training(tree.config)
    assert (settings.searching, settings.hyperparameters) == (True, {"auc": "0.7"})


@pytest.mark.parametrize(
    ("file", "content", "sentence"),
    [
        ("resourceconfig.json", {"hosts": ["algo-1"], "current_host": "algo-2"}, "has the current_host 'algo-2'"),
        ("inputdataconfig.json", {"train": {"TrainingInputMode": "Pipe"}}, "gives the channel 'train' in Pipe mode"),
        ("hyperparameters.json", {"depth": 3}, "has 'depth' as 3: a string is expected"),
        ("hyperparameters.json", [], "is []: a JSON object is expected"),
    ],
)
def test_what_a_training_cannot_use_is_refused(tmp_path, file, content, sentence):
    tree = training_tree(tmp_path)
    write(tree.config / file, json.dumps(content))
    with pytest.raises(ContainerSettingError, match=rf"^The container's setting {file} ") as caught:
        read_training(tree.config)
    assert sentence in str(caught.value)


def test_a_missing_configuration_file_is_named(tmp_path):
    with pytest.raises(ContainerSettingError, match=r"resourceconfig\.json is missing in "):
        read_training(tmp_path)
