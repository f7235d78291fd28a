"""Builds the Dockerfile and runs the image for real, without a Docker engine: `make image-check`.

buildah builds it on a base of debootstrap's, in a chroot, as root; the image's own unprivileged user then prepares,
trains, evaluates and serves the example, and answers the golden requests that the evaluation recorded.
"""

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fairway.delivery.buildah import ISOLATION, Buildah, Say, fresh, run, timed
from fairway.delivery.image_tasks import Raw, Runner
from fairway.delivery.pip_settings import pip_settings
from fairway.errors import ImageCheckError

BASE, IMAGE = "localhost/fairway-check-base", "localhost/fairway-check"
SUITE = "bookworm"
PACKAGES = "python3,python3-venv,ca-certificates"
UNWANTED = ("gcc", "cc", "g++", "clang", "ld", "make", "pip", "pip3")


def check(checkout: Path, workspace: Path, write_raw: Raw, environ: Mapping[str, str], say: Say) -> None:
    """Build, inspect and run the image of `checkout`; ImageCheckError says what was found wanting.

    `write_raw` puts the example's raw data into a folder; what is slow to make (the base) is kept in `workspace`.
    """
    require_tools()
    workspace.mkdir(parents=True, exist_ok=True)
    buildah = Buildah(workspace / "storage")
    with timed(say, "base"):
        make_base(buildah, workspace)
    with timed(say, "build"):
        build(buildah, checkout, workspace, environ)
    config = json.loads(buildah("inspect", "--type", "image", IMAGE))["OCIv1"]["config"]
    check_config(config)
    container = buildah("from", IMAGE).strip()
    try:
        root = Path(buildah("mount", container).strip())
        check_files(root)
        check_user(buildah("run", *ISOLATION, container, "--", "id", "--user"))
        say(f"the image holds {size(root) // 2**20} MB; user {config['User']}; no compiler, pip or cache")
        runner = Runner(buildah, container, [*config["Entrypoint"]], workspace, config["User"])
        runner.tasks(write_raw, say)
    finally:
        # The base alone is worth its space: without layers shared (vfs), each build is a gigabyte.
        buildah("rm", container)
        buildah("rmi", IMAGE)
        buildah("rmi", "--prune")


def require_tools() -> None:
    """Raise ImageCheckError unless this is root on a machine with buildah and debootstrap."""
    if missing := [tool for tool in ("buildah", "debootstrap") if shutil.which(tool) is None]:
        raise ImageCheckError(f"{' and '.join(missing)} not found: `apt-get install buildah debootstrap` installs them")
    if os.geteuid() != 0:
        raise ImageCheckError("a chroot is needed, hence root: `sudo make image-check`")


def make_base(buildah: Buildah, workspace: Path) -> None:
    """Make the base image, unless an earlier run left it."""
    if BASE in buildah("images", "--format", "{{.Name}}").split():
        return
    with fresh(workspace / "base") as tree:
        include = ["--variant=minbase", f"--include={PACKAGES}"]
        run(["debootstrap", *include, SUITE, str(tree)], workspace / "debootstrap.log")
        container = buildah("from", "scratch").strip()
        buildah("add", "--quiet", container, str(tree), "/")
        buildah("commit", "--quiet", "--rm", container, BASE)


def build(buildah: Buildah, checkout: Path, workspace: Path, environ: Mapping[str, str]) -> None:
    """Build the Dockerfile; packages come from where this machine's pip takes them."""
    settings = pip_settings(environ)
    secret = workspace / "pip.conf"
    secret.write_text(settings.text)
    secret.chmod(0o600)
    volumes = [word for path in settings.paths for word in ("--volume", f"{path}:{path}:ro")]
    options = ["--build-arg", f"BASE_IMAGE={BASE}", "--secret", f"id=pip.conf,src={secret}", *volumes]
    try:
        buildah("bud", *ISOLATION, *options, "--tag", IMAGE, str(checkout), log=workspace / "build.log")
    finally:
        secret.unlink()


def check_config(config: Mapping[str, Any]) -> None:
    """Raise ImageCheckError unless the image starts our entry point as a user who is not root."""
    user = config.get("User", "")
    if user.partition(":")[0] in ("", "0", "root"):
        raise ImageCheckError(f"the image's user is {user or 'not set'}: an unprivileged one is expected")
    if config.get("Entrypoint") != ["python", "-m", "fairway.container"]:
        raise ImageCheckError(f"the image's entry point is {config.get('Entrypoint')}")


def check_user(printed: str) -> None:
    """Raise ImageCheckError unless `id --user`, run in the image, printed another number than root's."""
    if not printed.strip().isdigit() or int(printed) == 0:
        raise ImageCheckError(f"the image runs as user {printed.strip()!r}: an unprivileged one is expected")


def check_files(root: Path) -> None:
    """Raise ImageCheckError if anything is left of building: compilers, pip, caches, package settings."""
    programs = [
        root / folder / name for folder in ("usr/bin", "usr/local/bin", "opt/environment/bin") for name in UNWANTED
    ]
    traces = [root / "root/.cache", root / "etc/pip.conf", root / "opt/pip", root / "requirements.txt"]
    packages = [*(root / "opt/environment").rglob("site-packages/pip"), *(root / "opt/program").rglob("*.pyc")]
    if left := [path for path in (*programs, *traces, *packages) if os.path.lexists(path)]:
        raise ImageCheckError("left in the image: " + ", ".join(str(path.relative_to(root)) for path in left))


def size(root: Path) -> int:
    """Return the bytes of all files below `root`."""
    return sum(path.lstat().st_size for path in root.rglob("*") if not path.is_symlink() and path.is_file())
