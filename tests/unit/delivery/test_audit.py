"""Roles' calls beside their policies, over tables."""

import json

import pytest

from fairway.delivery import audit, audit_advice, audit_record
from fairway.delivery.audit import Call, Denied, Grant, Reason, Unused
from fairway.errors import AuditError, PolicyError, ReasonsFileError

ROLE = "arn:aws:iam::111111111111:role/flights-dev-endpoint"
STAGING = "arn:aws:iam::111111111111:role/flights-staging-endpoint"
MODEL = "arn:aws:s3:::artifacts/runs/1/model.tar.gz"
kind_of = audit.kinds("flights", ["dev", "staging", "prod"])


def grant(*actions: str, on: tuple[str, ...] = ("*",), role: str = ROLE, statement: str = "All") -> Grant:
    return Grant(role, "run", statement, actions, on)


def call(action: str, resource: str = MODEL, *, role: str = ROLE, denied: bool = False) -> Call:
    return Call(role, action, resource, denied)


@pytest.mark.parametrize(
    ("role", "kind"),
    [
        (ROLE, "<environment>-endpoint"),
        ("arn:aws:iam::222222222222:role/flights-prod-endpoint", "<environment>-endpoint"),
        ("arn:aws:iam::111111111111:role/flights-release-dev-pipeline", "release-<environment>-pipeline"),
        ("arn:aws:iam::111111111111:role/flights-deploy", "deploy"),
        ("arn:aws:iam::111111111111:role/flights-developer", "developer"),
    ],
)
def test_roles_of_one_module_are_of_one_kind(role, kind):
    assert kind_of(role) == kind


@pytest.mark.parametrize(
    ("actions", "resources", "covered"),
    [
        (("s3:GetObject",), (MODEL,), True),
        (("s3:getobject",), (MODEL,), True),
        (("s3:Get*",), ("*",), True),
        (("s3:GetObjec?",), ("arn:aws:s3:::artifacts/runs/*/model.tar.gz",), True),
        (("s3:PutObject", "s3:GetObject"), ("arn:aws:s3:::other/*", "arn:aws:s3:::artifacts/*"), True),
        (("s3:PutObject",), (MODEL,), False),
        (("s3:GetObject",), ("arn:aws:s3:::artifacts",), False),
        (("s3:GetObject",), (MODEL.upper(),), False),
        (("s3:GetObject",), ("arn:aws:s3:::artifacts/[r]uns/*",), False),
    ],
)
def test_a_statement_covers_what_iam_says_it_does(actions, resources, covered):
    assert audit.covers(grant(*actions, on=resources), call("s3:GetObject")) is covered


def test_an_action_that_nothing_used_is_found():
    grants = [grant("s3:GetObject", "s3:PutObject", "kms:De*"), grant("s3:GetObject", on=("arn:o",), statement="Else")]
    record = {call("s3:GetObject"): 3, call("kms:Decrypt", "*"): 1, call("s3:PutObject", denied=True): 1}
    kind = "<environment>-endpoint"
    assert audit.unused(record, grants, kind_of) == [
        Unused(kind, "run", "All", "s3:PutObject"),
        Unused(kind, "run", "Else", "s3:GetObject"),
    ]


def test_what_one_environment_uses_is_used_in_all():
    grants = [grant("s3:GetObject", role=role) for role in (ROLE, STAGING)]
    for role in (ROLE, STAGING):
        assert audit.unused({call("s3:GetObject", role=role): 1}, grants, kind_of) == []
    assert len(audit.unused({call("s3:PutObject"): 1}, grants, kind_of)) == 1


def test_denied_calls_are_gathered_and_say_whether_a_statement_names_them():
    grants = [grant("kms:Decrypt", on=("arn:aws:kms:us-east-1:111111111111:key/*",))]
    key = "arn:aws:kms:us-east-1:111111111111:key/1"
    record = {
        call("s3:GetObject", denied=True): 2,
        call("s3:GetObject", "arn:aws:s3:::artifacts/a", role=STAGING, denied=True): 1,
        call("s3:GetObject"): 5,
        call("kms:Decrypt", key, denied=True): 1,
    }
    kind = "<environment>-endpoint"
    assert audit.denied(record, grants, kind_of) == [
        Denied(kind, "kms:Decrypt", (key,), 1, grants[0]),
        Denied(kind, "s3:GetObject", ("arn:aws:s3:::artifacts/a", MODEL), 3, None),
    ]


def test_rows_count_calls_below_the_pattern_that_allows_them():
    pattern = "arn:aws:s3:::artifacts/runs/*"
    record = {call("s3:GetObject"): 2, call("s3:GetObject", f"{MODEL}2"): 1, call("s3:PutObject", denied=True): 4}
    assert audit.rows(record, [grant("s3:GetObject", on=(pattern,))]) == {
        (ROLE, "s3:GetObject", pattern): (3, 0),
        (ROLE, "s3:PutObject", MODEL): (0, 4),
    }


def test_only_statements_that_allow_are_grants():
    document = {"Statement": [
        {"Effect": "Deny", "NotAction": "s3:*", "Resource": "*"},
        {"Sid": "Read", "Effect": "Allow", "Action": "s3:GetObject", "Resource": ["a", "b"]},
        {"Effect": "Allow", "Action": ["x:Y"], "Resource": "*", "Condition": {"Bool": {"k": "true"}}},
    ]}  # fmt: skip
    assert audit.grants_in(ROLE, "run", document) == [
        Grant(ROLE, "run", "Read", ("s3:GetObject",), ("a", "b")),
        Grant(ROLE, "run", "statement 3", ("x:Y",), ("*",)),
    ]
    only = {"Statement": {"Effect": "Allow", "Action": "x:Y", "Resource": "*"}}
    assert [each.statement for each in audit.grants_in(ROLE, "run", only)] == ["statement 1"]


@pytest.mark.parametrize("member", ["NotAction", "NotResource"])
def test_what_is_not_allowed_is_refused(member):
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*", member: "x"}
    with pytest.raises(PolicyError, match=f"run/statement 1: {member} grants all that it does not name"):
        audit.grants_in(ROLE, "run", {"Statement": [statement]})


def reason(*actions: str, on: str = "aws", role: str = "<environment>-endpoint", optional: bool = False) -> Reason:
    told = {"roles": [role], "actions": actions, "on": on, "reason": "S3 asks for it on AWS.", "optional": optional}
    return Reason.model_validate(told)


def test_a_reason_is_for_a_kind_of_role_and_an_action():
    found = [Unused("<environment>-endpoint", "run", "All", action) for action in ("kms:Decrypt", "s3:PutObject")]
    assert audit.without_reason(found, [reason("kms:Decrypt"), reason("s3:PutObject", role="deploy")]) == found[1:]


@pytest.mark.parametrize(
    ("given", "problems"),
    [
        (reason("kms:Decrypt"), []),
        (reason("s3:GetObject"), ["was used"]),
        (reason("s3:GetObject", on="occasion"), []),
        (reason("sns:Publish"), ["is granted no longer"]),
        (reason("sns:Publish", on="occasion"), ["is granted no longer"]),
        (reason("sns:Publish", optional=True), []),  # nobody has declared what needs it
        (reason("s3:GetObject", optional=True), ["was used"]),
        (reason("sns:Publish", role="deploy"), []),  # no such role has been made
    ],
)
def test_a_reason_that_does_not_hold_is_found(given, problems):
    grants = [grant("s3:GetObject", "kms:Decrypt")]
    idle = audit.unused({call("s3:GetObject"): 1}, grants, kind_of)
    assert [why for _, _, why in audit.stale([given], idle, grants, kind_of)] == problems


@pytest.mark.parametrize(
    ("action", "resources", "wanted"),
    [
        ("s3:GetObject", [MODEL], MODEL),
        ("logs:DescribeLogGroups", ["arn:aws:logs:us-east-1:1:log-group:x"], "*"),
        ("states:StartExecution", ["*"], "arn:aws:states:eu-west-1:2:stateMachine:*"),
        ("ecr:BatchGetImage", ["a", "b"], ["a", "b"]),
    ],
)
def test_the_statement_to_add_is_the_least_that_the_action_knows(action, resources, wanted):
    found = audit_advice.statement_for(Denied("k", action, tuple(resources), 1, None), region="eu-west-1", account="2")
    assert found == {"Effect": "Allow", "Action": action, "Resource": wanted}


def test_advice_on_a_denied_call_can_be_pasted_or_names_the_statement_that_should_have_allowed_it():
    lacking = Denied("deploy", "s3:GetObject", (MODEL,), 2, None)
    words, _, statement = audit_advice.of_denied(lacking, region="r", account="1").partition("\n")
    assert words == "deploy was denied s3:GetObject 2 times. Add:"
    assert json.loads(statement)["Resource"] == MODEL
    named = audit_advice.of_denied(Denied("deploy", "s3:GetObject", (MODEL,), 1, grant()), region="r", account="1")
    assert "once" in named
    assert "which run/All names: its condition" in named


KEY = "arn:aws:kms:us-east-1:111111111111:key/1"


@pytest.mark.parametrize(
    ("granted", "words"),
    [
        (grant("s3:GetObject", on=("arn:aws:s3:::b/*",)), []),
        (grant("s3:ListBucket", "s3:GetObject", on=("arn:aws:s3:::b", "arn:aws:s3:::b/*")), []),
        (grant("ecr:GetAuthorizationToken"), []),
        (grant("kms:De*", on=(KEY,)), []),
        (grant("s3:GetObject", on=("arn:aws:s3:::b",)), ["none of arn:aws:s3:::b is one", "names arn:aws:s3:::b,"]),
        (grant("s3:ListBucket", on=("arn:aws:s3:::b/*",)), ["arn:aws:s3:::b/* is one", "names arn:aws:s3:::b/*,"]),
        (grant("s3:GetObjekt"), ["which AWS does not have"]),
        (grant("sagmaker:CreateModel"), ["which AWS does not have"]),
        (grant("ecr:GetAuthorizationToken", on=("arn:aws:ecr:us-east-1:1:repository/x",)),
         ['it is granted on "*" or not at all', "no resource of any of its actions"]),
        (grant("kms:Decrypt", on=(KEY, "arn:aws:kms:us-east-1:111111111111:kei/1")), ["names arn:aws:kms:us-east-1"]),
    ],
)  # fmt: skip
def test_a_statement_that_can_grant_nothing_is_found(granted, words):
    found = audit_advice.misfits([granted], kind_of)
    assert len(found) == len(words)
    assert all(part in sentence for part, sentence in zip(words, found, strict=True)), found


def test_the_record_is_of_the_projects_roles(tmp_path):
    other = ROLE.replace("flights", "boats")
    lines = [
        {"role": ROLE, "action": "a:B", "resource": "*", "denied": False},
        {"role": ROLE, "action": "a:B", "resource": "*", "denied": False},
        {"role": other, "action": "a:B", "resource": "*", "denied": False},
        *({"role": ROLE, "policy": "run", "document": {"Statement": {
            "Sid": sid, "Effect": "Allow", "Action": "a:B", "Resource": "*"}}} for sid in ("Old", "New")),
    ]  # fmt: skip
    path = tmp_path / "trail.jsonl"
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    calls, grants = audit_record.read_record(path, "flights-").beside({})
    assert calls == {Call(ROLE, "a:B", "*"): 2}
    assert [each.statement for each in grants] == ["New"]
    _, grants = audit_record.read_record(path, "flights-").beside({ROLE: [grant("a:B", statement="Present")]})
    assert [each.statement for each in grants] == ["Present"]


def test_a_record_that_is_gone_is_one_sentence(tmp_path):
    with pytest.raises(AuditError, match=r"record \S+trail.jsonl is gone"):
        audit_record.read_record(tmp_path / "trail.jsonl", "flights-")


def test_what_a_role_is_denied_while_it_is_destroyed_is_no_finding_unless_it_stays():
    record = audit_record.Record()
    line = {"role": ROLE, "action": "logs:PutLogEvents", "resource": "*", "denied": True}
    record.add(line)
    statement = {"Effect": "Allow", "Action": "logs:PutLogEvents", "Resource": "*"}
    record.add({"role": ROLE, "policy": "run", "document": {"Statement": [statement]}})
    record.add(line)
    record.add({**line, "action": "s3:GetObject"})
    last, never = (Call(ROLE, action, "*", denied=True) for action in ("logs:PutLogEvents", "s3:GetObject"))
    assert record.beside({})[0] == {last: 1, never: 1}
    assert record.beside({ROLE: []})[0] == {last: 2, never: 1}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{", "the document: Invalid JSON"),
        ('[{"roles": ["deploy"], "actions": ["s3:GetObject"], "on": "azure", "reason": "S3 asks for it on AWS."}]',
         "0.on: Input should be 'aws' or 'occasion'"),
        ('[{"roles": ["deploy"], "actions": ["s3:GetObject"], "on": "aws", "reason": "because"}]', "0.reason"),
        ('[{"roles": ["deploy"], "actions": [], "on": "aws", "reason": "S3 asks for it on AWS."}]', "0.actions"),
        ('[{"roles": ["deploy"], "actions": ["a:B"], "on": "aws", "reason": "S3 asks for it on AWS.", "x": 1}]', "0.x"),
    ],
)  # fmt: skip
def test_a_mistake_among_the_reasons_is_a_sentence(tmp_path, text, problem):
    (tmp_path / "reasons.json").write_text(text)
    with pytest.raises(ReasonsFileError, match=rf"^reasons.json: {problem}"):
        audit_record.read_reasons(tmp_path / "reasons.json")
    with pytest.raises(ReasonsFileError, match="does not exist"):
        audit_record.read_reasons(tmp_path / "none.json")
