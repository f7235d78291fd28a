"""Who is measured on how much, in which turns; each measurement is a process of its own."""

import json
import os
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from benchmarks.training import prepared
from benchmarks.training.generate import generate
from benchmarks.training.trees import encode
from benchmarks.training.worker import HOSTS, Order

REPOSITORY = Path(__file__).parents[2]
PEERS = REPOSITORY / "build/bench/venv-training/bin/python"


@dataclass(frozen=True)
class Contestant:
    """What is measured, by which interpreter, with how many threads and hosts, and with how much memory for rows."""

    name: str
    what: str
    python: Path = Path(sys.executable)
    threads: int = 1
    hosts: int = 1
    memory_mb: int | None = None


OURS = Contestant("ours", "prepare")
PREPARING = (OURS, Contestant("pandas", "prepare_pandas", PEERS))
BESIDE_PLAIN = Contestant("beside plain", "beside_plain")
HISTOGRAM = Contestant("scikit-learn", "histogram", PEERS)
LIGHTGBM = Contestant("LightGBM", "lightgbm", PEERS)
ONE = Contestant("one host", "whole")
TWO_THREADS = Contestant("one host, two threads", "whole", threads=2)
TWO = Contestant("two hosts", "whole", hosts=2)
# As numbers, the rows of the largest size take 1.1 GB.
ON_DISK = Contestant("one host, rows on disk", "whole", memory_mb=256)
WHOLE = tuple(each.name for each in (ONE, TWO_THREADS, TWO, ON_DISK))
# Ours and plain have as many turns at least: theirs is the narrowest of the goals.
PAIRS = 2
TRAINING = (BESIDE_PLAIN, HISTOGRAM, LIGHTGBM, ONE, TWO_THREADS, TWO, ON_DISK)


@dataclass(frozen=True)
class Size:
    """So many raw rows: how many rounds are grown, in how many turns, and who takes part."""

    rows: int
    rounds: int
    turns: int
    preparing: Sequence[Contestant] = PREPARING
    training: Sequence[Contestant] = TRAINING


Samples = list[dict[str, Any]]


@dataclass
class Measured:
    """The samples of one size by contestant, and where what both preparations leave differs."""

    size: Size
    preparing: dict[str, Samples] = field(default_factory=dict)
    training: dict[str, Samples] = field(default_factory=dict)
    differences: list[str] = field(default_factory=list)

    def seconds(self, stage: str, contestant: Contestant, phase: str = "all") -> float:
        """Return the median of a phase."""
        samples: Samples = getattr(self, stage)[contestant.name]
        return statistics.median([float(sample["seconds"][phase]) for sample in samples])

    def peak_mb(self, stage: str, contestant: Contestant) -> float:
        """Return the median peak of memory; of two hosts, that of the larger one."""
        samples: Samples = getattr(self, stage)[contestant.name]
        return statistics.median([float(sample["peak_mb"]) for sample in samples])

    def others(self, stage: str, contestant: Contestant) -> float | None:
        """Return how many cores others took meanwhile, at the most; None where nobody looked."""
        samples: Samples = getattr(self, stage)[contestant.name]
        return max((sample["others"] for sample in samples if "others" in sample), default=None)

    def took_part(self, contestant: Contestant) -> bool:
        """Tell whether a contestant trained on this size."""
        return contestant.name in self.training

    def ratios(self) -> list[float]:
        """Return ours over plain, a ratio a turn."""
        samples = self.training.get(BESIDE_PLAIN.name, [])
        return [turn["ours"] / turn["plain"] for sample in samples for turn in sample["turns"]]

    def areas(self) -> dict[str, float]:
        """Return each one's area under the curve on the validation month."""
        found: dict[str, float] = {}
        for name, samples in self.training.items():
            area = samples[0]["auc"]
            found |= area if isinstance(area, dict) else {name: area}
        return found


def measure(folder: Path, size: Size) -> Measured:
    """Measure all of one size; raw rows that are there already are taken as they are."""
    raw, found = _raw(folder, size), Measured(size)
    for _ in range(size.turns):
        for contestant in size.preparing:
            found.preparing.setdefault(contestant.name, []).append(_run(contestant, raw, folder / contestant.name))
    data = folder / OURS.name
    if len(size.preparing) > 1:
        found.differences = prepared.differences(data, folder / size.preparing[1].name)
    _train_all(folder, data, size, found)
    return found


def measure_again(folder: Path, before: Measured, names: Sequence[str]) -> None:
    """Measure these contestants' trainings once more, and take what comes for what was."""
    data = folder / OURS.name
    _run(OURS, _raw(folder, before.size), data)
    chosen = [each for each in before.size.training if each.name in names and each.what == "whole"]
    before.training |= {each.name: [] for each in chosen}
    _train_all(folder, data, replace(before.size, training=chosen), before)


def _raw(folder: Path, size: Size) -> Path:
    raw = folder / f"raw-{size.rows}"
    if not raw.exists():
        generate(raw, size.rows)
    return raw


def _train_all(folder: Path, data: Path, size: Size, found: Measured) -> None:
    encoded = folder / "encoded"
    shutil.rmtree(encoded, ignore_errors=True)
    if any(contestant.what != "whole" for contestant in size.training):
        encode(data, encoded)
    prepared.share(data, [folder / f"shard-{host}" for host in range(len(HOSTS))])
    for _ in range(size.turns):
        for contestant in size.training:
            source = data if contestant.what == "whole" else encoded
            samples = found.training.setdefault(contestant.name, [])
            # It has turns of its own, on one matrix.
            if contestant != BESIDE_PLAIN or not samples:
                samples.append(_run(contestant, source, folder / "out", size))


def _run(contestant: Contestant, source: Path, out: Path, size: Size | None = None) -> dict[str, Any]:
    shutil.rmtree(out, ignore_errors=True)
    order = Order(contestant.what, source, out)
    if size is not None:
        order = replace(order, rounds=size.rounds, turns=max(size.turns, PAIRS))
    orders = [order]
    if contestant.hosts > 1:
        orders = [
            replace(order, data=source.parent / f"shard-{host}", out=out / str(host), host=host)
            for host in range(contestant.hosts)
        ]
    begun, busy = time.monotonic(), _busy() - _own()
    started = [_start(contestant, each) for each in orders]
    said = [process.communicate()[0] for process in started]
    if any(process.returncode for process in started):
        raise SystemExit(f"{contestant.name} failed")
    others = (_busy() - _own() - busy) / (time.monotonic() - begun)
    measured: Samples = [json.loads(text.splitlines()[-1]) for text in said]
    return measured[0] | {"peak_mb": max(each["peak_mb"] for each in measured), "others": round(others, 2)}


def _busy() -> float:
    """Return the seconds in which a core of this machine had work, of all cores, since it started."""
    user, nice, system, _, _, irq, softirq = Path("/proc/stat").read_text().split()[1:8]
    return sum(map(int, (user, nice, system, irq, softirq))) / os.sysconf("SC_CLK_TCK")


def _own() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_CHILDREN, resource.RUSAGE_SELF)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def _start(contestant: Contestant, order: Order) -> "subprocess.Popen[str]":
    threads = str(contestant.threads)
    variables = {
        **os.environ, "PYTHONPATH": f"{REPOSITORY / 'src'}:{REPOSITORY}", "MODEL_THREADS": threads,
        # Threads that wait asleep: the model's README says why.
        "OMP_NUM_THREADS": threads, "OPENBLAS_NUM_THREADS": threads, "OMP_WAIT_POLICY": "passive",
    }  # fmt: skip
    if contestant.memory_mb is not None:
        variables["MODEL_MEMORY_MB"] = str(contestant.memory_mb)
    command = [str(contestant.python), "-W", "ignore", "-m", "benchmarks.training.worker", order.to_json()]
    return subprocess.Popen(command, cwd=REPOSITORY, env=variables, stdout=subprocess.PIPE, text=True)


def machine() -> dict[str, str]:
    """Say what it was measured on, and with what."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.partition(": ")[2] for line in lines if line.startswith("model name")), "unknown")
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 30
    return {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores ({model}), {memory} GB, {platform.system()}",
        "python": platform.python_version(),
        "ours": _versions(Path(sys.executable), "xgboost-cpu", "numpy", "pyarrow"),
        "peers": _versions(PEERS, "scikit-learn", "lightgbm", "pandas", "numpy", "pyarrow"),
    }


def _versions(python: Path, *names: str) -> str:
    code = "import sys, importlib.metadata as m; print(', '.join(f'{n} {m.version(n)}' for n in sys.argv[1:]))"
    return subprocess.run([python, "-c", code, *names], capture_output=True, text=True, check=True).stdout.strip()


def from_json(told: Mapping[str, Any], sizes: Sequence[Size]) -> Measured:
    """Return what `to_json` was given."""
    [size] = [size for size in sizes if size.rows == told["rows"]]
    return Measured(size, told["preparing"], told["training"], told["differences"])


def to_json(measured: Measured) -> Mapping[str, Any]:
    """Return all samples of one size."""
    return {
        "rows": measured.size.rows,
        "rounds": measured.size.rounds,
        "turns": measured.size.turns,
        "preparing": measured.preparing,
        "training": measured.training,
        "differences": measured.differences,
    }
