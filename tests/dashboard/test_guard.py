"""Who may call: hosts, origins, tokens; decided from the head of a request, and on every answer's head."""

import pytest
from fastapi.testclient import TestClient

from tunesmith.dashboard.app import make_app
from tunesmith.dashboard.guard import HEADERS, TOKEN_HEADER, Rules

HERE = {"host": "127.0.0.1:8787"}
MINE = {TOKEN_HEADER: "secret"}


def status(rules: Rules, method: str, path: str = "/api/studies", **headers: str) -> int:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    refusal = rules.refuse(method, path, HERE | named)
    return 200 if refusal is None else refusal.status


@pytest.fixture
def local() -> Rules:
    return Rules("secret", "127.0.0.1")


@pytest.fixture
def open_to_all() -> Rules:
    return Rules("secret", "0.0.0.0")


def test_on_this_machine_reading_is_free_and_changing_needs_the_token(local):
    assert status(local, "GET") == 200
    assert status(local, "HEAD") == 200
    for method in ("POST", "PUT", "PATCH", "DELETE", "OPTIONS", "get"):
        assert status(local, method) == 401
        assert status(local, method, **{TOKEN_HEADER: "secret"}) == 200
        assert status(local, method, **{TOKEN_HEADER: "Secret"}) == 401
        assert status(local, method, **{TOKEN_HEADER: "größer"}) == 401


def test_beyond_this_machine_reading_needs_the_token_too(open_to_all):
    assert status(open_to_all, "GET", host="10.0.0.2:8787") == 401
    assert status(open_to_all, "GET", host="10.0.0.2:8787", **MINE) == 200
    assert status(open_to_all, "GET", "/", host="10.0.0.2:8787") == 200  # the page itself says nothing
    assert status(open_to_all, "POST", "/", host="10.0.0.2:8787", **MINE) == 405


@pytest.mark.parametrize("host", ["127.0.0.1:8787", "localhost:8787", "LOCALHOST", "[::1]:8787", "127.0.0.2"])
def test_names_of_this_machine_are_known(local, host):
    assert status(local, "GET", host=host) == 200


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:8787", "localhost.evil.example", "10.0.0.2", "", "127.0.0.1.nip.io"],
)
def test_a_name_that_was_rebound_to_this_machine_is_refused_for_the_page_too(local, host):
    assert status(local, "GET", host=host, **MINE) == 421
    assert status(local, "GET", "/", host=host) == 421


def test_a_server_for_others_is_known_by_any_address_and_by_no_foreign_name(open_to_all):
    assert status(open_to_all, "GET", host="[2001:db8::1]:8787", **MINE) == 200
    assert status(open_to_all, "GET", host="evil.example", **MINE) == 421
    assert status(Rules("secret", "gpu-box"), "GET", host="gpu-box:8787", **MINE) == 200


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "http://localhost:8787", "http://127.0.0.1:9999", ""]
)
def test_another_sites_page_may_not_call_even_with_the_token(local, origin):
    assert status(local, "PUT", origin=origin, **MINE) == 403
    assert status(local, "GET", origin=origin) == 403


def test_the_page_itself_may_call(local):
    assert status(local, "PUT", origin="http://127.0.0.1:8787", sec_fetch_site="same-origin", **MINE) == 200
    assert status(local, "GET", sec_fetch_site="none") == 200
    for site in ("cross-site", "same-site"):
        assert status(local, "GET", sec_fetch_site=site) == 403


def test_every_answer_has_the_headers_and_none_lets_other_sites_read(client: TestClient):
    for path in ("/", "/api/studies", "/api/nothing", "/static/js/main.js", "/plotly.js", "/api/studies/999"):
        head = client.get(path).headers
        assert {name: head[name] for name in HEADERS} == HEADERS
        assert "access-control-allow-origin" not in head
        assert (head.get("cache-control") == "no-store") == path.startswith("/api/")
    assert "unsafe-inline" not in HEADERS["content-security-policy"].split("style-src")[0]


def test_refused_requests_change_nothing_and_say_why(path: str):
    with TestClient(make_app(path, "secret"), base_url="http://127.0.0.1:8787") as stranger:
        before = stranger.get("/api/studies").json()
        for head in ({}, {"origin": "http://evil.example", **MINE}, {TOKEN_HEADER: "guess"}):
            answer = stranger.put("/api/studies/1/control", json={"wish": "pause"}, headers=head)
            assert answer.status_code in (401, 403)
            assert answer.json()["error"]
        preflight = stranger.options(
            "/api/studies/1/control", headers={"origin": "http://evil.example", **MINE}
        )
        assert preflight.status_code == 403
        assert stranger.get("/api/studies").json() == before


def test_a_form_of_another_site_cannot_pass_for_json(client: TestClient):
    answer = client.put(
        "/api/studies/1/control", content=b'{"wish":"pause"}', headers={"content-type": "text/plain"}
    )
    assert answer.status_code == 422
    assert not any(s["is_paused"] for s in client.get("/api/studies").json()["studies"])
