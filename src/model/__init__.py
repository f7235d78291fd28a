"""The model: the one package that a fork replaces. What is exported here is its contract (README.md)."""

from model.cluster import meet
from model.evaluation import evaluate
from model.hyperparameters import SEARCH
from model.predictor import Predictor
from model.preparation import join, prepare, prepare_shard
from model.schema import InputError
from model.source import write_raw
from model.training import train

__all__ = [
    "SEARCH",
    "InputError",
    "Predictor",
    "evaluate",
    "join",
    "meet",
    "prepare",
    "prepare_shard",
    "train",
    "write_raw",
]
