"""Where this machine's pip takes packages from, so that a build elsewhere (a chroot) can do the same."""

import configparser
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

# Sources, and how they are reached; what else a pip.conf says (constraints, targets) would change what is installed.
OPTIONS = (
    "index-url",
    "extra-index-url",
    "find-links",
    "trusted-host",
    "cert",
    "client-cert",
    "proxy",
    "default-timeout",
)


@dataclass(frozen=True)
class PipSettings:
    """A pip.conf, and the files and folders of this machine that it names."""

    text: str
    paths: tuple[Path, ...]


def pip_settings(environ: Mapping[str, str]) -> PipSettings:
    """Merge pip's configuration files and `PIP_…` variables, in pip's order of precedence.

    Source: "Configuration" of pip's documentation (global, user, PIP_CONFIG_FILE, environment).
    """
    home = Path(environ.get("HOME", "/root"))
    places = [
        *(Path(folder) / "pip/pip.conf" for folder in environ.get("XDG_CONFIG_DIRS", "/etc/xdg").split(":")),
        Path("/etc/pip.conf"),
        home / ".pip/pip.conf",
        Path(environ.get("XDG_CONFIG_HOME", home / ".config")) / "pip/pip.conf",
        *([Path(environ["PIP_CONFIG_FILE"])] if "PIP_CONFIG_FILE" in environ else []),
    ]
    parser = configparser.RawConfigParser()
    parser.read(places)
    found = {
        name: value
        for section in ("global", "install")
        if parser.has_section(section)
        for name, value in parser[section].items()
    }
    found |= {name[4:].lower().replace("_", "-"): value for name, value in environ.items() if name.startswith("PIP_")}
    wanted = {name: found[name] for name in OPTIONS if found.get(name)}
    written = configparser.RawConfigParser()
    written["global"] = wanted
    text = io.StringIO()
    written.write(text)
    values = " ".join(wanted.values())
    # The pages of an index in a folder link to files beside that folder.
    indexes = [Path(path).parent for path in re.findall(r"file://(/[^\s,]+)", values)]
    named = [*indexes, *map(Path, re.findall(r"(?:^|\s)(/[^\s,]+)", values))]
    return PipSettings(text.getvalue(), tuple(sorted({path for path in named if path.exists()})))
