"""The baselines that the model must beat, on the same flights and the same features."""

from pathlib import Path

import numpy as np
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from model.encoding import Encoder
from model.metrics import auc, log_loss
from model.splits import Split


def base_rate(data: Path) -> dict[str, float]:
    """Every flight is given the share of late ones in training: it ranks nothing."""
    learn, test = Split.read(data / "train"), Split.read(data / "test")
    return {"auc": 0.5, "log_loss": log_loss(test.late, np.full(len(test.late), learn.late.mean()))}


def logistic_regression(data: Path) -> dict[str, float]:
    """The very columns that the trees are given; what is missing is the median."""
    learn, test = Split.read(data / "train"), Split.read(data / "test")
    encoder = Encoder.fit(learn.columns, learn.late)
    linear = make_pipeline(SimpleImputer(strategy="median"), StandardScaler(), LogisticRegression(max_iter=500))
    linear.fit(encoder.encode(learn.columns), learn.late)
    probability = linear.predict_proba(encoder.encode(test.columns))[:, 1]
    return {"auc": auc(test.late, probability), "log_loss": log_loss(test.late, probability)}
