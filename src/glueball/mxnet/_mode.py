"""Whether this thread is recording for gradients, and whether it is training: MXNet's two switches."""

from __future__ import annotations

import threading

__all__ = ["mode"]


class Mode(threading.local):
    """The switches of one thread.

    Attributes:
        recording: operators on NDArrays are followed for gradients.
        training: Dropout drops and BatchNorm takes the batch's statistics.
        followed: torch's own switch as it was before `autograd.set_recording(True)`.
        inferring: blocks are called on shapes alone, to tell their Parameters' shapes.
    """

    recording = False
    training = False
    followed = True
    inferring = False


mode = Mode()
