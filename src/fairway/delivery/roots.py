"""The project's Terraform roots: bootstrap, delivery, and one for each environment."""

from dataclasses import dataclass

from fairway.settings import SHARED, Settings

BOOTSTRAP = "bootstrap"


@dataclass(frozen=True)
class Root:
    """A root module: its name, its folder below `terraform/`, and the key of its state."""

    name: str
    folder: str
    account: str | None = None
    """That of bootstrap where it is not delivery's; the others know theirs."""

    @property
    def state_key(self) -> str:
        """The key of its state in the state bucket: as its backend.tf says, or below the account's number."""
        folders = (self.folder, self.account) if self.account else (self.folder,)
        return "/".join([*folders, "terraform.tfstate"])


def bootstrap_of(account: str) -> Root:
    """Return the bootstrap root of an account other than delivery's."""
    return Root(f"{BOOTSTRAP}-{account}", BOOTSTRAP, account)


def find_root(settings: Settings, name: str) -> Root:
    """Return the root called `name`: bootstrap, delivery or an environment; an unknown name is refused."""
    if name in (BOOTSTRAP, SHARED):
        return Root(name, name)
    return Root(settings.require_environment(name), f"environments/{name}")
