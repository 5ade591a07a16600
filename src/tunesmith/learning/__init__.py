"""What a history teaches: from trials to arrays, and from arrays to models.

scales.py, encoding.py   configs as rows of numbers
observed.py              a history as arrays, kept up to date
loss_model.py            the model of the loss
draws.py                 several models, their hyperparameters drawn
failures.py              where trials fail
standing.py              how the configs that were run stand to each other
caching.py               what may be kept by history to be faster

Methods and recommendations use it; it decides nothing itself.
"""
