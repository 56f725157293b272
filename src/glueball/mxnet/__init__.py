"""Gluon on PyTorch: the programs written for MXNet 1.9.1 run, number for number."""
