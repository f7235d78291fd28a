"""Variables of a pipeline: `#{namespace.key}` in an action's configuration.

https://docs.aws.amazon.com/codepipeline/latest/userguide/reference-variables.html
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from fairway.twin.runtime.pipeline_errors import PipelineError

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


def values(declaration: Mapping[str, Any], given: Mapping[str, str]) -> dict[str, str]:
    """Return a new execution's variables: those given, and the defaults of the others.

    Raises PipelineError for a variable that is not declared, and for one without a value.
    """
    declared = declaration.get("variables", ())
    unknown = sorted(given.keys() - {one["name"] for one in declared})
    if unknown:
        raise PipelineError("ValidationException", f"The pipeline has no variable {unknown[0]!r}.")
    found = {one["name"]: given.get(one["name"], one.get("defaultValue")) for one in declared}
    missing = [name for name, value in found.items() if value is None]
    if missing:
        raise PipelineError(
            "ValidationException", f"The pipeline's variable {missing[0]!r} has no default value: a value is required."
        )
    return {name: str(value) for name, value in found.items()}
