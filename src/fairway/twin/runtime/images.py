"""Container images: pulled from ECR as the role, verified by digest, unpacked, and turned into commands."""

import hashlib
import json
import re
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from tarfile import TarError
from typing import TYPE_CHECKING, Any
from urllib.error import URLError
from urllib.parse import urlsplit

from botocore.exceptions import ClientError

from fairway.twin.runtime.archives import unpack_layer
from fairway.twin.runtime.environments import environment
from fairway.twin.runtime.failures import CallerError, sentence
from fairway.twin.runtime.once import make_once

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fairway.twin.context import Credentials, Twin

REFERENCE = re.compile(
    r"(?P<registry>(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(?:\.cn)?)"
    r"/(?P<repository>[a-z0-9][a-z0-9._/-]*?)(?:@(?P<digest>sha256:[0-9a-f]{64})|:(?P<tag>[A-Za-z0-9_][A-Za-z0-9._-]{0,127}))?"
)
REQUIREMENTS_LABEL = "fairway.requirements"
MANIFESTS = ("application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.v2+json")
# Where SageMaker mounts the job's own tree; here it lies in the job's folder.
ML_ROOT = "/opt/ml"


@dataclass(frozen=True)
class Reference:
    """An image's address in ECR; `identifier` is what ECR's API calls imageId."""

    uri: str
    registry: str
    account: str
    region: str
    repository: str
    identifier: dict[str, str]

    @classmethod
    def parse(cls, uri: str) -> "Reference":
        """Read registry/repository@digest or :tag, by default `latest`; raise CallerError for anything but ECR."""
        match = REFERENCE.fullmatch(uri)
        if match is None:
            raise CallerError(
                f"image {uri!r} is not in ECR; expected <account>.dkr.ecr.<region>.amazonaws.com/<repository>@sha256:…"
            )
        identifier = {"imageDigest": match["digest"]} if match["digest"] else {"imageTag": match["tag"] or "latest"}
        return cls(uri, match["registry"], match["account"], match["region"], match["repository"], identifier)


@dataclass(frozen=True)
class Image:
    """An unpacked image: `root` is its file system, `python` the bin directory of its environment."""

    uri: str
    digest: str
    root: Path
    python: Path
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    environment: "Mapping[str, str]" = field(default_factory=dict)
    working_directory: str = "/"

    def start(self, arguments: "Sequence[str]", ml_root: Path, entrypoint: "Sequence[str]" = ()) -> list[str]:
        """Return what to execute, in this machine's paths: the entry point (by default the image's) and arguments."""
        words = [*(entrypoint or self.entrypoint), *(arguments or (() if entrypoint else self.command))]
        if not words:
            raise CallerError(f"image {self.uri} has no entry point, and the request gives none")
        return [self._program(words[0]), *(self._localised(word, ml_root) for word in words[1:])]

    def variables(self, ml_root: Path) -> dict[str, str]:
        """Return the image's environment, in this machine's paths; PATH begins with the image's own Python."""
        variables = self.local(self.environment, ml_root)
        variables["PATH"] = ":".join([str(self.python), variables.get("PATH") or "/usr/local/bin:/usr/bin:/bin"])
        return variables

    def local(self, variables: "Mapping[str, str]", ml_root: Path) -> dict[str, str]:
        """Return environment variables in this machine's paths: those that name /opt/ml, or what the image holds."""
        return {
            name: ":".join(self._localised(part, ml_root) for part in value.split(":"))
            for name, value in variables.items()
        }

    def directory(self) -> Path:
        """Return the working directory that the image asks for."""
        path = self._inside(self.working_directory)
        return path if path.is_dir() else self.root

    def _program(self, name: str) -> str:
        if name.startswith("/"):
            candidates = [self._inside(name)]
        else:
            path = self.environment.get("PATH", "/usr/local/bin:/usr/bin:/bin")
            candidates = [self.python / name, *(self._inside(f"{part}/{name}") for part in path.split(":"))]
        # A system Python of the image's is the environment's: the layer's own was linked for another file system.
        if Path(name).name in {"python", "python3"}:
            candidates = [self.python / "python"]
        for candidate in candidates:
            if candidate.is_file():
                return str(candidate)
        raise CallerError(
            f"image {self.uri} cannot be started: its program {name!r} is neither in the image nor in its Python "
            "environment"
        )

    def _inside(self, path: str) -> Path:
        return self.root / path.lstrip("/")

    def _localised(self, word: str, ml_root: Path) -> str:
        if word == ML_ROOT or word.startswith(f"{ML_ROOT}/"):
            return str(ml_root) + word[len(ML_ROOT) :]
        if word.startswith("/") and word != "/" and self._inside(word).exists():
            return str(self._inside(word))
        return word


class Images:
    """The images that this twin has pulled; each is unpacked once, and each pull is authorised anew."""

    def __init__(self, twin: "Twin") -> None:
        self._twin = twin
        self._directory = twin.directory / "images"
        self._environments = twin.directory / "environments"

    def pull(self, uri: str, credentials: "Credentials") -> Image:
        """Pull as the role, verify, unpack and build the environment; raise CallerError when it cannot be done."""
        reference = Reference.parse(uri)
        digest, manifest, urls = self._authorise(reference, credentials)
        target = self._directory / digest.removeprefix("sha256:")  # a colon would split PYTHONPATH
        make_once(target, lambda aside: self._fetch(reference, manifest, urls, aside))
        return self._load(reference, digest, target)

    def _authorise(
        self, reference: Reference, credentials: "Credentials"
    ) -> tuple[str, dict[str, Any], dict[str, str]]:
        """Make a pull's calls as the role, also when the image lies here already; return digest, manifest and URLs."""
        ecr = self._twin.client("ecr", account=reference.account, region=reference.region, credentials=credentials)
        try:
            ecr.get_authorization_token()
            answer = ecr.batch_get_image(
                registryId=reference.account,
                repositoryName=reference.repository,
                imageIds=[reference.identifier],
                acceptedMediaTypes=list(MANIFESTS),
            )
            if not answer["images"]:
                raise CallerError(
                    f"manifest for {reference.uri} not found: manifest unknown: Requested image not found"
                )
            text = answer["images"][0]["imageManifest"]
            manifest = json.loads(text)
            urls = {
                blob: ecr.get_download_url_for_layer(
                    registryId=reference.account, repositoryName=reference.repository, layerDigest=blob
                )["downloadUrl"]
                for blob in [_config_digest(reference, manifest), *(layer["digest"] for layer in manifest["layers"])]
            }
        except ClientError as error:
            raise CallerError(
                "Cannot pull algorithm container. Either the image does not exist or its permissions are incorrect. "
                f"{sentence(error)}"
            ) from error
        digest = "sha256:" + hashlib.sha256(text.encode()).hexdigest()
        if reference.identifier.get("imageDigest", digest) != digest:
            raise CallerError(f"image {reference.uri} does not match its digest: its manifest has {digest}")
        return digest, manifest, urls

    def _fetch(self, reference: Reference, manifest: dict[str, Any], urls: dict[str, str], directory: Path) -> None:
        config, root, archive = manifest["config"]["digest"], directory / "root", directory / "layer"
        self._download(urls[config], config, directory / "config.json")
        root.mkdir()
        try:
            for layer in manifest["layers"]:
                self._download(urls[layer["digest"]], layer["digest"], archive)
                unpack_layer(archive, root)
                archive.unlink()
        except (TarError, OSError) as error:
            raise CallerError(f"image {reference.uri} cannot be unpacked: {error}") from error

    def _download(self, url: str, digest: str, path: Path) -> None:
        """Fetch a blob and verify it; ECR's registry host is this twin, told the account by the Host header."""
        parts = urlsplit(url)
        request = urllib.request.Request(f"{self._twin.endpoint}{parts.path}?{parts.query}")  # noqa: S310 -- the twin itself
        if parts.hostname and parts.hostname.endswith((".amazonaws.com", ".amazonaws.com.cn")):
            request.add_header("Host", parts.hostname)
        seen = hashlib.sha256()
        # No proxy of the user's stands between the twin and itself.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=60) as answer, path.open("wb") as file:
                while block := answer.read(1 << 20):
                    seen.update(block)
                    file.write(block)
        except URLError as error:
            raise CallerError(f"layer {digest} cannot be downloaded: {error}") from error
        if seen.hexdigest() != digest.removeprefix("sha256:"):
            raise CallerError(f"layer {digest} does not match its digest: its content has sha256:{seen.hexdigest()}")

    def _load(self, reference: Reference, digest: str, directory: Path) -> Image:
        config = json.loads((directory / "config.json").read_bytes()).get("config") or {}
        root = directory / "root"
        label = (config.get("Labels") or {}).get(REQUIREMENTS_LABEL)
        requirements = b""
        if label:
            lock = root / label.lstrip("/")
            if not lock.is_file():
                raise CallerError(f"image {reference.uri} has the label {REQUIREMENTS_LABEL}={label} and no such file")
            requirements = lock.read_bytes()
        return Image(
            uri=f"{reference.registry}/{reference.repository}@{digest}",
            digest=digest,
            root=root,
            python=environment(self._environments, requirements) / "bin",
            entrypoint=tuple(config.get("Entrypoint") or ()),
            command=tuple(config.get("Cmd") or ()),
            environment=dict(item.partition("=")[::2] for item in config.get("Env") or ()),
            working_directory=config.get("WorkingDir") or "/",
        )


def _config_digest(reference: Reference, manifest: dict[str, Any]) -> str:
    config = manifest.get("config")
    if not config or "layers" not in manifest:
        kind = manifest.get("mediaType", "of an unknown type")
        raise CallerError(f"image {reference.uri} is no single image: its manifest is {kind!r}")
    return str(config["digest"])
