"""Graphs of ONNX for exported models."""

import json

import numpy as np
from onnx import TensorProto, helper, numpy_helper

# Of 2020: every runtime since then reads this version of the operators, and of
# the format of files.
_OPERATORS, _FORMAT = 13, 7


def graph(inputs, steps, classes):
    """A ModelProto: `features` of shape (rows, inputs) to `scores`.

    steps: operators, the names of such without parameters, or (weights,
    offsets) of a layer. classes: names of the columns of `scores`.
    """
    nodes, constants, value = [], [], "features"
    for i, step in enumerate(steps):
        result = "scores" if i + 1 == len(steps) else f"values_{i}"
        if isinstance(step, str):
            nodes.append(helper.make_node(step, [value], [result]))
        else:
            names = [f"weights_{i}", f"offsets_{i}"]
            constants += [
                numpy_helper.from_array(array.astype(np.float32), name)
                for array, name in zip(step, names)]
            nodes.append(helper.make_node("Gemm", [value, *names], [result],
                                          transB=1))
        value = result
    shapes = [helper.make_tensor_value_info(name, TensorProto.FLOAT,
                                            ["rows", columns])
              for name, columns in (("features", inputs),
                                    ("scores", len(classes)))]
    model = helper.make_model(
        helper.make_graph(nodes, "blindfit", shapes[:1], shapes[1:],
                          constants),
        producer_name="blindfit", ir_version=_FORMAT,
        opset_imports=[helper.make_opsetid("", _OPERATORS)])
    helper.set_model_props(model, {
        "classes": json.dumps([str(name) for name in classes])})
    return model
