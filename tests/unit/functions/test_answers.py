import pytest

from fairway.functions.answers import same_answer

RECORDED = {"predictions": [{"probability": 0.31, "late": False}, {"probability": 0.62, "late": True}]}


def answered(probability=0.31, *, late=False, rows=2):
    return {"predictions": [{"probability": probability, "late": late}, {"probability": 0.62, "late": True}][:rows]}


@pytest.mark.parametrize(
    ("actual", "same"),
    [
        (answered(), True),
        (answered(0.31 + 1e-8), True),
        (answered(0.32), False),
        (answered(late=True), False),
        (answered(late=0), False),
        (answered(probability="0.31"), False),
        (answered(probability=None), False),
        (answered(rows=1), False),
        ({"predictions": [], "more": 1}, False),
        ([], False),
    ],
)
def test_an_answer_is_compared_with_the_recorded_one(actual, same):
    assert same_answer(RECORDED, actual) is same


def test_a_whole_number_may_come_back_for_a_fraction():
    assert same_answer({"a": 1.0}, {"a": 1})
    assert not same_answer({"a": 1.0}, {"a": True})
