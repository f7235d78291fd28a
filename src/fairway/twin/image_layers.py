"""ECR's uploads of layers, which ministack accepts and drops: kept here, where its registry keeps what docker pushes.

Like `base`, this touches what is not ministack's documented interface; tests/integration/twin/test_image_layers.py
holds it.
"""
# ruff: noqa: SLF001

import base64
import hashlib
import json
from typing import Any

from ministack.core.responses import error_response_json, json_response
from ministack.services import ecr

Document = dict[str, Any]

PART_BYTES = 20 * 1024 * 1024


class _RefusedError(Exception):
    """ECR's error: its code and its sentence."""


def install() -> None:
    """Replace the operations that handle layers; ministack looks them up by name at each call."""
    for name, answer in {
        "_initiate_layer_upload": _initiate,
        "_upload_layer_part": _upload_part,
        "_complete_layer_upload": _complete,
        "_batch_check_layer_availability": _check_availability,
    }.items():
        setattr(ecr, name, _answering(answer))
    ecr._get_download_url_for_layer = _after(_check_layer, ecr._get_download_url_for_layer)
    ecr._put_image = _after(_check_manifest, ecr._put_image)


def _answering(answer: Any) -> Any:
    def handler(data: Document) -> Any:
        try:
            return json_response(answer(data, _repository(data)))
        except _RefusedError as error:
            return error_response_json(*error.args, 400)

    return handler


def _after(check: Any, original: Any) -> Any:
    def handler(data: Document) -> Any:
        try:
            check(data, _repository(data))
        except _RefusedError as error:
            return error_response_json(*error.args, 400)
        return original(data)

    return handler


def _repository(data: Document) -> str:
    name = str(data.get("repositoryName", ""))
    if name not in ecr._repositories:
        raise _RefusedError("RepositoryNotFoundException", f"The repository with name '{name}' does not exist")
    return name


def _layers(repository: str) -> dict[str, bytes]:
    layers: dict[str, bytes] = ecr._layer_blobs.setdefault(repository, {})
    return layers


def _upload(data: Document, repository: str) -> bytearray:
    upload = ecr._uploads.get(repository, {}).get(data.get("uploadId"))
    if upload is None:
        raise _RefusedError("UploadNotFoundException", f"The upload {data.get('uploadId')!r} does not exist")
    return upload  # type: ignore[no-any-return] # ministack has no types


def _initiate(_: Document, repository: str) -> Document:
    upload = ecr.new_uuid()
    ecr._uploads.setdefault(repository, {})[upload] = bytearray()
    return {"uploadId": upload, "partSize": PART_BYTES}


def _upload_part(data: Document, repository: str) -> Document:
    upload, part = _upload(data, repository), base64.b64decode(data["layerPartBlob"])
    first, last = data["partFirstByte"], data["partLastByte"]
    if first != len(upload) or last - first + 1 != len(part):
        raise _RefusedError(
            "InvalidLayerPartException", f"Bytes {first} to {last} do not follow the {len(upload)} received"
        )
    upload += part
    return {"repositoryName": repository, "uploadId": data["uploadId"], "lastByteReceived": last}


def _complete(data: Document, repository: str) -> Document:
    content = bytes(_upload(data, repository))
    digest = "sha256:" + hashlib.sha256(content).hexdigest()
    if digest not in data["layerDigests"]:
        raise _RefusedError("InvalidLayerException", f"The layer's digest is {digest}, not {data['layerDigests'][0]}")
    _layers(repository)[digest] = content
    del ecr._uploads[repository][data["uploadId"]]
    return {"repositoryName": repository, "uploadId": data["uploadId"], "layerDigest": digest}


def _check_availability(data: Document, repository: str) -> Document:
    layers = _layers(repository)
    there = [digest for digest in data["layerDigests"] if digest in layers]
    missing = [digest for digest in data["layerDigests"] if digest not in layers]
    return {
        "layers": [{"layerDigest": d, "layerAvailability": "AVAILABLE", "layerSize": len(layers[d])} for d in there]
        + [{"layerDigest": d, "layerAvailability": "UNAVAILABLE"} for d in missing],
        "failures": [],
    }


def _check_layer(data: Document, repository: str) -> None:
    _require(repository, [data.get("layerDigest", "")])


def _check_manifest(data: Document, repository: str) -> None:
    """Refuse an image whose layers are not there, as ECR does."""
    manifest = json.loads(data.get("imageManifest", "{}"))
    parts = [manifest["config"], *manifest.get("layers", [])] if "config" in manifest else []
    _require(repository, [part["digest"] for part in parts])


def _require(repository: str, digests: list[str]) -> None:
    for digest in digests:
        if digest not in _layers(repository):
            raise _RefusedError(
                "LayersNotFoundException", f"The layer {digest} does not exist in the repository '{repository}'"
            )
