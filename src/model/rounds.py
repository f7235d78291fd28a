"""Round after round of boosting, which another process can go on with and end at the same bytes."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from model.boosting import xgb
from model.checkpoints import Checkpoints, Curve, State
from model.cluster import Cluster
from model.matrices import Matrices
from model.progress import Pace, say

# The replay's own matrix: its content plays no part, only that there are rows.
_REPLAYED_ROWS = 8


@dataclass(frozen=True)
class Plan:
    """What is boosted: XGBoost's parameters, how often at most, and how long it may not get better."""

    parameters: Mapping[str, Any]
    rounds: int
    patience: int


@dataclass(frozen=True)
class Boosted:
    """The trees up to the best round, and the loss of every round."""

    booster: xgb.Booster
    curve: Curve


def boost(
    plan: Plan, matrices: Matrices, before: xgb.Booster | None, cluster: Cluster, checkpoints: Checkpoints | None
) -> Boosted:
    """Boost until the validation loss has not fallen for `patience` rounds; go on from a checkpoint where there is one.

    Source of the rule: xgboost.callback.EarlyStopping, whose trees and attributes these are, bit by bit.
    """
    state = _agreed(cluster, checkpoints)
    trees = _Trees(plan, matrices, before, state)
    # Rounds are counted with the trees of the warm start.
    offset = 0 if before is None else before.num_boosted_rounds()
    begun_at, pace = state.rounds, Pace((plan.rounds - state.rounds) * matrices.rows)
    try:
        while state.rounds < plan.rounds and state.rounds + offset - state.best_round <= plan.patience:
            state = state.after(*trees.grow(state.rounds), offset)
            if cluster.leads:
                say("round", **_line(state, plan.rounds, pace, (state.rounds - begun_at) * matrices.rows))
                if checkpoints is not None and checkpoints.due(state.rounds):
                    checkpoints.save(replace(state, trees=trees.saved()))
        booster = xgb.Booster({"nthread": plan.parameters["nthread"]}, model_file=bytearray(trees.saved()))
    finally:
        trees.release()
    if cluster.leads:
        say("boosted", round=state.rounds, best_round=state.best_round, validation_logloss=state.best_loss)
    booster.set_attr(best_iteration=str(state.best_round), best_score=str(state.best_loss))
    # The trees after the best round only fitted noise; without them the file says what is served.
    return Boosted(booster[: state.best_round + 1], state.curve)


def _agreed(cluster: Cluster, checkpoints: Checkpoints | None) -> State:
    # Every host may find another one: SageMaker copies them to each host by itself. The first host's is taken.
    own = checkpoints.load() if checkpoints is not None and cluster.leads else State()
    state = cluster.gather(own)[0]
    if state.rounds and cluster.leads:
        say("resumed", round=state.rounds)
    return state


class _Trees:
    """The trees of a training, new or gone on with.

    XGBoost draws rows and columns from generators that no file of its keeps, so that a training that simply loads its
    trees ends with others. Here a resumed one draws again: it grows as many trees of one leaf, on a handful of rows,
    as the checkpoint has, which moves the generators as the rounds before did, and takes the checkpoint's margins as
    the rows' base. At the end the checkpoint's trees are put before those that were grown since.
    """

    def __init__(self, plan: Plan, matrices: Matrices, before: xgb.Booster | None, state: State) -> None:
        self._watched = [(matrices.train, "train"), (matrices.validation, "validation")]
        self._replayed = state.rounds
        self._old: xgb.Booster | None = None
        model_file = before
        if state.rounds:
            self._old, model_file = xgb.Booster({"nthread": plan.parameters["nthread"]}), None
            self._old.load_model(bytearray(state.trees))
            for matrix, _ in self._watched:
                matrix.set_base_margin(self._old.predict(matrix, output_margin=True))
        self._booster = xgb.Booster(dict(plan.parameters), [matrix for matrix, _ in self._watched], model_file)
        self._replay(matrices.train.feature_names or [])

    def _replay(self, names: "list[str] | tuple[str, ...]") -> None:
        nothing = np.zeros(_REPLAYED_ROWS, np.float32)
        rows = xgb.DMatrix(np.zeros((_REPLAYED_ROWS, len(names)), np.float32), nothing, feature_names=list(names))
        for number in range(self._replayed):
            self._booster.boost(rows, number, grad=nothing, hess=nothing)

    def grow(self, number: int) -> tuple[float, float]:
        """Grow the next tree; return the training's and the validation's loss."""
        self._booster.update(self._watched[0][0], number)
        told = self._booster.eval_set(self._watched, number).split()[1:]
        train, validation = (float(value.partition(":")[2]) for value in told)
        return train, validation

    def saved(self) -> bytes:
        """Return all trees, those of the checkpoint first, as XGBoost reads them."""
        # No other Booster may be made in between: each begins the generators anew, which all of a thread share.
        if self._old is None:
            return bytes(self._booster.save_raw("ubj"))
        old, new = (json.loads(bytes(booster.save_raw("json"))) for booster in (self._old, self._booster))
        return _joined(old, new, self._replayed)

    def release(self) -> None:
        """Let the matrices go, also where an error's traceback keeps this object."""
        del self._booster, self._watched, self._old


def _joined(old: dict[str, Any], new: dict[str, Any], replayed: int) -> bytes:
    # XGBoost's JSON keeps every bit of a tree; it has no call that joins two models.
    model, added = (content["learner"]["gradient_booster"]["model"] for content in (old, new))
    trees = model["trees"] + added["trees"][replayed:]
    model["trees"] = [{**tree, "id": number} for number, tree in enumerate(trees)]
    model["tree_info"] += added["tree_info"][replayed:]
    model["iteration_indptr"] = list(range(len(trees) + 1))
    model["gbtree_model_param"]["num_trees"] = str(len(trees))
    return json.dumps(old).encode()


def _line(state: State, of: int, pace: Pace, rows: int) -> dict[str, object]:
    losses = {f"{name}_logloss": values[-1] for name, values in state.curve.items()}
    return {"round": state.rounds, "of": of, **losses, **pace.left(rows)}
