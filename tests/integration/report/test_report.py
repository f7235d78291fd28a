"""The rehearsal's page, made of a small record and looked at in a real browser."""

import json
import os
import re
import shutil
import subprocess
from dataclasses import asdict

import pytest
from PIL import Image

from fairway.delivery.pipelines import Action
from fairway.rehearsal.board import Run
from fairway.rehearsal.quality import Window
from fairway.rehearsal.report import write_report
from fairway.rehearsal.second_plans import SecondPlan
from fairway.rehearsal.story import Chapter, Event, Story
from fairway.traffic import Sent

BEGIN = 1_700_000_000.0
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
OPTIONS = ("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
           "--disable-component-update", "--disable-sync", "--hide-scrollbars")  # fmt: skip


def record() -> list[Sent]:
    """Half a minute of traffic: version 1, a canary of version 2 from second 10 on, two errors, version 1 again."""
    sent = []
    for number in range(600):
        second = number / 20
        release = "2" if 10 <= second < 20 and number % 5 == 0 else "1"
        error = "ModelError" if number in (300, 310) else ""
        sent.append(Sent(BEGIN + second, 0.01 + (release == "2") * 0.5, "" if error else release, error))
    return sent


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    path = folder / "traffic.jsonl"
    path.write_text("".join(json.dumps(asdict(each)) + "\n" for each in record()) + '{"at": 17')
    why = "The alarm flights-prod-latency rang: <b>0.5 s</b> & more"
    story = Story(
        [Event(BEGIN + 10, "version 2 (slow) applied"), Event(BEGIN + 20, "version 2 rolled back")],
        [Chapter("bad: slow", "2", BEGIN + 10, BEGIN + 20, "rolled back", why, 200, 2)],
        [
            Window(BEGIN + second, "2" if 10 <= second < 20 else "1", 4.0 if 10 <= second < 20 else 0.02)
            for second in range(1, 30)
        ],
        threshold=1.0,
    )
    actions = [
        Action("Test", name, "Succeeded", BEGIN, BEGIN + seconds, "", "")
        for name, seconds in (("unit", 3.0), ("integration", 7.5))
    ]
    run = Run(
        "flights-model",
        "execution",
        "abcdef0123",
        "Failed",
        [*actions, Action("Image", "image", "Failed", BEGIN + 8, BEGIN + 9, "", "")],
    )
    write_report(folder / "rehearsal.html", story, path, [run], [SecondPlan("dev", "version 2", 4.25)])
    return folder / "rehearsal.html"


def test_the_page_needs_nothing_from_elsewhere(page):
    text = page.read_text()
    assert not re.findall(r"""(?:src|href)=["'](?!#)""", text)
    assert "<script" not in text
    assert "600 requests were sent to production, 2 of them got no answer" in text


def test_a_pipelines_run_is_told_by_stage(page):
    text = page.read_text()
    row = "<td>flights-model</td><td>abcdef01</td><td>Failed</td>" + '<td class="number">9.0</td>'
    assert f"{row}<td>Test 7.5 s, Image 1.0 s</td>" in text


def test_second_plans_are_told(page):
    assert '<td>dev</td><td>version 2</td><td class="number">4.2</td>' in page.read_text()


def test_words_are_escaped(page):
    assert "&lt;b&gt;0.5 s&lt;/b&gt; &amp; more" in page.read_text()


def test_a_browser_shows_the_plots_and_the_table(page, tmp_path):
    if CHROMIUM is None and "CI" not in os.environ:
        pytest.skip("chromium, which looks at the page, is not installed; in CI it must be")
    assert CHROMIUM, "chromium is needed to look at the page: apt-get install chromium"
    shot = tmp_path / "page.png"
    command = [CHROMIUM, *OPTIONS, f"--user-data-dir={tmp_path}/profile", "--window-size=1200,1600"]
    subprocess.run([*command, f"--screenshot={shot}", page.as_uri()], check=True, capture_output=True, timeout=60)
    dumped = subprocess.run(
        [*command, "--dump-dom", page.as_uri()], check=True, capture_output=True, text=True, timeout=60
    )
    assert "bad: slow" in dumped.stdout
    for version, windows in (("1", 19), ("2", 10)):
        drawn = dumped.stdout.partition(f'<g id="quality-{version}">')[2].partition("</g>")[0]
        assert drawn.count("<use") == windows
    assert "the alarm's threshold, 1" in dumped.stdout
    with Image.open(shot) as image:
        colours = {colour for _, colour in image.convert("RGB").getcolors(1 << 24) or []}
    # The colours of the two versions, of the errors and of the threshold: the browser has drawn the plots.
    assert {(0x00, 0x72, 0xB2), (0xE6, 0x9F, 0x00), (0xD5, 0x5E, 0x00), (0xCC, 0x79, 0xA7)} <= colours
