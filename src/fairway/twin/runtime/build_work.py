"""What a build does in its phases: sources and variables in, commands in its one shell, reports and artifacts out."""

import os
import platform
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fairway.twin.runtime import build_artifacts
from fairway.twin.runtime.build_caches import Caches
from fairway.twin.runtime.build_environment import (
    Resolved,
    check_runtimes,
    install_python,
    machine_variables,
    merge,
    resolve,
)
from fairway.twin.runtime.build_failures import COMMAND_EXECUTION_ERROR, PhaseError
from fairway.twin.runtime.build_publishing import publish_reports
from fairway.twin.runtime.build_shell import Shell
from fairway.twin.runtime.build_sources import Fetcher, Sources
from fairway.twin.runtime.build_spec import Buildspec, parse

if TYPE_CHECKING:
    from fairway.twin.context import Resource, Twin
    from fairway.twin.runtime.build_inputs import PipelineBuild
    from fairway.twin.runtime.build_log import BuildLog
    from fairway.twin.runtime.build_record import Record
    from fairway.twin.runtime.containers import Session


@dataclass(frozen=True)
class Assignment:
    """A build, and everything that its work needs."""

    twin: "Twin"
    resource: "Resource"
    pipeline: "PipelineBuild | None"
    session: "Session"
    record: "Record"
    log: "BuildLog"
    folder: Path
    # The monotonic moment at which the build times out.
    deadline: float


class Work:
    """The work of one build; its methods raise PhaseError and Interrupted."""

    def __init__(self, assignment: Assignment) -> None:
        self._given = assignment
        self._build: dict[str, Any] = assignment.resource.attributes
        self._machine = machine_variables(os.environ)
        self._sources = Sources(assignment.folder / "src")
        self._resolved = Resolved()
        self._shell: Shell | None = None
        self.spec = Buildspec()

    @property
    def shell(self) -> Shell:
        """The build's one shell, which `prepare` makes."""
        if self._shell is None:
            self._shell = self._new_shell()
        return self._shell

    def stop(self) -> None:
        """Let the command under way end, if there is one."""
        if self._shell is not None:
            self._shell.stop()

    def close(self) -> None:
        """End what runs."""
        if self._shell is not None:
            self._shell.close()

    # -- DOWNLOAD_SOURCE ----------------------------------------------------------------------------------------------

    def prepare(self) -> None:
        """Fetch the sources, read the buildspec, resolve the variables, restore the cache."""
        fetcher = Fetcher(self._given.session, self._given.folder, self._machine)
        pipeline = self._given.pipeline
        if pipeline is not None:
            self._sources = fetcher.of_pipeline(pipeline.inputs, pipeline.primary)
        else:
            self._sources = fetcher.of_project(self._build)
        self._given.log.say(f"CODEBUILD_SRC_DIR={self._sources.primary}")
        self.spec = parse(fetcher.buildspec(self._build["source"].get("buildspec"), self._sources.primary))
        self._given.log.say("Processing environment variables")
        variables = merge(self.spec, self._build["environment"]["environmentVariables"])
        self._resolved = resolve(variables, self._given.session)
        self._given.log.hide(self._resolved, self._given.session.credentials.access_key)
        check_runtimes(self.spec, self._resolved.values, platform.python_version())
        self._caches().restore(self.shell.text)

    def _new_shell(self) -> Shell:
        python = install_python(self._given.folder / "bin")
        return Shell(
            self.spec.shell,
            folder=self._given.folder / "shell",
            directory=self._sources.primary,
            variables={
                **self._machine,
                "PATH": f"{python}{os.pathsep}{self._machine['PATH']}",
                **self._resolved.values,
                **self._given.session.variables(),
                **self._built_in(),
                "HOME": str(self._given.folder / "home"),
            },
            on_line=self._given.log.write,
            deadline=self._given.deadline,
        )

    def _built_in(self) -> dict[str, str]:
        build, source = self._build, self._build["source"]
        variables = {
            "CODEBUILD_BUILD_ARN": self._given.resource.arn,
            "CODEBUILD_BUILD_ID": self._given.resource.name,
            "CODEBUILD_BUILD_IMAGE": build["environment"]["image"],
            "CODEBUILD_BUILD_NUMBER": str(build["buildNumber"]),
            "CODEBUILD_BUILD_SUCCEEDING": "1",
            "CODEBUILD_INITIATOR": build["initiator"],
            "CODEBUILD_KMS_KEY_ID": build["encryptionKey"],
            "CODEBUILD_LOG_PATH": build["logs"].get("streamName", ""),
            "CODEBUILD_RESOLVED_SOURCE_VERSION": build.get("resolvedSourceVersion", ""),
            "CODEBUILD_SOURCE_REPO_URL": f"s3://{source['location']}" if source["type"] == "S3" else "",
            "CODEBUILD_SOURCE_VERSION": build.get("sourceVersion", ""),
            "CODEBUILD_SRC_DIR": str(self._sources.primary),
            "CODEBUILD_START_TIME": str(int(build["startTime"].timestamp() * 1000)),
        }
        variables |= {f"CODEBUILD_SRC_DIR_{name}": str(path) for name, path in self._sources.secondary.items()}
        return {name: value for name, value in variables.items() if value}

    def _caches(self) -> Caches:
        project = self._build["projectName"]
        return Caches(
            settings=self._build.get("cache") or {},
            spec=self.spec.cache,
            folder=self._given.folder,
            project=project,
            kept=self._given.twin.directory / "build-caches" / self._given.resource.account / project,
            s3=lambda: self._given.session.client("s3"),
            say=self._given.log.say,
        )

    # -- INSTALL to POST_BUILD ----------------------------------------------------------------------------------------

    def run_commands(self, phase: str, *, succeeding: bool) -> None:
        """Run a phase's commands until one fails, and then those of `finally` whatever has happened."""
        self.shell.run(f"export CODEBUILD_BUILD_SUCCEEDING={int(succeeding)}")
        block = self.spec.phase(phase)
        failures = [self._first_failure(commands) for commands in (block.commands, block.finally_)]
        for failure in failures:
            if failure is not None:
                raise failure

    def _first_failure(self, commands: tuple[str, ...]) -> PhaseError | None:
        for command in commands:
            shown = self._resolved.masked(command)
            self._given.log.say(f"Running command {shown}")
            status = self.shell.run(command)
            if status != 0:
                self._given.log.say(f"Command did not exit successfully {shown} exit status {status}")
                return PhaseError(
                    COMMAND_EXECUTION_ERROR,
                    f"Error while executing command: {shown}. Reason: exit status {status}",
                )
        return None

    # -- UPLOAD_ARTIFACTS and FINALIZING ------------------------------------------------------------------------------

    def upload(self) -> None:
        """Export variables, publish reports and upload artifacts; each is tried though another has failed."""
        self._export()
        errors: list[PhaseError] = []
        for act in (self._publish, self._upload_artifacts):
            try:
                act()
            except PhaseError as error:
                errors.append(error)
        if errors:
            raise errors[0]

    def _export(self) -> None:
        exported = []
        for name in self.spec.exported:
            hidden = name.startswith("AWS_") or name in self._resolved.secrets
            value = None if hidden else self.shell.variable(name)
            if value is not None:
                exported.append({"name": name, "value": value})
        self._given.record.tell(exportedEnvironmentVariables=exported)

    def _publish(self) -> None:
        groups = {self.shell.text(name): files for name, files in self.spec.reports.items()}
        arns = publish_reports(self._given.twin, self._given.resource, groups, self._sources.primary)
        self._given.record.tell(reportArns=arns)

    def _upload_artifacts(self) -> None:
        pipeline, resource = self._given.pipeline, self._given.resource
        if pipeline is not None:
            wanted = list(build_artifacts.of_pipeline(self.spec, pipeline.outputs, pipeline.kms_key))
        else:
            uuid = resource.name.rpartition(":")[2]
            wanted = list(build_artifacts.of_project(self.spec, self._build, uuid, self.shell.text))
        uploader = build_artifacts.Uploader(self._given.session.client("s3"), self._given.folder, resource.arn)
        for artifact in wanted:
            self._given.log.say(f"Expanding {', '.join(artifact.files.patterns)}")
        shown = [uploader.upload(artifact, self._sources) for artifact in wanted]
        main = [one for one in shown if "artifactIdentifier" not in one] or shown[:1]
        secondary = [one for one in shown if one not in main]
        self._given.record.tell(artifacts=main[0] if main else {"location": ""}, secondaryArtifacts=secondary)

    def keep_cache(self) -> None:
        """Keep the cache for the project's next build."""
        self._caches().save(self.shell.text)
