import pytest

from fairway.delivery.training import parse_parameters
from fairway.errors import ParameterError


def test_words_are_parameters():
    told = parse_parameters(["bad_rows=quarantine", "bad_rows_percent=5", "filter=a=b"])
    assert told == {"bad_rows": "quarantine", "bad_rows_percent": "5", "filter": "a=b"}
    assert parse_parameters([]) == {}


@pytest.mark.parametrize("word", ["quarantine", "=quarantine", "bad_rows=", ""])
def test_another_word_is_refused(word):
    with pytest.raises(ParameterError, match=f"The parameter '{word}' cannot be read: NAME=VALUE is expected, such as"):
        parse_parameters([word])


def test_a_name_that_comes_twice_is_refused():
    with pytest.raises(ParameterError, match="'bad_rows=refuse' comes after bad_rows=quarantine: NAME=VALUE"):
        parse_parameters(["bad_rows=quarantine", "bad_rows=refuse"])
