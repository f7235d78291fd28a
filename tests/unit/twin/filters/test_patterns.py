"""The pattern language: AWS's own examples, and what neither AWS nor the twin takes."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairway.twin.filters.patterns import PatternError, parse

TRAIL = {
    "eventType": "UpdateTrail",
    "sourceIPAddress": "111.111.111.111",
    "arrayKey": ["value", "another value"],
    "objectList": [{"name": "a", "id": 1}, {"name": "b", "id": 2}],
    "SomeObject": None,
    "ThisFlag": True,
}
USERS = {
    "user": {"id": 1, "email": "John.Stiles@example.com"},
    "users": [{"id": 2, "email": "John.Doe@example.com"}, {"id": 3, "email": "Jane.Doe@example.com"}],
    "actions": ["GET", "PUT", "DELETE"],
    "coordinates": [[0, 1, 2], [4, 5, 6], [7, 8, 9]],
}
NUMBERS = {"latency": 500, "errorCode": 400, "numbers": [0.005], "text": "4000", "share": 0.2, "word": "Ev*ent"}


@pytest.mark.parametrize(
    ("pattern", "event", "matches"),
    [
        ('{ $.eventType = "UpdateTrail" }', TRAIL, True),
        ("{ $.eventType = UpdateTrail }", TRAIL, True),
        ('{$.eventType="UpdateTrail"}', TRAIL, True),
        ('{ $.eventType = "updatetrail" }', TRAIL, False),
        ("{ $.sourceIPAddress != 123.123.* }", TRAIL, True),
        ("{ $.sourceIPAddress != 111.111.* }", TRAIL, False),
        ('{ $.arrayKey[0] = "value" }', TRAIL, True),
        ('{ $.arrayKey[2] = "value" }', TRAIL, False),
        ("{ $.objectList[1].id = 2 }", TRAIL, True),
        ("{ $.objectList[0].id = 2 }", TRAIL, False),
        ("{ $.SomeObject IS NULL }", TRAIL, True),
        ("{ $.eventType IS NULL }", TRAIL, False),
        ("{ $.Missing IS NULL }", TRAIL, False),
        ("{ $.SomeOtherObject NOT EXISTS }", TRAIL, True),
        ("{ $.SomeObject NOT EXISTS }", TRAIL, False),
        ("{ $.ThisFlag IS TRUE }", TRAIL, True),
        ("{ $.ThisFlag IS FALSE }", TRAIL, False),
        ('{ $.eventType = "*Trail" }', TRAIL, True),
        ("{ $.eventType = Update* }", TRAIL, True),
        ("{ $.eventType = *date* }", TRAIL, True),
        ("{ $.eventType = * }", TRAIL, True),
        ("{ $.missing = * }", TRAIL, False),
        ("{ $.missing != anything }", TRAIL, False),
        ('{ ($.user.id = 1) && ($.users[0].email = "John.Doe@example.com") }', USERS, True),
        ('{ ($.user.id = 2 && $.users[0].email = "nonmatch") || $.actions[2] = "GET" }', USERS, False),
        (
            '{ $.user.email = "John.Stiles@example.com" || $.coordinates[0][1] = nonmatch && $.actions[2] = nomatch }',
            USERS,
            True,
        ),
        (
            '{ ($.user.email = "John.Stiles@example.com" || $.coordinates[0][1] = none) && $.actions[2] = none }',
            USERS,
            False,
        ),
        ("{ $.coordinates[1][2] = 6 }", USERS, True),
        ("{ $.users = 1 }", USERS, False),
        ("{ $.users != 1 }", USERS, False),
        ("{ $.user != 1 }", USERS, False),
        ("{ $.latency >= 500 }", NUMBERS, True),
        ("{ $.latency > 500 }", NUMBERS, False),
        ("{ $.latency <= 5e2 }", NUMBERS, True),
        ("{ $.latency < +1000 }", NUMBERS, True),
        ("{ $.numbers[0] < 10e-3 }", NUMBERS, True),
        ("{ $.errorCode = 400 }", NUMBERS, True),
        ("{ $.errorCode = 4* }", NUMBERS, True),
        ("{ $.errorCode != 500 }", NUMBERS, True),
        ("{ $.share = .2 }", NUMBERS, True),
        ("{ $.share > 0.2 }", NUMBERS, False),
        ("{ $.text > 3999 }", NUMBERS, True),
        ('{ $.word = "Ev*ent" }', NUMBERS, True),
        ("{ $.word > 1 }", NUMBERS, False),
    ],
)
def test_json(pattern, event, matches):
    assert (parse(pattern).match(json.dumps(event)) is not None) == matches


@pytest.mark.parametrize("message", ["", "no JSON", "[1]", "{", '"{"', '{"a": 1} and more'])
def test_what_is_no_json_object_matches_no_json_pattern(message):
    assert parse("{ $.a NOT EXISTS }").match(message) is None


LINE = '127.0.0.1 - frank [10/Oct/2000:13:25:15 -0700] "GET /index.html HTTP/1.0" 404 1534'


@pytest.mark.parametrize(
    ("pattern", "message", "matches"),
    [
        ("[ip, user, username, timestamp, request, status_code, bytes]", LINE, True),
        ("[ip, user, username, timestamp, request, status_code]", LINE, False),
        ("[..., status_code, bytes]", LINE, True),
        ("[ip, user, ..., status_code, bytes]", LINE, True),
        ("[ip, user, ...]", LINE, True),
        ("[a, b, c, d, ..., e, f, g, h]", LINE, False),
        ("[..., status_code, bytes > 1000]", LINE, True),
        ("[..., status_code, bytes > 2000]", LINE, False),
        ("[..., status_code = 404, bytes]", LINE, True),
        ("[..., status_code = 4*, bytes]", LINE, True),
        ("[..., request = *html*, status_code = 4*, bytes]", LINE, True),
        ("[..., status_code = 4* && status_code != 403, bytes]", LINE, True),
        ("[..., status_code = 4* && status_code != 404, bytes]", LINE, False),
        ("[..., status_code = 5* || status_code = 404, bytes]", LINE, True),
        ("[..., request=*.html*, status_code=4*,]", LINE, True),
        ('[..., request = "*a, b*", status, bytes]', LINE.replace("index.html", "a, b"), True),
        ("[w1=ERROR, w2]", "ERROR message", True),
        ("[w1=ERROR || w1=WARN, w2]", "WARN message", True),
        ("[w1!=ERROR && w1!=WARN, w2]", "INFO message", True),
        ("[...]", "", True),
        ("[a > 1]", "word", False),
    ],
)
def test_space_delimited(pattern, message, matches):
    assert (parse(pattern).match(message) is not None) == matches


def test_fields_are_known_by_name_and_by_place():
    fields = parse("[..., request=*.html*, status_code=4*,]").match(LINE)
    assert fields is not None
    assert fields.get("$status_code") == "404"
    assert fields.get("$request") == "GET /index.html HTTP/1.0"
    assert fields.get("$4") == "10/Oct/2000:13:25:15 -0700"
    assert fields.get("$7") == "1534"
    assert fields.get("$nothing") is None


@pytest.mark.parametrize(
    ("pattern", "message", "matches"),
    [
        ("", "anything", True),
        (" ", "", True),
        ("ERROR", "[ERROR] A fatal exception has occurred", True),
        ("ERROR", "Exiting with ERRORCODE: -1", True),
        ("error", "[ERROR]", False),
        ("ERROR -Exiting", "Exiting with ERRORCODE: -1", False),
        ("ERROR Exception", "[ERROR] Caught IllegalArgumentException", True),
        ("ERROR Exception", "[ERROR] all else", False),
        ('"Failed to process"', "[WARN] Failed to process the request", True),
        ('"Failed process"', "[WARN] Failed to process the request", False),
        ("?ERROR ?WARN", "WARN message", True),
        ("?ERROR ?WARN", "INFO message", False),
        ('-"GET /ping"', "GET /ping HTTP", False),
        (r'"say \"hello\""', 'they say "hello" now', True),
    ],
)
def test_terms(pattern, message, matches):
    assert (parse(pattern).match(message) is not None) == matches


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("{ $.a = 1", "ends with '}'"),
        ("[a, b", "ends with ']'"),
        ("{", "ends with"),
        ("{ }", "ends where a selector is expected"),
        ("{ a = 1 }", "is no selector"),
        ("{ $.a }", "ends where an operator is expected"),
        ("{ $.a = }", "ends where a value is expected"),
        ("{ $.a == 1 }", "stands where a value is expected"),
        ("{ $.a = 1 && }", "ends where a selector is expected"),
        ("{ $.a = 1 $.b = 2 }", "is not expected there"),
        ("{ ($.a = 1 }", "parenthesis is not closed"),
        ("{ $.a > word }", "compares numbers"),
        ("{ $.a IS MAYBE }", "NULL or TRUE or FALSE"),
        ("{ $.a EXISTS }", "is written { $.a = * }"),
        ("{ $.a LIKE b }", "is no operator"),
        ("{ $.a = %reg% }", "does not have regular expressions"),
        ("{ $.a[*].b = 1 }", "does not have wildcards in selectors"),
        ("{ $.a.* = 1 }", "does not have wildcards in selectors"),
        ("{ $.a = b@c }", "double quotes"),
        ('{ $.a = "open }', "is no part"),
        ("[a, ..., b, ...]", "one ellipsis"),
        ("[a = 1 && b = 2]", "one field"),
        ("[a > x]", "compares numbers"),
        ("[a = %x%]", "does not have regular expressions"),
        ("404.5", "double quotes"),
        ("%ERR.R%", "does not have regular expressions"),
        ("ERROR ?WARN", "stand alone"),
        ('"open', "not closed"),
    ],
)
def test_refused(pattern, said):
    with pytest.raises(PatternError) as caught:
        parse(pattern)
    assert said in str(caught.value)


@given(st.text(alphabet='{}[]()$.=!<>&|?-%*", \\abIS019', max_size=30), st.text(max_size=30))
def test_any_text_is_read_or_refused(pattern, message):
    try:
        read = parse(pattern)
    except PatternError:
        return
    read.match(message)


JSON_VALUES = st.one_of(
    st.integers(-1000, 1000), st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=20)
)


@given(st.from_regex(r"[A-Za-z][\w-]{0,10}", fullmatch=True).filter(str.isascii), JSON_VALUES)
def test_a_value_equals_itself_and_nothing_is_unequal_to_itself(name, value):
    event, written = json.dumps({name: value}), json.dumps(value, ensure_ascii=False)
    if isinstance(value, str):
        if "*" in value or not value.isprintable():
            return  # a wildcard is more than itself, and a control character is written otherwise
        written = '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    same = parse(f"{{ $.{name} = {written} }}").match(event)
    assert same is not None
    assert same.get(f"$.{name}") == value
    assert parse(f"{{ $.{name} != {written} }}").match(event) is None
