"""Hostile requests against the application itself; `make fuzz` sends many more to the running container."""

import logging

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.fuzz import application as app
from tests.fuzz.mutation import Mutator
from tests.fuzz.oracle import WrongAnswerError, check
from tests.fuzz.requests import Request
from tests.fuzz.seeds import ROWS, corpus, seeds
from tests.fuzz.words import ACCEPTS, ENCODINGS, METHODS, PATHS, TYPES, VALUES
from tests.unit.model import raw_months

from model import prepare, train

MANY = settings(max_examples=300)
SEEDS = seeds()


@pytest.fixture(scope="module")
def application(tmp_path_factory):
    folder = tmp_path_factory.mktemp("fuzz")
    prepare(raw_months.write(folder), folder / "data", {})
    train(folder / "data", folder / "model", {"num_boost_round": "20", "min_child_weight": "1"})
    logging.disable(logging.ERROR)
    yield app.load(folder / "model")
    logging.disable(logging.NOTSET)


@pytest.mark.parametrize("file", corpus(), ids=lambda file: file.stem)
def test_what_was_found_once_is_not_found_again(application, file):
    app.ask(application, Request.from_bytes(file.read_bytes()))


@pytest.mark.parametrize("kind", ["text/csv", "application/json"])
def test_the_seeds_are_answered(application, kind):
    mine = [each for each in SEEDS if each.header(b"Content-Type") == kind.encode() and len(each.headers) == 1]
    assert {app.ask(application, each) for each in mine} == {200}


ANY = st.builds(
    lambda method, path, kind, accept, encoding, body: Request(
        method, path, ((b"Content-Type", kind), (b"Accept", accept), (b"Content-Encoding", encoding)), body
    ),
    st.sampled_from((b"POST",) * 10 + METHODS),
    st.sampled_from((b"/invocations",) * 20 + PATHS),
    st.sampled_from(TYPES) | st.binary(max_size=60),
    st.sampled_from(ACCEPTS) | st.binary(max_size=60),
    st.sampled_from((b"",) * 20 + ENCODINGS),
    st.binary(max_size=400) | st.text(max_size=400).map(lambda text: text.encode(errors="surrogatepass")),
)


@MANY
@given(request_=ANY)
def test_any_bytes_of_any_kind_are_answered_or_refused(application, request_):
    app.ask(application, Request.from_bytes(request_.to_bytes()))


@MANY
@given(seed=st.integers(min_value=0, max_value=2**32))
def test_a_right_request_that_was_mutated_is_answered_or_refused(application, seed):
    app.ask(application, Mutator(seed, SEEDS).request())


VALUE = (
    st.sampled_from([value.decode("latin-1") for value in VALUES])
    | st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
)  # fmt: skip


@MANY
@given(column=st.sampled_from(list(ROWS[0])), value=VALUE, row=st.integers(min_value=0, max_value=2))
def test_any_value_in_any_column_is_answered_or_refused_with_its_place(application, column, value, row):
    rows = [dict(each) for each in ROWS]
    rows[row][column] = value
    app.ask(application, app.json_request(rows))


@pytest.mark.parametrize(
    ("status", "kind", "body"),
    [
        (500, "application/json", b'{"error": "x"}'),
        (200, "application/json", b'{"predictions": [{"probability": NaN}]}'),
        (200, "application/json", b'{"predictions": [{"probability": 1.5}]}'),
        (200, "text/csv", b"nan,true\n"),
        (400, "application/json", b'{"error": "Traceback (most recent call last)"}'),
        (400, "application/json", b"{}"),
    ],
)
def test_a_wrong_answer_is_seen(status, kind, body):
    with pytest.raises(WrongAnswerError):
        check(status, {"content-type": kind}, body)


def test_an_application_that_fails_is_seen():
    def failing(_environ, start_response):
        start_response("500 Internal Server Error", [("Content-Type", "application/json")])
        return [b'{"error": "it failed"}']

    with pytest.raises(WrongAnswerError, match="500"):
        app.ask(failing, SEEDS[0])


def test_the_same_seed_gives_the_same_requests():
    first, second = (Mutator(7, SEEDS) for _ in range(2))
    assert [first.request() for _ in range(200)] == [second.request() for _ in range(200)]
