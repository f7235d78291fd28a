"""`make audit`: what each role did, and whether its policies let it do less or more."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import typer
from rich.markup import escape
from rich.table import Table

from fairway import local_twin
from fairway.console import out
from fairway.delivery import access, audit, audit_record
from fairway.delivery.audit import Call, Grant
from fairway.errors import AuditError, OnlyOnTheTwinError
from fairway.settings import Settings

app = typer.Typer()


@app.command(name="audit")
def audit_command() -> None:
    """Show what each role did, and compare it with its policies: least privilege, proved."""
    told = Settings.load(Path.cwd())
    if told.cloud != "twin":
        raise OnlyOnTheTwinError("audit", "on AWS, IAM Access Analyzer reads CloudTrail for unused permissions")
    prefix = f"{told.project.project}-"
    # The twin says where it writes: the copy that a rehearsal works in did not start it.
    kept = audit_record.read_record(local_twin.trail(told), prefix)
    record, grants = kept.beside(_grants(told, prefix))
    if not record:
        raise AuditError("no role has called anything since the twin was started: `make demo` first")
    show_rows(audit.rows(record, grants), prefix)
    found = findings(told, record, grants)
    for each in found:
        out.print(f"• {each}\n", markup=False)
    if found:
        raise AuditError(f"{len(found)} findings; docs/least-privilege.md says how to read them")
    out.print(f"{record.total()} calls of {len({call.role for call in record})} roles: nothing lacks, nothing is idle.")


def _grants(told: Settings, prefix: str) -> dict[str, list[Grant]]:
    grants: dict[str, list[Grant]] = {}
    for account in sorted({told.project.account, *told.project.others}):
        variables = access.twin_variables(told) | {"AWS_ACCESS_KEY_ID": account}
        grants |= audit_record.read_grants(access.client(told, "iam", variables), prefix)
    return grants


def show_rows(rows: audit.Rows, prefix: str) -> None:
    """Print a table for each role."""
    roles: dict[str, list[tuple[str, ...]]] = {}
    for (role, action, resource), (allowed, denied) in rows.items():
        roles.setdefault(role, []).append((action, resource, str(allowed), str(denied or "")))
    for role, lines in roles.items():
        account, name = role.split(":")[4], role.rpartition("/")[2].removeprefix(prefix)
        table = Table(title=f"{name} ({account})", title_justify="left")
        table.add_column("action", overflow="fold")
        table.add_column("resource", overflow="fold")
        table.add_column("calls", justify="right")
        table.add_column("denied", justify="right")
        for line in lines:
            table.add_row(*map(escape, line))
        out.print(table)


def findings(told: Settings, record: Counter[Call], grants: Sequence[Grant]) -> list[str]:
    """Return what is wrong, a sentence each, and print the reasons for what is idle and may stay."""
    # Every command loads this file, in builds too, which do not have policy_sentry; and its data takes a while to load.
    from fairway.delivery import audit_advice  # noqa: PLC0415

    kind_of = audit.kinds(told.project.project, told.environments)
    reasons = audit_record.read_reasons(told.root / audit_record.REASONS)
    idle = audit.unused(record, grants, kind_of)
    for reason, count in audit_advice.excused(idle, reasons).items():
        out.print(f"  {count} idle: {reason}", markup=False)
    region, account = told.project.region, told.project.account
    return [
        *(
            audit_advice.of_denied(each, region=region, account=account)
            for each in audit.denied(record, grants, kind_of)
        ),
        *audit_advice.of_unused(audit.without_reason(idle, reasons)),
        *audit_advice.of_stale(audit.stale(reasons, idle, grants, kind_of)),
        *audit_advice.misfits(grants, kind_of),
    ]
