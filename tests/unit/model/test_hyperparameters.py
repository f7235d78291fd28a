import pytest

from model.hyperparameters import SEARCH, parse


def test_nothing_given_is_the_defaults():
    assert parse({})["max_depth"] == 5
    assert isinstance(parse({})["seed"], int)


def test_strings_become_numbers():
    chosen = parse({"learning_rate": "0.1", "max_depth": "7"})
    assert (chosen["learning_rate"], chosen["max_depth"]) == (0.1, 7)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"depth": "3"}, "hyperparameter 'depth' is not known: one of num_boost_round, "),
        ({"max_depth": "0"}, "hyperparameter 'max_depth': \"0\" came, an integer from 1 to 12 was expected"),
        ({"max_depth": "5.5"}, "an integer from 1 to 12 was expected"),
        ({"subsample": "nan"}, "hyperparameter 'subsample': \"nan\" came, a number from 0.1 to 1 was expected"),
        ({"learning_rate": ""}, '"" came, a number from 0.001 to 1 was expected'),
        ({"seed": "2147483648"}, "an integer from 0 to 2147483647 was expected"),
    ],
)
def test_what_is_wrong_is_named(given: dict[str, str], sentence: str):
    with pytest.raises(ValueError, match=sentence):
        parse(given)


@pytest.mark.parametrize("name", sorted(SEARCH["ranges"]))
@pytest.mark.parametrize("end", ["minimum", "maximum"])
def test_what_is_searched_may_be_trained_with(name: str, end: str):
    assert parse({name: str(SEARCH["ranges"][name][end])})[name] == SEARCH["ranges"][name][end]


@pytest.mark.parametrize("name", sorted(SEARCH["ranges"]))
def test_a_search_goes_around_the_default(name: str):
    told = SEARCH["ranges"][name]
    assert told["minimum"] < parse({})[name] < told["maximum"]
