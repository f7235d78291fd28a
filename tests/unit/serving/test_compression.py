import gzip

import pytest

from fairway.errors import RequestError
from fairway.serving.compression import packed, unpacked

LIMIT = 1000


@pytest.mark.parametrize("coding", ["gzip", "x-gzip", " GZIP "])
def test_gzip_is_unpacked(coding):
    assert unpacked(gzip.compress(b"7,AA,1\n"), coding, LIMIT) == b"7,AA,1\n"


@pytest.mark.parametrize("coding", ["", "identity"])
def test_no_coding_is_left_alone(coding):
    assert unpacked(b"7", coding, LIMIT) == b"7"


@pytest.mark.parametrize(
    ("body", "coding", "status", "sentence"),
    [
        (b"7", "br", 415, "The Content-Encoding 'br' is not supported: gzip or none is expected."),
        (b"7,AA", "gzip", 400, "The body is no gzip: Error -3"),
        (b"", "gzip", 400, "The body is no gzip: one compressed file, whole"),
        (gzip.compress(b"x" * 100, mtime=0)[:-9], "gzip", 400, "The body is no gzip: one compressed file, whole"),
        (gzip.compress(b"7", mtime=0) * 2, "gzip", 400, "The body is no gzip: one compressed file, whole"),
        (gzip.compress(b"x" * 1001, mtime=0), "gzip", 413, "The body is larger than 1000 bytes once it is unpacked"),
    ],
)
def test_what_is_wrong_is_a_sentence(body, coding, status, sentence):
    with pytest.raises(RequestError) as caught:
        unpacked(body, coding, LIMIT)
    assert (caught.value.status, str(caught.value)[: len(sentence)]) == (status, sentence)


def test_a_body_of_just_the_limit_is_unpacked():
    assert len(unpacked(gzip.compress(b"x" * LIMIT), "gzip", LIMIT)) == LIMIT


@pytest.mark.parametrize("accept", ["gzip", "br, gzip;q=0.5", "*", "GZIP"])
def test_a_large_answer_is_packed_for_who_takes_it(accept):
    body = b"0.25,false\n" * 1000
    content = packed(body, accept)
    assert content is not None
    assert gzip.decompress(content) == body
    assert content == packed(body, accept), "the same answer is the same bytes"


@pytest.mark.parametrize(
    ("size", "accept"), [(100, "gzip"), (9000, ""), (9000, "br"), (9000, "gzip;q=0"), (9000, "gzip;q=0, *")]
)
def test_other_answers_are_left_alone(size, accept):
    assert packed(b"x" * size, accept) is None
