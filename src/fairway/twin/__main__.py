"""`python -m fairway.twin`: run the twin in the foreground until SIGTERM or SIGINT."""

import argparse
import re
import sys
from pathlib import Path

from fairway.errors import FairwayError
from fairway.twin.clock import Clock
from fairway.twin.server import run
from fairway.twin.settings import Settings


def _account(text: str) -> str:
    if not re.fullmatch(r"\d{12}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is no AWS account; expected 12 digits")
    return text


def _repository(text: str) -> tuple[str, Path]:
    name, equals, path = text.partition("=")
    if not equals or not path or not re.fullmatch(r"[\w.-]+/[\w.-]+", name):
        raise argparse.ArgumentTypeError(f"{text!r} names no repository; expected <owner>/<name>=<path>")
    return name, Path(path).resolve()


def main() -> int:
    """Read the command line, run, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m fairway.twin", description=__doc__)
    parser.add_argument("--directory", type=Path, required=True, help="where everything that it writes lies")
    parser.add_argument("--port", type=int, required=True, help="on the loopback")
    parser.add_argument(
        "--account", type=_account, default="111111111111", help="the account of requests that name none"
    )
    parser.add_argument("--region", default="us-east-1")
    parser.add_argument(
        "--repository",
        type=_repository,
        action="append",
        default=[],
        metavar="OWNER/NAME=PATH",
        help="the bare repository that stands for a connection's; may be given again",
    )
    arguments = parser.parse_args()
    settings = Settings(
        arguments.directory.resolve(), arguments.port, arguments.account, arguments.region, dict(arguments.repository)
    )
    try:
        run(settings, Clock.from_environment())
    except FairwayError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
