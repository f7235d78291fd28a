"""What is refused of a running pipeline."""


class PipelineError(Exception):
    """A request that the state of a pipeline does not allow; `code` is the API's."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
