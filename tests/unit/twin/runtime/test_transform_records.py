"""Files become requests: whole, by the line, or as many lines as a payload takes."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairway.twin.runtime.transform_records import RecordError, Splitting


def batches(content: bytes, *, lines: bool = True, several: bool = True, size: int = 8) -> list[list[bytes]]:
    return list(Splitting(lines, several, size).batches(io.BytesIO(content)))


@pytest.mark.parametrize(
    ("content", "several", "sent"),
    [
        (b"1\n22\n333\n4444\n", True, [[b"1\n", b"22\n"], [b"333\n"], [b"4444\n"]]),
        (b"1\n22", True, [[b"1\n", b"22"]]),
        (b"1\n22\n", False, [[b"1"], [b"22"]]),
        (b"1\r\n2\r\n", False, [[b"1\r"], [b"2\r"]]),
        (b"", True, []),
        (b"12345678\n", False, [[b"12345678"]]),
    ],
)
def test_lines(content, several, sent):
    assert batches(content, several=several) == sent


def test_without_a_split_a_file_is_one_record():
    assert batches(b"1\n2\n", lines=False) == [[b"1\n2\n"]]
    with pytest.raises(RecordError, match="MaxPayloadInMB"):
        batches(b"123456789", lines=False)


@pytest.mark.parametrize("several", [True, False])
def test_a_line_that_no_request_takes_is_named(several):
    with pytest.raises(RecordError, match="Line 2 is larger"):
        batches(b"1\n123456789\n", several=several)


@given(st.lists(st.binary(max_size=7).map(lambda text: text.replace(b"\n", b"."))))
def test_no_byte_is_lost_and_no_payload_is_too_large(lines):
    content = b"".join(line + b"\n" for line in lines)
    sent = [b"".join(batch) for batch in batches(content)]
    assert b"".join(sent) == content
    assert all(0 < len(body) <= 8 for body in sent)
