"""Tune a PyTorch network by short runs: press Ctrl+C at any time, run it again, and it goes on where it was.

Most configs are paused after an epoch or three; the best go on from their checkpoints, so that no epoch is
trained twice. Needs `pip install torch scikit-learn`.

python examples/04_pytorch_checkpoints.py
"""

import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn

import tunesmith as ts

torch.set_num_threads(1)  # a network this small is fastest so
pixels, digits = load_digits(return_X_y=True)
parts = train_test_split(pixels / 16, digits, test_size=0.4, random_state=0, stratify=digits)
X, X_valid = (torch.tensor(part, dtype=torch.float32) for part in parts[:2])
y, y_valid = (torch.tensor(part) for part in parts[2:])

space = ts.Space(
    lr=ts.Float(1e-4, 0.3, log=True, default=1e-3),
    width=ts.Int(16, 256, log=True, default=64),
    dropout=ts.Float(0.0, 0.6, default=0.2),
    batch=ts.Choice([32, 64, 128], ordered=True),
    optimizer=ts.Choice(["adam", "sgd"]),
    momentum=ts.Float(0.0, 0.99, when={"optimizer": "sgd"}),
)


def make(config):
    model = nn.Sequential(
        nn.Linear(64, config["width"]),
        nn.ReLU(),
        nn.Dropout(config["dropout"]),
        nn.Linear(config["width"], 10),
    )
    if config["optimizer"] == "sgd":
        return model, torch.optim.SGD(model.parameters(), lr=config["lr"], momentum=config["momentum"])
    return model, torch.optim.Adam(model.parameters(), lr=config["lr"])


def train(config, trial):
    torch.manual_seed(trial.seed)
    model, optimizer = make(config)
    saved, done, accuracy = trial.folder / "checkpoint.pt", 0, 0.0
    if saved.exists():  # paused, interrupted or killed before
        state = torch.load(saved)
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        torch.set_rng_state(state["rng"])
        done, accuracy = state["epoch"], state["accuracy"]

    for epoch in trial.steps(after=done):
        model.train()
        for rows in torch.randperm(len(X)).split(config["batch"]):
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(X[rows]), y[rows]).backward()
            optimizer.step()
        model.eval()
        with torch.no_grad():
            accuracy = (model(X_valid).argmax(dim=1) == y_valid).float().mean().item()

        # Reported before it is saved: a kill in between costs this epoch again, and no report.
        trial.report(accuracy)
        state = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "accuracy": accuracy}
        new = trial.folder / "checkpoint.new"
        torch.save({**state, "epoch": epoch, "rng": torch.get_rng_state()}, new)
        new.replace(saved)  # written, then renamed: a kill leaves the old checkpoint or the new one
    return accuracy


study = ts.maximize(
    train,
    space,
    trials=25,
    fidelity=ts.Fidelity("epoch", 1, 27),
    seed=0,
    store="example.db",
    name="digits-torch",
)
epochs = sum(len(trial.reports) for trial in study.trials)
print(f"accuracy {study.best.value:.4f} with {study.best.config}")
print(f"{epochs} epochs were trained; without a scheduler it would have been {25 * 27}")
