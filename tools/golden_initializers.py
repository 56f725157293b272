"""Golden data for the initializers, from MXNet and Keras themselves: what each draws, and from where.

    python tools/golden_initializers.py mxnet > tests/golden/mxnet_initializers.json
    KERAS_BACKEND=jax python tools/golden_initializers.py keras > tests/golden/keras_initializers.json

Each runs where its framework is installed (mxnet 1.9.1 wants Python 3.8 and numpy 1.23). For initializers
that draw, the framework's random functions are replaced by ones that note their arguments, so the
data are the framework's formula and no statistics; for the others the values themselves.
"""

import itertools
import json
import sys

SHAPES = [[5, 7], [6, 4, 3], [8, 2, 3, 3], [4, 3, 2, 2, 2]]  # (outputs, inputs, *kernel)


def mxnet():
    import mxnet as mx

    noted = []

    class Random:
        @staticmethod
        def uniform(low, high, shape, out):
            noted.append(["uniform", float(low), float(high)])

        @staticmethod
        def normal(mean, std, shape, out):
            noted.append(["normal", float(mean), float(std)])

    mx.initializer.random = Random
    drawn = []
    made = []

    def note(kind, arguments, shape):
        initializer = getattr(mx.init, kind)(**arguments)
        initializer._init_weight("weight", mx.nd.zeros(shape))
        drawn.append({"kind": kind, "arguments": arguments, "shape": shape, "drawn": noted.pop()})

    for shape in SHAPES:
        for rnd, factor, magnitude in itertools.product(
            ("uniform", "gaussian"), ("avg", "in", "out"), (3, 0.5)
        ):
            arguments = {"rnd_type": rnd, "factor_type": factor, "magnitude": magnitude}
            note("Xavier", arguments, shape)
        for factor, slope in itertools.product(("avg", "in", "out"), (0.25, 0.0)):
            note("MSRAPrelu", {"factor_type": factor, "slope": slope}, shape)
    note("Uniform", {}, [2])
    note("Normal", {}, [2])

    def values(kind, method, arguments, shape):
        array = mx.nd.zeros(shape)
        getattr(getattr(mx.init, kind)(**arguments), method)("bias", array)
        made.append(
            {"kind": kind, "arguments": arguments, "shape": shape, "values": array.asnumpy().tolist()}
        )

    for size in range(1, 8):
        values("Bilinear", "_init_bilinear", {}, [1, 2, size, size])
    for bias in (1.0, 2.5):
        values("LSTMBias", "_init_weight", {"forget_bias": bias}, [12])
    return {"source": "mxnet " + mx.__version__, "drawn": drawn, "values": made}


def keras():
    import keras
    import numpy as np
    from keras.src.initializers import random_initializers as module

    noted = []

    class Random:
        def __getattr__(self, name):
            def note(shape, **arguments):
                keep = ("mean", "stddev", "minval", "maxval")
                noted.append([name, *(float(value) for given, value in arguments.items() if given in keep)])

            return note

    made = []
    for gain, shape in ((1.0, [3, 5]), (2.0, [4, 2])):
        values = keras.initializers.Identity(gain)(shape)
        made.append(
            {
                "kind": "Identity",
                "arguments": {"gain": gain},
                "shape": shape,
                "values": np.array(values).tolist(),
            }
        )
    module.random = Random()
    drawn = []

    def note(kind, arguments, shape):
        turned = [*shape[2:], shape[1], shape[0]]  # Keras keeps (*kernel, inputs, outputs)
        getattr(keras.initializers, kind)(**arguments, seed=0)(turned)
        drawn.append({"kind": kind, "arguments": arguments, "shape": shape, "drawn": noted.pop()})

    for shape in SHAPES:
        for kind in ("GlorotUniform", "GlorotNormal", "HeUniform", "HeNormal", "LecunUniform", "LecunNormal"):
            note(kind, {}, shape)
        for mode, spread in itertools.product(
            ("fan_in", "fan_out", "fan_avg"), ("uniform", "truncated_normal", "untruncated_normal")
        ):
            note("VarianceScaling", {"scale": 0.7, "mode": mode, "distribution": spread}, shape)
    return {"source": "keras " + keras.__version__, "drawn": drawn, "values": made}


if __name__ == "__main__":
    data = {"mxnet": mxnet, "keras": keras}[sys.argv[1]]()
    lines = [f'"source": {json.dumps(data["source"])}']
    for part in ("drawn", "values"):
        lines.append(f'"{part}": [\n' + ",\n".join(map(json.dumps, data[part])) + "\n]")
    print("{" + ",\n".join(lines) + "}")
