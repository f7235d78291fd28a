import json
import math

import pytest

from fairway.errors import ContainerSettingError
from fairway.jobs.gate import ChampionRule, Gate, Threshold, decide, goals, parse_gate

AUC = ChampionRule("auc", "maximize", 0.005)
NO_CHAMPION = "There is no champion: the thresholds alone decide."
LOSS = ChampionRule("log_loss", "minimize", 0.01)


def gate(champion=AUC, **thresholds):
    return Gate({name: Threshold(*bounds) for name, bounds in thresholds.items()}, champion)


@pytest.mark.parametrize(
    ("thresholds", "metrics", "champion", "rule", "passed", "reasons"),
    [
        pytest.param(
            {"auc": (0.65, None)},
            {"auc": 0.7},
            None,
            AUC,
            True,
            ["The candidate's auc 0.7 is at least the minimum 0.65.", NO_CHAMPION],
            id="no champion",
        ),
        pytest.param(
            {"auc": (0.65, None)}, {"auc": 0.65}, None, AUC, True,
            ["The candidate's auc 0.65 is at least the minimum 0.65.", NO_CHAMPION],
            id="on the bound",
        ),
        pytest.param(
            {"auc": (0.65, None), "log_loss": (None, 0.6)}, {"auc": 0.6, "log_loss": 0.7}, {"auc": 0.5}, AUC, False,
            [
                "The candidate's auc 0.6 is below the minimum 0.65.",
                "The candidate's log_loss 0.7 is above the maximum 0.6.",
            ],
            id="both thresholds failed, the better-than-champion sentence left out",
        ),
        pytest.param(
            {"auc": (0.5, 0.9)}, {"auc": 0.95}, {"auc": 0.5}, AUC, False,
            ["The candidate's auc 0.95 is above the maximum 0.9."],
            id="too good to be true",
        ),
        pytest.param(
            {"auc": (0.65, None)}, {}, None, AUC, False,
            ["The candidate's auc is missing."],
            id="a missing metric",
        ),
        pytest.param(
            {"auc": (0.65, None)}, {"auc": math.nan}, None, AUC, False,
            ["The candidate's auc is nan, not a number to decide by."],
            id="NaN",
        ),
        pytest.param(
            {"auc": (0.65, None)}, {"auc": math.inf}, None, AUC, False,
            ["The candidate's auc is inf, not a number to decide by."],
            id="infinity is no good metric",
        ),
        pytest.param(
            {"auc": (0.1, None)}, {"auc": 0.7}, {"auc": 0.7}, AUC, True,
            [
                "The candidate's auc 0.7 is at least the minimum 0.1.",
                "The candidate's auc 0.7 is not worse than the champion's 0.7 (to maximize, tolerance 0.005).",
            ],
            id="a tie passes",
        ),
        pytest.param(
            {"auc": (0.1, None)}, {"auc": 0.695}, {"auc": 0.7}, AUC, True,
            [
                "The candidate's auc 0.695 is at least the minimum 0.1.",
                "The candidate's auc 0.695 is not worse than the champion's 0.7 (to maximize, tolerance 0.005).",
            ],
            id="worse by exactly the tolerance, though 0.7 - 0.695 > 0.005 in binary",
        ),
        pytest.param(
            {"auc": (0.1, None)}, {"auc": 0.6949}, {"auc": 0.7}, AUC, False,
            ["The candidate's auc 0.6949 is worse than the champion's 0.7 (to maximize, tolerance 0.005)."],
            id="worse by more than the tolerance",
        ),
        pytest.param(
            {"auc": (0.1, None)}, {"auc": 0.7, "log_loss": 0.52}, {"log_loss": 0.5}, LOSS, False,
            ["The candidate's log_loss 0.52 is worse than the champion's 0.5 (to minimize, tolerance 0.01)."],
            id="less is better",
        ),
        pytest.param(
            {"auc": (0.1, None)}, {"auc": 0.7}, {"auc": math.nan}, AUC, False,
            ["The champion's auc is nan, not a number to decide by, so the two cannot be compared."],
            id="a champion's NaN does not let everything pass",
        ),
        pytest.param(
            {"auc": (0.1, None)}, {"auc": 0.7}, {}, AUC, False,
            ["The champion's auc is missing, so the two cannot be compared."],
            id="a champion without the metric",
        ),
        pytest.param(
            {"auc": (0.1, None)}, {"auc": 0.7}, {"log_loss": 0.5}, LOSS, False,
            ["The candidate's log_loss is missing, so the two cannot be compared."],
            id="a candidate without the champion's metric",
        ),
    ],
)  # fmt: skip
def test_the_decision_and_its_sentences(thresholds, metrics, champion, rule, *, passed, reasons):
    verdict = decide(gate(rule, **thresholds), metrics, champion)
    assert (verdict.passed, list(verdict.reasons)) == (passed, reasons)


@pytest.mark.parametrize(
    ("thresholds", "champion", "expected"),
    [
        ({"auc": (0.65, None)}, AUC, {"auc": "maximize"}),
        ({"log_loss": (None, 0.6)}, AUC, {"log_loss": "minimize", "auc": "maximize"}),
        ({"late_rate": (0.1, 0.3)}, LOSS, {"log_loss": "minimize"}),
        ({"log_loss": (0.1, 0.6)}, LOSS, {"log_loss": "minimize"}),
    ],
)
def test_which_way_is_better_is_what_the_gate_says(thresholds, champion, expected):
    assert goals(gate(champion, **thresholds)) == expected


def test_a_gate_is_parsed():
    text = json.dumps(
        {
            "thresholds": {"auc": {"min": 0.65}, "log_loss": {"max": 1}},
            "champion": {"metric": "auc", "goal": "maximize", "tolerance": 0},
        }
    )
    assert parse_gate(text) == gate(ChampionRule("auc", "maximize", 0.0), auc=(0.65, None), log_loss=(None, 1.0))


CHAMPION = {"metric": "auc", "goal": "maximize", "tolerance": 0}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "is no JSON"),
        ("[]", "a JSON object is expected"),
        ('{"thresholds": {}}', "exactly champion, thresholds are expected"),
        (json.dumps({"thresholds": {}, "champion": CHAMPION}), "at least one metric is expected"),
        (json.dumps({"thresholds": {"auc": {}}, "champion": CHAMPION}), "min, max or both are expected"),
        (json.dumps({"thresholds": {"auc": {"mim": 1}}, "champion": CHAMPION}), "min, max or both are expected"),
        (json.dumps({"thresholds": {"auc": {"min": "1"}}, "champion": CHAMPION}), "auc.min as '1': a finite number"),
        (json.dumps({"thresholds": {"auc": {"min": True}}, "champion": CHAMPION}), "auc.min as True: a finite number"),
        ('{"thresholds": {"auc": {"min": NaN}}, "champion": {}}', "auc.min as nan: a finite number"),
        (json.dumps({"thresholds": {"auc": {"min": 1}}, "champion": None}), "exactly champion.goal"),
        (
            json.dumps({"thresholds": {"auc": {"min": 1}}, "champion": {**CHAMPION, "goal": "up"}}),
            "maximize or minimize",
        ),
        (json.dumps({"thresholds": {"auc": {"min": 1}}, "champion": {**CHAMPION, "tolerance": -1}}), "0 or more"),
    ],
)
def test_a_wrong_gate_is_refused_with_a_sentence(text, sentence):
    with pytest.raises(ContainerSettingError, match=r"^The container's setting FAIRWAY_GATE ") as caught:
        parse_gate(text)
    assert sentence in str(caught.value)
