"""Tune a scikit-learn pipeline as RandomizedSearchCV would, without a space: rules of thumb suggest one.

python examples/05_scikit_learn.py
"""

from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from tunesmith.integrations.sklearn import TunesmithSearchCV

X, y = load_breast_cancer(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)

model = make_pipeline(StandardScaler(), SVC())
search = TunesmithSearchCV(model, n_iter=20, cv=5, racing=True, random_state=0)
search.fit(X_train, y_train)

print(search.space_)
for reason in search.reasons_:
    print(reason)
run = search.cv_results_["n_splits_run"].sum()
print(f"{run} of {20 * 5} folds were run: the others belong to configs that had lost by then")
print(
    f"accuracy {search.best_score_:.4f} in cross-validation, {search.score(X_test, y_test):.4f} on new rows"
)
print(search.best_params_)
