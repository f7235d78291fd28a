"""Who is measured: how each is started, and what each is asked in its own words. All have two workers."""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.serving.artifact import BUILD, REPOSITORY, entry_point, environment
from benchmarks.serving.payloads import JSON, Request, Rows, as_csv, as_records, as_split, as_tensors

from fairway.jobs.tree import Tree

PEERS = Path(__file__).parent / "peers"
CSV = "text/csv"
WORKERS = 2


@dataclass(frozen=True)
class Start:
    """How a contestant is started: in `folder`, which is its own."""

    command: Sequence[str]
    environment: Mapping[str, str]


@dataclass(frozen=True)
class Contestant:
    """One server; `packages` are those of its environment whose versions are reported."""

    name: str
    venv: str = ""
    packages: tuple[str, ...] = ()
    note: str = ""
    more: Mapping[str, str] = field(default_factory=dict)

    def start(self, tree: Tree, port: int, folder: Path) -> Start:
        """Write what it reads into its folder and return how it is started."""
        raise NotImplementedError

    def request(self, kind: str, batches: Sequence[Rows]) -> Request:
        """Return the batches in its own words; `kind` is csv or json."""
        raise NotImplementedError

    @property
    def python(self) -> Path:
        """Its environment's interpreter."""
        return BUILD / f"venv-{self.venv}/bin/python"

    def versions(self) -> str:
        """Return the names and versions of what it is made of."""
        code = (
            f"from importlib.metadata import version\nprint(*(n + ' ' + version(n) for n in {self.packages}), sep=', ')"
        )
        return subprocess.check_output([self.python, "-c", code], text=True).strip()

    def _start(self, tree: Tree, command: Sequence[str | Path], **more: str) -> Start:
        variables = {
            "PATH": f"{self.python.parent}:{os.environ['PATH']}",
            "PYTHONPATH": f"{REPOSITORY / 'src'}:{REPOSITORY}",
            "HOME": os.environ.get("HOME", "/"),
            "MODEL_DIRECTORY": str(tree.model),
            **self.more,
        }
        return Start([str(word) for word in command], variables | more)


@dataclass(frozen=True)
class Ours(Contestant):
    """The container's process, started by the image's entry point."""

    def start(self, tree: Tree, port: int, folder: Path) -> Start:
        """As SageMaker starts it, but on loopback."""
        del folder
        place = {"FAIRWAY_BIND_ADDRESS": "127.0.0.1", "SAGEMAKER_BIND_TO_PORT": str(port), "FAIRWAY_RELEASE": "bench"}
        return Start(entry_point("serve"), environment(tree, **place))

    def request(self, kind: str, batches: Sequence[Rows]) -> Request:
        """CSV without a header, JSON records."""
        return _plain(kind, batches)

    @property
    def python(self) -> Path:
        """The project's own."""
        return REPOSITORY / ".venv/bin/python"


@dataclass(frozen=True)
class Reference(Contestant):
    """The usual layout."""

    def start(self, tree: Tree, port: int, folder: Path) -> Start:
        """Start nginx and gunicorn by serve.py."""
        return self._start(tree, [self.python, PEERS / "reference/serve.py", str(port), folder])

    def request(self, kind: str, batches: Sequence[Rows]) -> Request:
        """As ours."""
        return _plain(kind, batches)


@dataclass(frozen=True)
class MLServer(Contestant):
    """MLServer with a custom runtime: its own for XGBoost takes features that are encoded already."""

    def start(self, tree: Tree, port: int, folder: Path) -> Start:
        """Start it on a folder with its two settings files; gRPC and metrics get the ports after this one."""
        settings = {"host": "127.0.0.1", "http_port": port, "grpc_port": port + 1, "metrics_port": port + 2}
        (folder / "settings.json").write_text(json.dumps(settings | {"parallel_workers": WORKERS, "debug": False}))
        runtime = "benchmarks.serving.peers.mlserver.runtime.FlightsRuntime"
        model = {"name": "flights", "implementation": runtime, "parameters": {"uri": str(tree.model)}}
        (folder / "model-settings.json").write_text(json.dumps(model))
        return self._start(tree, [self.python.with_name("mlserver"), "start", folder])

    def request(self, kind: str, batches: Sequence[Rows]) -> Request:
        """Tensors whatever is asked."""
        return Request(
            "/v2/models/flights/infer",
            JSON,
            tuple(as_tensors(rows) for rows in batches),
            "Open Inference Protocol, one tensor a column" + _instead(kind),
        )


@dataclass(frozen=True)
class BentoML(Contestant):
    """BentoML with an HTTP service of two workers."""

    def start(self, tree: Tree, port: int, folder: Path) -> Start:
        """Start it on the service's module."""
        service = "benchmarks.serving.peers.bentoml.service:FlightsService"
        command: list[str | Path] = [
            self.python.with_name("bentoml"),
            "serve",
            service,
            "--host",
            "127.0.0.1",
            "--port",
            str(port),
        ]
        settings = {"BENTOML_DO_NOT_TRACK": "true", "BENTOML_HOME": str(folder)}
        return self._start(tree, [*command, "--working-dir", REPOSITORY], **settings)

    def request(self, kind: str, batches: Sequence[Rows]) -> Request:
        """JSON records whatever is asked."""
        bodies = tuple(as_records(rows) for rows in batches)
        return Request("/predict", JSON, bodies, f"JSON records{_instead(kind)}" if kind == "csv" else "")


@dataclass(frozen=True)
class MLflow(Contestant):
    """MLflow's scoring server."""

    def start(self, tree: Tree, port: int, folder: Path) -> Start:
        """Package the artifact as MLflow does, and serve the package without an environment of its own."""
        offline = {"MLFLOW_TRACKING_URI": f"sqlite:///{folder}/mlflow.db", "MLFLOW_DISABLE_TELEMETRY": "true"}
        variables = self._start(tree, [], **offline).environment
        package = [self.python, PEERS / "mlflow/package.py", tree.model, folder / "package"]
        if not (folder / "package").exists():
            subprocess.run(package, env=variables, cwd=folder, check=True, capture_output=True)
        command: list[str | Path] = [self.python.with_name("mlflow"), "models", "serve", "-m", folder / "package"]
        command += ["--env-manager", "local", "-h", "127.0.0.1", "-p", str(port), "-w", str(WORKERS)]
        return self._start(tree, command, **offline)

    def request(self, kind: str, batches: Sequence[Rows]) -> Request:
        """CSV with a header, which it needs, or its `dataframe_split`."""
        if kind == "csv":
            bodies = tuple(as_csv(rows, header=True) for rows in batches)
            return Request("/invocations", CSV, bodies, "CSV with a header")
        return Request("/invocations", JSON, tuple(as_split(rows) for rows in batches), "JSON as dataframe_split")


@dataclass(frozen=True)
class Constant(Contestant):
    """The ceiling: nginx answering a constant."""

    def start(self, tree: Tree, port: int, folder: Path) -> Start:
        """Start nginx alone."""
        del tree
        text = (PEERS / "constant/nginx.conf").read_text()
        (folder / "nginx.conf").write_text(text.replace("PORT", str(port)).replace("FOLDER", str(folder)))
        return Start(["nginx", "-p", str(folder), "-c", str(folder / "nginx.conf")], {"PATH": os.environ["PATH"]})

    def request(self, kind: str, batches: Sequence[Rows]) -> Request:
        """As ours; it does not read them."""
        return _plain(kind, batches)

    def versions(self) -> str:
        """Nginx says it on standard error."""
        return nginx_version()


@dataclass(frozen=True)
class GranianConstant(Constant):
    """The ceiling of what the container runs on: granian answering a constant."""

    def start(self, tree: Tree, port: int, folder: Path) -> Start:
        """Start it as the container does."""
        del folder
        return self._start(tree, [self.python, PEERS / "constant/serve.py", str(port), str(WORKERS)])

    def versions(self) -> str:
        """Of granian alone."""
        return Contestant.versions(self)

    @property
    def python(self) -> Path:
        """The project's own."""
        return REPOSITORY / ".venv/bin/python"


def nginx_version() -> str:
    """Return nginx's name and version."""
    said = subprocess.run([shutil.which("nginx") or "nginx", "-v"], capture_output=True, text=True, check=True).stderr
    return said.partition(": ")[2].strip().replace("/", " ")


def _plain(kind: str, batches: Sequence[Rows]) -> Request:
    if kind == "csv":
        return Request("/invocations", CSV, tuple(as_csv(rows) for rows in batches))
    return Request("/invocations", JSON, tuple(as_records(rows) for rows in batches))


def _instead(kind: str) -> str:
    return ", as it takes no CSV" if kind == "csv" else ""


ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
LIBRARIES = ("pandas", "numpy", "xgboost-cpu")
CONTESTANTS: tuple[Contestant, ...] = (
    Ours("ours", packages=("granian", "numpy", "onnxruntime", "pyarrow", "xgboost-cpu")),
    Reference("reference, pinned", "reference", ("gunicorn", "flask", *LIBRARIES), more=ONE_THREAD),
    Reference("reference, unpinned", "reference", ("gunicorn", "flask", *LIBRARIES)),
    MLServer("MLServer", "mlserver", ("mlserver", *LIBRARIES), more=ONE_THREAD),
    BentoML("BentoML", "bentoml", ("bentoml", *LIBRARIES), more=ONE_THREAD),
    MLflow("MLflow", "mlflow", ("mlflow", *LIBRARIES), more=ONE_THREAD),
    GranianConstant("granian, a constant", packages=("granian",)),
    Constant("nginx, a constant"),
)
