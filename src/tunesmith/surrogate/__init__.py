"""Probabilistic models of the loss: arrays in, arrays out.

`kernels` and `gp` hold the Gaussian process, `fit` finds its hyperparameters, `targets` prepares the losses,
`feasibility` predicts failures. What is not here: how a config becomes a row of numbers, which belongs to the
space, and what to try next, which belongs to `acquisition` and the methods.
"""
