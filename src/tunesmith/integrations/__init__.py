"""tunesmith inside other libraries; each module imports its library when it is imported itself.

sklearn/       TunesmithSearchCV: a search as scikit-learn's own are
"""
