"""What users would pick instead, on the same encoded rows, with the same rate, depth, rounds and share of columns."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import lightgbm as lgb
from benchmarks.training.trees import Phase, load
from sklearn.ensemble import HistGradientBoostingClassifier

from model.encoding import FEATURES
from model.hyperparameters import parse
from model.metrics import auc


def histogram(encoded: Path, hyperparameters: Mapping[str, str], phase: Phase) -> dict[str, Any]:
    """Fit scikit-learn's; it draws no rows, has 255 bins, and makes its bins in `fit`."""
    learn, validate = load(encoded)
    chosen = parse(hyperparameters)
    classifier = HistGradientBoostingClassifier(
        learning_rate=chosen["learning_rate"],
        max_depth=int(chosen["max_depth"]),
        max_iter=int(chosen["num_boost_round"]),
        max_features=chosen["colsample_bytree"],
        l2_regularization=chosen["reg_lambda"],
        max_leaf_nodes=None,
        early_stopping=False,
        random_state=int(chosen["seed"]),
    )
    with phase("bins and trees"):
        classifier.fit(learn.features, learn.late)
    return {"auc": auc(validate.late, classifier.predict_proba(validate.features)[:, 1])}


def lightgbm(encoded: Path, hyperparameters: Mapping[str, str], phase: Phase) -> dict[str, Any]:
    """Train LightGBM's, by columns: left to itself it first tries columns and rows."""
    learn, validate = load(encoded)
    chosen = parse(hyperparameters)
    parameters = {
        "objective": "binary",
        "learning_rate": chosen["learning_rate"],
        "max_depth": int(chosen["max_depth"]),
        "num_leaves": 2 ** int(chosen["max_depth"]),
        "min_sum_hessian_in_leaf": chosen["min_child_weight"],
        "lambda_l2": chosen["reg_lambda"],
        "feature_fraction": chosen["colsample_bytree"],
        "bagging_fraction": chosen["subsample"],
        "bagging_freq": 1,
        "max_bin": int(chosen["max_bin"]) - 1,
        "seed": int(chosen["seed"]),
        "num_threads": 1,
        "force_col_wise": True,
        "verbosity": -1,
    }
    with phase("bins"):
        rows = lgb.Dataset(learn.features, learn.late, params=parameters, feature_name=list(FEATURES)).construct()
        watched = lgb.Dataset(validate.features, validate.late, reference=rows, params=parameters).construct()
    with phase("trees"):
        booster = lgb.train(parameters, rows, int(chosen["num_boost_round"]), valid_sets=[watched])
    return {"auc": auc(validate.late, booster.predict(validate.features, num_threads=1))}
