"""The trees of XGBoost as an ONNX model.

The kept converter (onnxmltools) gives the same trees and answers, and brings scikit-learn into the image for it.
https://onnx.ai/onnx/operators/onnx_aionnxml_TreeEnsembleRegressor.html
https://xgboost.readthedocs.io/en/stable/tutorials/saving_model.html
"""

import json
import math
from typing import Any

from model.encoding import FEATURES

# Old enough for every runtime since 2022.
_OPSETS, _IR_VERSION = (("", 13), ("ai.onnx.ml", 1)), 8


def convert(booster: Any) -> bytes:
    """Return a binary logistic booster as an ONNX model; the same trees give the same bytes."""
    from onnx import TensorProto, helper  # noqa: PLC0415 -- training alone needs it

    learner = json.loads(booster.save_raw("json"))["learner"]
    base = float(learner["learner_model_param"]["base_score"].strip("[]"))
    trees = helper.make_node(
        "TreeEnsembleRegressor",
        ["features"],
        ["margin"],
        domain="ai.onnx.ml",
        n_targets=1,
        base_values=[math.log(base / (1 - base))],
        **_attributes(learner["gradient_booster"]["model"]["trees"]),
    )
    shapes = [("features", len(FEATURES)), ("probability", 1)]
    features, probability = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [None, n]) for name, n in shapes)
    # The operator's own LOGISTIC is passed over by ONNX Runtime where there is one target.
    sigmoid = helper.make_node("Sigmoid", ["margin"], ["probability"])
    graph = helper.make_graph([trees, sigmoid], "trees", [features], [probability])
    opsets = [helper.make_opsetid(*opset) for opset in _OPSETS]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=_IR_VERSION)
    return bytes(model.SerializeToString(deterministic=True))


def _attributes(trees: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the operator's lists, an entry a node: where a value is missing or below the split, it goes on as said."""
    nodes, leaves = [], []
    for number, tree in enumerate(trees):
        columns = ("left_children", "right_children", "split_indices", "split_conditions", "default_left")
        for place, (left, right, feature, value, to_left) in enumerate(zip(*(tree[c] for c in columns), strict=True)):
            leaf = left < 0
            nodes.append(
                {
                    "treeids": number,
                    "nodeids": place,
                    "featureids": 0 if leaf else feature,
                    "modes": "LEAF" if leaf else "BRANCH_LT",
                    "values": 0.0 if leaf else value,
                    "truenodeids": 0 if leaf else left,
                    "falsenodeids": 0 if leaf else right,
                    "missing_value_tracks_true": int(to_left),
                }
            )
            if leaf:
                leaves.append({"treeids": number, "nodeids": place, "ids": 0, "weights": value})
    lists: dict[str, Any] = {f"nodes_{name}": [node[name] for node in nodes] for name in nodes[0]}
    return lists | {f"target_{name}": [leaf[name] for leaf in leaves] for name in leaves[0]}
