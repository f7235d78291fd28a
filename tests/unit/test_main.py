"""`python -m fairway`."""

import runpy
import sys
from types import ModuleType

import pytest


class Interrupting(ModuleType):
    """A module of commands during whose import somebody presses Ctrl-C."""

    @property
    def main(self):
        raise KeyboardInterrupt


def test_an_interrupt_while_the_commands_are_loaded_is_a_sentence(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "fairway.cli", Interrupting("fairway.cli"))
    with pytest.raises(SystemExit) as left:
        runpy.run_module("fairway", run_name="__main__")
    assert left.value.code == 130
    assert capsys.readouterr().err == "Interrupted: nothing had begun.\n"
