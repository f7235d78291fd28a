"""`python -m fairway`: what the Makefile's targets call."""

import sys

try:
    from fairway.cli import main
except KeyboardInterrupt:
    sys.stderr.write("Interrupted: nothing had begun.\n")
    sys.exit(130)

main()
