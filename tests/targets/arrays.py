"""A job as people write them: imports first when it needs them, then keeps arrays and a frame for a while."""
import time

import numpy as np


def arrays():
    return [np.ones(500000) for _ in range(20)]


keep = arrays()

import pandas as pd  # noqa: E402 the point is that it comes late


def frames():
    frame = pd.DataFrame({'a': np.arange(1000000), 'b': np.random.rand(1000000)})
    return frame.groupby(frame.a % 100).b.sum(), frame.copy()


result = frames()
time.sleep(0.5)
