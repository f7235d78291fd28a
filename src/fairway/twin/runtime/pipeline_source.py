"""Source actions of connections.

https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-CodestarConnectionSource.html
"""

import json
from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import quote

from fairway.twin.runtime.pipeline_action_rules import CLONE_REF, ZIP
from fairway.twin.runtime.pipeline_artifacts import zipped
from fairway.twin.runtime.pipeline_failures import CONFIGURATION, PERMISSION, ActionFailedError
from fairway.twin.runtime.pipeline_records import Artifact, Origin, Revision
from fairway.twin.runtime.sources_connections import UnusableConnectionError, use_connection
from fairway.twin.runtime.sources_repositories import Commit, GitError, Repository

if TYPE_CHECKING:
    from fairway.twin.runtime.pipeline_hands import ActionHands

_SUMMARY_LENGTH = 1500


def run_source(hands: "ActionHands") -> None:
    """Find the commit with the connection, write the artifact, and say what it is."""
    run, configuration = hands.run, hands.run.configuration
    arn, name = configuration["ConnectionArn"], configuration["FullRepositoryId"]
    branch = hands.execution.branches.get(run.name, configuration["BranchName"])
    account, region = hands.pipeline.account, hands.pipeline.region
    try:
        use_connection(
            hands.twin, hands.credentials, arn, repository=name, branch=branch, account=account, region=region
        )
    except UnusableConnectionError as error:
        raise ActionFailedError(PERMISSION if error.permission else CONFIGURATION, str(error)) from error
    repository, commit = _find(hands, name, branch)
    run.revision = _revision(commit, arn, name, region)
    run.external_id, run.external_url = commit.identity, run.revision.url
    run.summary = run.revision.summary
    run.variables = {
        "AuthorDate": commit.author_date,
        "BranchName": branch,
        "CommitId": commit.identity,
        "CommitMessage": commit.message,
        "ConnectionArn": arn,
        "FullRepositoryName": name,
    }
    run.outputs.append(_write(hands, repository, Origin(arn, repository.path, name, branch, commit.identity)))


def _find(hands: "ActionHands", name: str, branch: str) -> tuple[Repository, Commit]:
    """Return the commit that the execution was started for, or the branch's."""
    path = hands.twin.repositories.get(name)
    missing = f"[GitHub] No Branch [{branch}] found for FullRepositoryName [{name}]"
    if path is None:
        known = ", ".join(sorted(hands.twin.repositories)) or "none"
        raise ActionFailedError(CONFIGURATION, f"{missing} (the twin was told of these repositories: {known})")
    repository = Repository(name, path)
    wanted = hands.execution.commits.get(hands.run.name) or repository.branches().get(branch)
    if wanted is None:
        raise ActionFailedError(CONFIGURATION, missing)
    try:
        commit = repository.commit(wanted)
    except GitError as error:
        raise ActionFailedError(
            CONFIGURATION, f"[GitHub] No Commit [{wanted}] found for FullRepositoryName [{name}] ({error})"
        ) from error
    # A retry takes the same revision, whatever was pushed meanwhile.
    hands.execution.commits[hands.run.name] = commit.identity
    return repository, commit


def _revision(commit: Commit, arn: str, name: str, region: str) -> Revision:
    summary = json.dumps({"ProviderType": "GitHub", "CommitMessage": commit.message[:_SUMMARY_LENGTH]})
    url = (
        f"https://{region}.console.aws.amazon.com/codesuite/settings/connections/redirect?connectionArn={quote(arn)}"
        f"&referenceType=COMMIT&FullRepositoryId={quote(name)}&Commit={commit.identity}"
    )
    return Revision(commit.identity, summary, url, datetime.fromisoformat(commit.author_date))


def _write(hands: "ActionHands", repository: Repository, origin: Origin) -> Artifact:
    """Write the commit's files, or what stands for a clone: CodeBuild clones with the connection by itself."""
    [name] = hands.output_names()
    if hands.run.configuration.get("OutputArtifactFormat", ZIP) == CLONE_REF:
        artifact = hands.new_output(name, revision=origin.commit, origin=origin)
        reference = {"connectionArn": origin.connection_arn, "fullRepositoryId": origin.full_name}
        content = zipped({"clone-ref.json": json.dumps({**reference, "commitId": origin.commit})})
    else:
        artifact = hands.new_output(name, revision=origin.commit)
        content = repository.archive(origin.commit)
    hands.store.put(artifact, content)
    return artifact
