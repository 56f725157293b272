"""Keras chooses its backend once in a process: torch, unless somebody said another."""

import os

os.environ.setdefault("KERAS_BACKEND", "torch")
