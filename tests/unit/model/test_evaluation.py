import json
import re
from pathlib import Path

from model import evaluate


def test_the_evaluation_is_of_the_test_month_and_written_as_returned(artifact: Path, data: Path, tmp_path: Path):
    result = evaluate(artifact, data, tmp_path)
    assert result["metrics"].keys() >= {"auc", "log_loss", "base_log_loss", "precision", "recall"}
    assert list(result["slices"]["month"]) == ["2013-04"]
    assert result["slices"]["carrier"].keys() == {"AA", "B6", "UA"}
    rows = sum(measured["rows"] for measured in result["slices"]["origin"].values())
    assert rows == result["metrics"]["rows"]
    report = json.loads((tmp_path / "report.json").read_text())
    assert {name: report[name] for name in result} == result
    assert len(report["calibration"]) == 10


def test_the_page_stands_alone_and_speaks(artifact: Path, data: Path, tmp_path: Path):
    evaluate(artifact, data, tmp_path)
    html = (tmp_path / "report.html").read_text()
    plots = re.findall("<svg[^>]*>", html)
    assert len(plots) == 4
    assert all('role="img"' in plot and 'aria-label="' in plot for plot in plots)
    assert not re.findall(r'(?:src|href)="(?!#)', html)
    assert "<script" not in html
    assert '<html lang="en">' in html


def test_the_same_evaluation_gives_the_same_bytes(artifact: Path, data: Path, tmp_path: Path):
    for run in ("a", "b"):
        evaluate(artifact, data, tmp_path / run)
    for name in ("report.json", "report.html"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
