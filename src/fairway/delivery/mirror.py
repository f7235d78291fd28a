"""Where Terraform finds the AWS provider when a directory on this machine is its only source."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

LAYOUT = "registry.terraform.io"

ROOTS = (
    Path.home() / ".terraform.d/plugins",
    Path("/usr/local/share/terraform/plugins"),
    Path("/usr/share/terraform/plugins"),
)


def find_mirror(environment: Mapping[str, str] = os.environ, roots: Iterable[Path] | None = None) -> Path | None:
    """Return the folder that holds providers laid out by registry host, or None where there is none.

    `TF_PLUGIN_MIRROR` names one; otherwise Terraform's usual plugin folders and those one level below /opt are tried.
    """
    if named := environment.get("TF_PLUGIN_MIRROR"):
        return Path(named)
    candidates = [*ROOTS, *sorted(Path("/opt").glob("*"))] if roots is None else roots
    return next((root for root in candidates if (root / LAYOUT).is_dir()), None)


def write_cli_config(path: Path, mirror: Path) -> Path:
    """Write a Terraform CLI configuration that takes from `mirror` what it has, and the rest from its registry."""
    providers = sorted(
        provider.relative_to(mirror).as_posix() for provider in (mirror / LAYOUT).glob("*/*") if provider.is_dir()
    )
    listed = ", ".join(f'"{name}"' for name in providers)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        "provider_installation {\n"
        f'  filesystem_mirror {{\n    path    = "{mirror}"\n    include = [{listed}]\n  }}\n'
        f"  direct {{\n    exclude = [{listed}]\n  }}\n"
        "}\n"
    )
    return path
