"""Model files as the libraries write them."""

from __future__ import annotations

import warnings

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


@pytest.fixture(scope="session")
def estimator():
    """Return a small fitted pipeline of scikit-learn."""
    x, y = load_iris(return_X_y=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return make_pipeline(StandardScaler(), LogisticRegression()).fit(x, y)


@pytest.fixture(scope="session")
def onnx_model():
    """Return an ONNX model of one matrix product, with a batch of any length."""
    weights = numpy_helper.from_array(np.zeros((4, 3), np.float32), "weights")
    scale = helper.make_tensor("scale", TensorProto.DOUBLE, [], [2.0])
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "weights"], ["y"])],
        "graph",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", 4]), helper.make_tensor_value_info("weights", TensorProto.FLOAT, [4, 3])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["batch", 3])],
        [weights, scale],
    )
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)]
    model = helper.make_model(graph, producer_name="pytorch", producer_version="2.5.1", opset_imports=opsets, ir_version=8)
    onnx.checker.check_model(model)
    return model
