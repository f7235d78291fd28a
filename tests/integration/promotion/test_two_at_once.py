"""Two processes promote to one environment at the same moment, on one local forge."""

import multiprocessing
from pathlib import Path

import pytest
from tests.unit.delivery.samples import file, make_project

from fairway.delivery import releases
from fairway.delivery.forge_local import LocalForge
from fairway.delivery.promotion import propose_promotion, propose_rollback, release_file, submit
from fairway.errors import FairwayError

ROUNDS = 8
ORDER = ["dev", "qa", "staging"]


def act(rounds, barrier, answers, name):
    """Do the same thing in each round's repository, at the moment when the other process does; tell what came of it."""
    for repository in rounds:
        forge = LocalForge(repository)
        barrier.wait()
        try:
            if name == "rollback":
                answers.put((repository, submit(forge, propose_rollback(forge, ORDER, "staging")).done))
            elif name == "merge":
                forge.merge(1)
                answers.put((repository, "merged"))
            else:
                answers.put((repository, submit(forge, proposal(forge)).done))
        except FairwayError as error:
            answers.put((repository, str(error)))


def proposal(forge):
    made = propose_promotion(forge, ORDER, "qa", "staging")
    assert made is not None
    return made


def at_once(parent: Path, first, second, *, prepare=lambda _: None):
    """Return for each round what the two processes were told, and the repository."""
    rounds = []
    for number in range(ROUNDS):
        make_project(parent / str(number), {"dev": file("8"), "qa": file("8", "7"), "staging": file("7", "6")})
        rounds.append(parent / str(number) / "origin.git")
        prepare(LocalForge(rounds[-1]))
    context = multiprocessing.get_context("spawn")
    barrier, answers = context.Barrier(2), context.Queue()
    processes = [context.Process(target=act, args=(rounds, barrier, answers, name)) for name in (first, second)]
    for process in processes:
        process.start()
    told = [answers.get(timeout=60) for _ in range(2 * ROUNDS)]
    for process in processes:
        process.join()
        assert process.exitcode == 0
    return [(sorted(words for where, words in told if where == repository), repository) for repository in rounds]


TOLD = ("unchanged", "moved by somebody else", "has a pull request that is open, #1")


def test_of_the_same_promotion_one_is_opened_and_the_other_is_told(tmp_path):
    for words, repository in at_once(tmp_path, "promote", "promote"):
        [other] = [each for each in words if each != "opened"]
        assert any(part in other for part in TOLD), words
        forge = LocalForge(repository)
        assert [pull.number for pull in forge.pulls()] == [1]
        forge.merge(1)
        merged = forge.read(release_file("staging"), forge.head("main") or "")
        assert merged == releases.to_text(file("8", "7"))


def test_of_a_promotion_and_a_rollback_one_is_left_open_and_the_other_is_told(tmp_path):
    for words, repository in at_once(tmp_path, "promote", "rollback"):
        forge = LocalForge(repository)
        assert len(forge.pulls()) == 1, words
        assert "opened" in words
        [other] = [each for each in words if each != "opened"] or ["superseded"]
        assert other == "superseded" or "got there first (#1" in other or "rollback of staging is open" in other, words


def test_of_two_merges_one_is_done_and_the_other_is_told(tmp_path):
    for words, repository in at_once(tmp_path, "merge", "merge", prepare=lambda forge: submit(forge, proposal(forge))):
        assert sorted(words) == ["merged", "origin.git: pull request #1 is merged."]
        forge = LocalForge(repository)
        with pytest.raises(FairwayError, match="#1 is merged"):
            forge.merge(1)
