"""What to try next, given a model of the loss: arrays in, arrays out.

Every score here is the larger the better, in log space where it is a positive quantity.

What is not here: the models (`surrogate`), and pools of candidates, which need the space (`methods`).
"""
