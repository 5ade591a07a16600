"""tunesmith inside other libraries; each module imports its library when it is imported itself.

    sklearn/       TunesmithSearchCV: a search as scikit-learn's own are; cross_val_score and fit_in_steps
    optuna/        TunesmithSampler: a sampler of Optuna's studies; from_optuna, which takes a study along
    lightgbm.py    report_to: a callback of LightGBM, for train, cv and fit
    xgboost.py     report_to: a callback of XGBoost, for train, cv and fit
    catboost.py    report_to: a callback of CatBoost
    torch.py       epochs: a training loop of PyTorch that goes on from its checkpoint
    lightning.py   report_to: a callback of Lightning, and the checkpoint to go on from
    reporting.py   what the callbacks share: which metric, which direction, whether to stop

The callbacks report a metric to the trial after each round or epoch, and stop training when the scheduler
says so.
"""
