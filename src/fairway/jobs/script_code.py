"""The code that an artifact carries for script mode: what SageMaker's managed framework images run of a model.

SageMaker unpacks an artifact at /opt/ml/model, where those images look for `code/` and the program in it:
https://sagemaker.readthedocs.io/en/stable/frameworks/xgboost/using_xgboost.html
"""

import shutil
from pathlib import Path

import fairway
import model

FOLDER, PROGRAM = "code", "inference.py"
"""What SAGEMAKER_SUBMIT_DIRECTORY ends with, and what SAGEMAKER_PROGRAM is."""

_PROGRAM = '''"""What the managed image calls; the rest of this folder is what it needs."""

from fairway.serving.script_mode import input_fn, model_fn, output_fn, predict_fn

__all__ = ["input_fn", "model_fn", "output_fn", "predict_fn"]
'''
_OF_FAIRWAY = ("__init__.py", "errors", "serving")
# What changes nothing of what the code does, as in the image.
_LEFT_OUT = shutil.ignore_patterns(".*", "__pycache__", "*.pyc", "*.md")


def write_code(artifact: Path) -> None:
    """Write `code/` into an artifact: the program, and the sources that trained it, as far as serving needs them."""
    folder = artifact / FOLDER
    of_fairway = Path(fairway.__path__[0])
    for name in _OF_FAIRWAY:
        _copy(of_fairway / name, folder / "fairway" / name)
    _copy(Path(model.__path__[0]), folder / "model")
    (folder / PROGRAM).write_text(_PROGRAM)


def _copy(source: Path, target: Path) -> None:
    # Contents alone: an artifact does not say when its sources were checked out.
    if source.is_dir():
        shutil.copytree(source, target, ignore=_LEFT_OUT, copy_function=shutil.copyfile)
    else:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
