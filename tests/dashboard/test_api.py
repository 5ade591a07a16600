"""The API on studies of every kind: what it shows, and what it changes."""

import json
import math
import time

import pytest
from fastapi.testclient import TestClient

import tunesmith as ts
from tunesmith.dashboard.data import plain
from tunesmith.store import open_store

KINDS = ("usual", "empty", "only failed", "only running", "one option", "all equal", "curves")


def get(client: TestClient, path: str, **params) -> dict:
    answer = client.get(path, params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.parametrize("kind", KINDS)
def test_every_study_shows_something_everywhere(client, ids, kind):
    base = f"/api/studies/{ids[kind]}"
    study = get(client, base)
    first = study["fields"][0]["name"]
    assert study["name"].startswith(kind)
    for part in ("trials", "failures", "workers", "importance", "advice", "forecast"):
        get(client, f"{base}/{part}")
    for figure in ("history", "curves", "timeline"):
        found = get(client, f"{base}/figures/{figure}")["figure"]
        assert found is None or found["layout"]["height"] > 0
    for part in ("effect", "model"):
        assert get(client, f"{base}/{part}", first=first).keys() >= {"note"}
    assert "note" in get(client, f"{base}/expectation", values="{}")


def test_the_list_shows_how_every_study_stands(client, ids):
    found = {s["id"]: s for s in get(client, "/api/studies")["studies"]}
    assert len(found) == len(KINDS)
    usual = found[ids["usual"]]
    assert usual["states"]["complete"] + usual["states"]["failed"] == 24
    assert found[ids["all equal"]]["best"] == 2.0
    assert found[ids["empty"]]["best"] is None


def test_rows_hold_state_value_and_parameters_by_their_columns(client, ids, path):
    study = get(client, f"/api/studies/{ids['usual']}")
    answer = get(client, f"/api/studies/{ids['usual']}/trials")
    columns = [*study["columns"], *(f["name"] for f in study["fields"])]
    stored = ts.Study.open(path, study["name"])
    assert len(answer["rows"]) == 24
    for row, trial in zip(answer["rows"], stored.trials, strict=True):
        shown = dict(zip(columns, row, strict=True))
        assert (shown["number"], shown["state"]) == (trial.number, trial.state.value)
        assert shown["value"] == (None if trial.value is None else trial.value)
        assert shown["lr"] == trial.config["lr"]
        assert shown["huge"] == plain(trial.config["huge"])
        assert shown["momentum"] == trial.config.get("momentum")
        assert bool(shown["failure"]) == (trial.state is ts.State.FAILED)


def test_only_what_has_changed_is_sent_again(client, ids, path):
    base = f"/api/studies/{ids['usual']}"
    first = get(client, f"{base}/trials")
    assert first["is_whole"]
    known = {"since": first["mark"], "epoch": first["epoch"]}
    assert get(client, f"{base}/trials", **known)["rows"] == []
    study = ts.Study.open(path, get(client, base)["name"])
    study.note(3, "hm")
    trial = study.ask()
    time.sleep(0.25)  # several who look at once share a look
    more = get(client, f"{base}/trials", **known)
    assert [row[0] for row in more["rows"]] == [3, trial.number]
    assert not more["is_whole"]
    assert len(get(client, f"{base}/trials", since=known["since"], epoch="another")["rows"]) == 25


def test_a_trial_shows_all_that_is_known(client, ids):
    base = f"/api/studies/{ids['usual']}/trials"
    failed = next(row[0] for row in get(client, base)["rows"] if row[1] == "failed")
    shown = get(client, f"{base}/{failed}")
    assert shown["failure"]["traceback"] or shown["failure"]["kind"] == "nan"
    assert isinstance(shown["config"]["lr"], str)
    curve = get(client, f"/api/studies/{ids['curves']}/trials/0")
    assert [r[0] for r in curve["reports"]][:1] == [1]
    assert client.get(f"{base}/24").status_code == 404
    assert client.get(f"{base}/-1").status_code == 422


def test_failures_are_grouped_and_named(client, ids):
    causes = get(client, f"/api/studies/{ids['usual']}/failures")["causes"]
    assert {c["kind"] for c in causes} == {"error", "nan"}
    assert all(c["numbers"] and c["config"] for c in causes)


def test_what_is_missing_is_said_in_words(client, ids):
    for path, status in [
        ("/api/studies/999", 404),
        ("/api/studies/x", 422),
        ("/api/studies/999/importance", 404),
    ]:
        assert client.get(path).status_code == status
    assert "no study 999" in client.get("/api/studies/999").json()["error"]
    base = f"/api/studies/{ids['usual']}"
    for part in ("effect", "model"):
        wrong = client.get(f"{base}/{part}", params={"first": "lrr"})
        assert (wrong.status_code, "Did you mean 'lr'" in wrong.json()["error"]) == (422, True)
        assert client.get(f"{base}/{part}", params={"first": "lr", "second": "lr"}).status_code == 422
    assert client.get(f"{base}/expectation", params={"values": "[1]"}).status_code == 422
    assert client.get(f"{base}/expectation", params={"values": "[" * 5000}).status_code == 422


# -- a config of one's own ---------------------------------------------------------------------------------

TYPED = {"lr": "0.001", "layers": "3", "optimizer": "sgd", "momentum": "0.25", "huge": "7"}


def test_a_typed_config_is_judged_before_it_is_run(client, ids):
    base = f"/api/studies/{ids['usual']}/expectation"
    good = get(client, base, values=json.dumps(TYPED))
    assert good["active"] == ["lr", "layers", "optimizer", "momentum", "huge"]
    told = good["expectation"]
    assert told["run_low"] <= told["low"] <= told["value"] <= told["high"] <= told["run_high"]
    assert 0 <= told["gain"] <= told["success"] <= 1
    risky = get(client, base, values=json.dumps(TYPED | {"lr": "0.06"}))["expectation"]
    assert risky["success"] < told["success"]
    wrong = get(client, base, values=json.dumps(TYPED | {"lr": "7"}))
    assert (list(wrong["errors"]), wrong["expectation"]) == (["lr"], None)
    broken = get(client, base, values=json.dumps(TYPED | {"lr": "0.09"}))
    assert broken["broken"] == ["layers * lr < 0.2"]


def test_a_typed_config_goes_first_in_line_once(client, ids, path):
    base = f"/api/studies/{ids['usual']}"
    first = client.post(f"{base}/trials", json={"values": TYPED}).json()
    assert first == {"number": 24, "state": "waiting", "is_new": True}
    assert client.post(f"{base}/trials", json={"values": TYPED}).json()["number"] == 24
    study = ts.Study.open(path, get(client, base)["name"])
    assert study.trials[24].config == {
        "lr": 0.001,
        "layers": 3,
        "optimizer": "sgd",
        "momentum": 0.25,
        "huge": 7,
    }
    assert study.ask().number == 24
    for wrong in ({}, {"lr": "x"}, TYPED | {"lr": "0.09"}):
        answer = client.post(f"{base}/trials", json={"values": wrong})
        assert answer.status_code == 422
        assert answer.json()["error"]
    assert len(study.trials) == 25


def test_notes_are_kept(client, ids, path):
    base = f"/api/studies/{ids['usual']}/trials"
    assert client.put(f"{base}/2/note", json={"text": "größer <b>"}).status_code == 200
    assert client.put(f"{base}/99/note", json={"text": "x"}).status_code == 404
    assert client.put(f"{base}/2/note", json={"text": "x" * 10_001}).status_code == 422
    name = get(client, f"/api/studies/{ids['usual']}")["name"]
    assert ts.Study.open(path, name).trials[2].note == "größer <b>"


def test_pause_resume_and_stop_reach_the_store(client, ids, path):
    base, store = f"/api/studies/{ids['usual']}", open_store(path)
    for wish, told in [
        ("pause", (True, 0)),
        ("resume", (False, 0)),
        ("pause", (True, 0)),
        ("stop", (False, 1)),
    ]:
        assert client.put(f"{base}/control", json={"wish": wish}).json() == {
            "is_paused": told[0],
            "stops": told[1],
        }
        control = store.get_control(ids["usual"])
        assert (control.is_paused, control.stops) == told
    assert client.put(f"{base}/control", json={"wish": "explode"}).status_code == 422


def test_a_study_that_is_deleted_or_changed_while_it_is_watched_is_noticed(client, ids, path):
    base = f"/api/studies/{ids['one option']}"
    before = get(client, base)["pulse"]["epoch"]
    wider = ts.Space(c=ts.Choice(["a"]), x=ts.Float(0, 2))
    ts.Study(wider, store=path, name="one option")
    time.sleep(0.25)
    now = get(client, base)
    assert now["pulse"]["epoch"] != before
    assert now["fields"][1]["high"] == "2.0"
    open_store(path).delete_study("one option")
    time.sleep(0.25)
    assert client.get(base).status_code == 404


def test_numbers_that_javascript_cannot_hold_are_text():
    assert [plain(v) for v in (1, 2**53, 2**53 + 1, -(2**60), 0.1, math.nan, -math.inf, True, None)] == [
        1, 2**53, str(2**53 + 1), str(-(2**60)), 0.1, "nan", "-inf", True, None,
    ]  # fmt: skip
