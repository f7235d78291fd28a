import json
import shutil
import signal

import pyarrow.parquet as pq

from fairway.jobs.files import hash_files, sha256_of
from fairway.serving.quality import Baseline


def test_preparation_leaves_data_with_lineage_and_its_report_apart(raw, prepared):
    data, report = prepared.processing_output("data"), prepared.processing_output("report")
    assert {path.name for path in data.iterdir()} == {"train", "validation", "test", "lineage.json"}
    assert {"report.json", "report.html"} <= {path.name for path in report.iterdir()}
    assert json.loads((data / "lineage.json").read_text())["data"] == hash_files(raw)


def test_training_leaves_an_artifact_that_says_where_it_comes_from(prepared, trained):
    lineage = json.loads((trained.model / "lineage.json").read_text())
    assert lineage["hyperparameters"] == {"num_boost_round": "20"}
    data = hash_files(prepared.processing_output("data"))
    assert lineage["data"] == {name: data[name] for name in data if name.startswith(("train/", "validation/"))}
    assert json.loads((trained.output_data / "report.json").read_text())


def test_training_leaves_a_baseline_for_serving_and_the_same_training_the_same_artifact(prepared, trained, container):
    baseline = Baseline.read(trained.model)
    assert baseline
    assert "carrier" in baseline.columns
    container.give_training(prepared.processing_output("data"), num_boost_round="20")
    code, output = container.run("train")
    assert code == 0, output
    assert hash_files(container.tree.model) == hash_files(trained.model)


def test_a_job_logs_one_json_object_a_line_and_no_chatter_of_its_libraries(evaluated, container):
    container.tree.root.rmdir()
    shutil.copytree(evaluated.root, container.tree.root)
    code, output = container.run("evaluate")
    assert code == 0, output
    assert {json.loads(line)["logger"] for line in output.splitlines()} == {"fairway.jobs.evaluate"}


def test_evaluation_measures_both_and_decides(trained, evaluated):
    out = evaluated.processing_output("evaluation")
    evaluation = json.loads((out / "evaluation.json").read_text())
    assert evaluation["champion"]["metrics"] == evaluation["metrics"]
    assert evaluation["gate"]["passed"], evaluation["gate"]["reasons"]
    assert "is not worse than the champion's" in evaluation["gate"]["reasons"][-1]
    assert evaluation["model_data_sha256"] == sha256_of(evaluated.processing_input("model") / "model.tar.gz")
    assert evaluation["lineage"]["hyperparameters"] == {"num_boost_round": "20"}
    assert {"report.json", "report.html", "golden.json"} <= {path.name for path in out.iterdir()}
    assert evaluation["lineage"]["git_sha"] == json.loads((trained.model / "lineage.json").read_text())["git_sha"]


def test_raw_data_with_a_wrong_column_is_a_sentence_in_the_exit_message(raw, container):
    folder = container.tree.processing_input("raw")
    shutil.copytree(raw, folder)
    path = min((folder / "flights").iterdir())
    pq.write_table(pq.read_table(path).drop_columns(["carrier"]), path)
    code, output = container.run("prepare")
    assert code == 1
    message = container.tree.message.read_text()
    assert path.name in message
    assert "carrier" in message
    assert "Traceback" not in message
    assert "Traceback" in output


def test_a_hyperparameter_that_the_model_does_not_know_is_a_failure_with_its_sentence(prepared, container):
    container.give_training(prepared.processing_output("data"), depth="3")
    assert container.run("train")[0] == 1
    assert container.tree.failure.read_text().startswith("hyperparameter 'depth' is not known")


def test_sigterm_stops_a_training_with_a_reason(prepared, container):
    endless = {"num_boost_round": "5000", "early_stopping_rounds": "1000", "learning_rate": "0.001", "max_depth": "12"}
    container.give_training(prepared.processing_output("data"), **endless)
    process = container.start("train")
    assert any('"event": "round"' in line for line in process.stdout), "it ended before its first round"
    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 143, output
    assert container.tree.failure.read_text() == "The job was stopped (SIGTERM) before it was done."
