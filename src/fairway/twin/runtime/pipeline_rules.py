"""The errors of a declaration that breaks a rule, named as CodePipeline's API names them."""


class RuleError(Exception):
    """A declaration is refused; `code` is the API's."""

    code = "ValidationException"


class StructureError(RuleError):
    """The pipeline's structure is at fault."""

    code = "InvalidStructureException"


class ActionError(RuleError):
    """An action's declaration is at fault."""

    code = "InvalidActionDeclarationException"


class UnsupportedError(RuleError):
    """AWS would take the declaration, and the twin does not have what it asks for."""

    def __init__(self, what: str) -> None:
        super().__init__(f"The twin does not have {what}.")
