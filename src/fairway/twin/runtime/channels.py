"""S3 in and out of a job's folder, with the role's credentials."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from boto3.exceptions import Boto3Error
from boto3.s3.transfer import S3Transfer, TransferConfig
from botocore.exceptions import BotoCoreError, ClientError

from fairway.twin.runtime.failures import CallerError, code, sentence

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    Choice = Callable[[Sequence[str]], Sequence[str]]

T = TypeVar("T")

# Files at a time; each in parts of its own when it is large.
PARALLEL = 8
TRANSFER = TransferConfig(max_concurrency=4)
DENIED = {"AccessDenied", "403", "Forbidden", "AllAccessDisabled", "KMS.DisabledException"}


@dataclass(frozen=True)
class Location:
    """A place in S3; `key` is an object's key or the beginning of many."""

    bucket: str
    key: str

    @classmethod
    def parse(cls, uri: str) -> "Location":
        """Read s3://bucket/key; raise CallerError for anything else."""
        scheme, _, rest = uri.partition("://")
        bucket, _, key = rest.partition("/")
        if scheme != "s3" or not bucket:
            raise CallerError(f"{uri!r} is no location in S3; expected s3://<bucket>/<key>")
        return cls(bucket, key)

    def below(self, name: str) -> "Location":
        """Return the place `name` below this one."""
        return Location(self.bucket, f"{self.key.rstrip('/')}/{name}".lstrip("/"))

    @property
    def uri(self) -> str:
        """The place as s3://bucket/key."""
        return f"s3://{self.bucket}/{self.key}"


class Channels:
    """What one job moves between S3 and its folder. `s3` is a client with the credentials of `role`."""

    def __init__(self, s3: Any, *, role: str, region: str) -> None:
        self._s3 = s3
        self._role = role
        self._region = region
        self._transfer = S3Transfer(s3, TRANSFER)  # type: ignore[arg-type] # the stubs mean another TransferConfig

    def download(self, uri: str, directory: Path, choose: "Choice | None" = None) -> None:
        """Copy every object whose key begins with the URI's into `directory`; raise CallerError, also for none.

        `choose` says which of the keys are this host's.
        """
        if not self.download_any(uri, directory, choose):
            raise CallerError(self._nothing_found(Location.parse(uri)))

    def download_any(self, uri: str, directory: Path, choose: "Choice | None" = None) -> int:
        """Copy them as `download` does, though there may be none; return how many there were."""
        place = Location.parse(uri)
        directory.mkdir(parents=True, exist_ok=True)
        found = list(self._keys(place))
        chosen = found if choose is None else choose(found)
        copies = [(key, _below(directory, relative_name(key, place.key))) for key in chosen]
        _each(lambda copy: self._get(place.bucket, *copy), copies)
        return len(found)

    def download_object(self, uri: str, path: Path) -> None:
        """Copy one object; raise CallerError."""
        place = Location.parse(uri)
        path.parent.mkdir(parents=True, exist_ok=True)
        self._get(place.bucket, place.key, path)

    def upload(self, directory: Path, uri: str, kms_key: str | None = None) -> None:
        """Copy every file below `directory` to the URI, under its name; raise CallerError."""
        place = Location.parse(uri)
        files = sorted(path for path in directory.rglob("*") if path.is_file())
        _each(lambda path: self.upload_file(path, place.below(path.relative_to(directory).as_posix()), kms_key), files)

    def upload_file(self, path: Path, place: Location, kms_key: str | None = None) -> None:
        """Copy one file; encrypted with `kms_key`, or as the bucket says; raise CallerError."""
        extra = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": kms_key} if kms_key else {}
        try:
            self._transfer.upload_file(str(path), place.bucket, place.key, extra_args=extra)
        except (ClientError, BotoCoreError, Boto3Error) as error:
            raise CallerError(
                f"Data upload failed:Unable to upload object {place.uri} as role {self._role} ({sentence(error)})"
            ) from error

    def _keys(self, place: Location) -> "Iterator[str]":
        try:
            for page in self._s3.get_paginator("list_objects_v2").paginate(Bucket=place.bucket, Prefix=place.key):
                # A key that ends in a slash is a folder of the console's, without content.
                yield from (item["Key"] for item in page.get("Contents", ()) if not item["Key"].endswith("/"))
        except ClientError as error:
            if code(error) in DENIED | {"NoSuchBucket"}:
                raise CallerError(self._nothing_found(place)) from error
            raise CallerError(
                f"Failed to download data. ListObjectsV2 failed for {place.uri}: {sentence(error)}"
            ) from error

    def _nothing_found(self, place: Location) -> str:
        return (
            f'No S3 objects found under S3 URL "{place.uri}" given in input data source. Please ensure that the bucket '
            f"exists in the selected region ({self._region}), that objects exist under that S3 prefix, and that the "
            f'role "{self._role}" has "s3:ListBucket" permissions on bucket "{place.bucket}".'
        )

    def _get(self, bucket: str, key: str, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._transfer.download_file(bucket, key, str(path))
        except (ClientError, BotoCoreError, Boto3Error) as error:
            raise CallerError(
                f"Data download failed:Unable to download object s3://{bucket}/{key} as role {self._role} "
                f"({sentence(error)})"
            ) from error


def relative_name(key: str, prefix: str) -> str:
    """Return an object's name in its channel: what follows the prefix, or its own name when nothing does."""
    if key == prefix:
        return key.rpartition("/")[2]
    if prefix.endswith("/") or not prefix or key.startswith(f"{prefix}/"):
        return key[len(prefix) :].lstrip("/")
    # The prefix ends inside a name, as in s3://bucket/2013- : the names keep their beginning.
    return key[len(prefix.rpartition("/")[0]) :].lstrip("/")


def _below(directory: Path, name: str) -> Path:
    path = directory / name
    if not path.resolve().is_relative_to(directory.resolve()):
        raise CallerError(f"object {name!r} would be written outside its channel")
    return path


def _each(act: "Callable[[T], None]", things: "Iterable[T]") -> None:
    with ThreadPoolExecutor(PARALLEL) as pool:
        for done in [pool.submit(act, thing) for thing in things]:
            done.result()
