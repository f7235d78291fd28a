"""The image that stands in for SageMaker's managed ones."""

import ast
import gzip
import io
import json
import sys
import tarfile
from pathlib import Path

from fairway.rehearsal import script_image, script_server

REPOSITORY = Path(__file__).parents[3]


def test_it_holds_a_server_and_a_lock_with_the_toolkit_and_starts_the_server():
    image = script_image.build(REPOSITORY)
    assert script_image.build(REPOSITORY).digest == image.digest
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(image.layer.content))) as layer:
        files = {member.name for member in layer if member.isfile()}
        lock = layer.extractfile("opt/program/requirements.txt")
        assert lock is not None
        assert b"sagemaker-inference==" in lock.read()
    assert files == {"opt/program/requirements.txt", "opt/program/script_server.py"}
    assert json.loads(image.config.content)["config"]["Entrypoint"] == ["python", "/opt/program/script_server.py"]


def test_its_server_needs_the_toolkit_alone():
    tree = ast.parse(Path(script_server.__file__).read_text())
    modules = [node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    modules += [name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names]
    packages = {str(module).partition(".")[0] for module in modules}
    assert packages - sys.stdlib_module_names == {"sagemaker_inference"}
