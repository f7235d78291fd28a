"""The artifact store: zip files in the pipeline's bucket, under its key, moved with an action's credentials."""

import io
import secrets
import string
import zipfile
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from fairway.twin.runtime.failures import sentence
from fairway.twin.runtime.pipeline_failures import PERMISSION, ActionFailedError, failure_code
from fairway.twin.runtime.pipeline_records import Artifact

if TYPE_CHECKING:
    from fairway.twin.context import Credentials, Resource, Twin

_LETTERS = string.ascii_letters + string.digits


def new_artifact(pipeline: str, name: str, bucket: str, **facts: Any) -> Artifact:
    """Return a place in the store that nothing else has: the names, cut as CodePipeline cuts them, and a random key."""
    key = "".join(secrets.choice(_LETTERS) for _ in range(7))
    return Artifact(name, bucket, f"{pipeline[:20]}/{name[:10]}/{key}", **facts)


class ArtifactStore:
    """One pipeline's bucket, as an action's role sees it."""

    def __init__(
        self, twin: "Twin", pipeline: "Resource", store: Mapping[str, Any], credentials: "Credentials"
    ) -> None:
        self._twin = twin
        self._pipeline = pipeline
        self._credentials = credentials
        self.bucket = str(store["location"])
        self.key: str | None = store.get("encryptionKey", {}).get("id")

    def put(self, artifact: Artifact, content: bytes) -> None:
        """Write a zip file; raise ActionFailedError."""
        self._use_key("kms:GenerateDataKey")
        encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": self.key} if self.key else {}
        try:
            self._s3().put_object(Bucket=artifact.bucket, Key=artifact.key, Body=content, **encryption)
        except (ClientError, BotoCoreError) as error:
            raise ActionFailedError(
                failure_code(error),
                f"Upload to S3 failed with the following error: {sentence(error)} (artifact {artifact.name}, "
                f"{artifact.uri})",
            ) from error

    def read_file(self, artifact: Artifact, path: str) -> str:
        """Return the text of one file of an artifact; raise ActionFailedError."""
        self._use_key("kms:Decrypt")
        try:
            content = self._s3().get_object(Bucket=artifact.bucket, Key=artifact.key)["Body"].read()
        except (ClientError, BotoCoreError) as error:
            raise ActionFailedError(
                failure_code(error),
                f"The artifact {artifact.name} could not be read from {artifact.uri}: {sentence(error)}",
            ) from error
        try:
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                return archive.read(path).decode()
        except (KeyError, zipfile.BadZipFile, UnicodeDecodeError) as error:
            raise ActionFailedError(
                "ConfigurationError", f"The file {path} is not in the artifact {artifact.name} ({artifact.uri})"
            ) from error

    def _s3(self) -> Any:
        return self._twin.client(
            "s3", account=self._pipeline.account, region=self._pipeline.region, credentials=self._credentials
        )

    def _use_key(self, action: str) -> None:
        """Use the store's key as S3 does on behalf of the role; ministack's S3 does not ask KMS."""
        # Imported here because it loads ministack, whose settings are read at its import.
        from fairway.twin import base, base_events  # noqa: PLC0415

        if self.key is None:
            return
        account, region = self._pipeline.account, self._pipeline.region
        try:
            root = self._twin.client("kms", account=account, region=region)
            arn = root.describe_key(KeyId=self.key)["KeyMetadata"]["Arn"]
            context = {"kms:ViaService": f"s3.{region}.amazonaws.com"}
            base_events.use_permission(
                self._credentials,
                action,
                arn,
                account=account,
                region=region,
                context=context,
                parameters={"keyId": arn},
            )
        except ClientError as error:
            raise ActionFailedError(
                "ConfigurationError", f"The artifact store's key {self.key} cannot be used: {sentence(error)}"
            ) from error
        except base.RefusedError as error:
            raise ActionFailedError(PERMISSION, f"The artifact store's key cannot be used: {error}") from error


def zipped(files: Mapping[str, str]) -> bytes:
    """Return a zip file of texts by their paths."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, text in files.items():
            archive.writestr(path, text)
    return content.getvalue()
