"""`make demo`, twice in a row, and what README shows after it."""

import json


def test_the_first_demo_provisions_from_nothing_and_predicts(rehearsal):
    first = rehearsal.demos[0].out
    for step in (
        "Twin up  started", "Terraform: bootstrap", "Terraform: delivery", "Terraform: dev", "Raw data  17 new files",
        "Training workflow", "dev: version 1, planned, applied, verified",
        "answers as recorded", "dev: the plan is empty",
    ):  # fmt: skip
        assert step in first
    assert f"The twin is up on http://127.0.0.1:{rehearsal.checkout.port}. Go on in the copy:" in first


def test_the_demo_ends_with_a_table_of_metrics_versions_and_timings(rehearsal):
    rows = [line.split("│")[1:-1] for line in rehearsal.demos[0].out.splitlines() if line.startswith("│")]
    table = {name.strip(): value.strip() for name, value in rows}
    assert table["version"] == "1"
    assert float(table["auc"]) > 0.65
    assert float(table["all"].removesuffix(" s")) > 0


def test_the_second_demo_in_a_row_releases_a_second_version(rehearsal):
    assert rehearsal.demos[1].code == 0, rehearsal.demos[1].err
    assert "was up already" in rehearsal.demos[1].out
    release = json.loads((rehearsal.copy.root / "terraform/environments/dev/release.json").read_text())
    assert (release["current"]["version"], release["previous"]["version"]) == ("2", "1")


def test_the_users_tracked_files_are_untouched(rehearsal):
    assert rehearsal.checkout.git("status", "--porcelain") == ""
    assert rehearsal.checkout.git("log", "--format=%s") == "Start\n"


def test_the_same_sources_and_data_give_the_same_model(rehearsal):
    """Two runs differ in nothing but the commit, which their lineage names."""
    release = json.loads((rehearsal.copy.root / "terraform/environments/dev/release.json").read_text())
    assert release["current"]["metrics"] == release["previous"]["metrics"]
    assert release["current"]["image"] == release["previous"]["image"]


def test_the_last_plan_is_terraforms_own_no_changes(copy):
    plan = copy.fairway("plan", "dev")
    assert plan.code == 0
    assert "No changes. Your infrastructure matches the configuration." in plan.out


def test_invoke_answers_real_requests(copy):
    answer = copy.fairway("invoke", "dev")
    assert answer.code == 0
    predictions = json.loads(answer.out)["predictions"]
    assert predictions
    assert all(0 < each["probability"] < 1 and isinstance(each["late"], bool) for each in predictions)


def test_status_compares_git_with_what_runs(copy):
    status = copy.fairway("status")
    assert status.code == 0
    row = next(line for line in status.out.splitlines() if line.strip("│┃ ").startswith("dev"))
    assert row.count(" 2 ") == 2
    assert "InService" in row
    assert "The connection flights is PENDING, and no push starts a pipeline" in status.out
