"""`python -m fairway`: what the Makefile's targets call."""

from fairway.cli import main

main()
