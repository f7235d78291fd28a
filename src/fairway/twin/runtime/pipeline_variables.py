"""Variables of a pipeline: `#{namespace.key}` in an action's configuration.

https://docs.aws.amazon.com/codepipeline/latest/userguide/reference-variables.html
"""

import re
from collections.abc import Iterator, Mapping

REFERENCE = re.compile(r"#\{([^}]*)\}")
PIPELINE, OWN = "codepipeline", "variables"
RESERVED = (PIPELINE, OWN)

Namespaces = Mapping[str, Mapping[str, str]]


class UnresolvedError(Exception):
    """References that have no value when their action starts; the message is CodePipeline's, and names them."""

    def __init__(self, action: str, references: list[str]) -> None:
        super().__init__(
            "An action in this pipeline failed because one or more variables could not be resolved: Action "
            f"name={action}. This can result when a variable is referenced that does not exist. Validate the "
            f"configuration for this action. Unresolved: {', '.join(f'#{{{one}}}' for one in references)}"
        )


def references(configuration: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield the key of the configuration, and the text between the braces, of every reference."""
    for key, text in configuration.items():
        for match in REFERENCE.finditer(text):
            yield key, match[1]


def resolve(action: str, configuration: Mapping[str, str], namespaces: Namespaces) -> dict[str, str]:
    """Return the configuration with all references replaced; raise UnresolvedError for those without a value."""
    unresolved = [text for _, text in references(configuration) if _value(text, namespaces) is None]
    if unresolved:
        raise UnresolvedError(action, list(dict.fromkeys(unresolved)))
    return {
        key: REFERENCE.sub(lambda match: str(_value(match[1], namespaces)), text) for key, text in configuration.items()
    }


def _value(reference: str, namespaces: Namespaces) -> str | None:
    namespace, _, key = reference.partition(".")
    return namespaces.get(namespace, {}).get(key)
