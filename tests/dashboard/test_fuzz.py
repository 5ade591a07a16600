"""The API, fuzzed against its own description: nothing that anybody sends makes it fail."""

from collections.abc import Iterator

import hypothesis
import pytest
import schemathesis
from fastapi.testclient import TestClient
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.schemas import BaseSchema

import tunesmith as ts
from tunesmith.dashboard.app import make_app
from tunesmith.dashboard.guard import TOKEN_HEADER

HEAD = {TOKEN_HEADER: "token", "host": "127.0.0.1"}


OPERATIONS = (
    *("GET /api/studies", "GET /api/studies/{study_id}", "GET /api/studies/{study_id}/trials"),
    *("GET /api/studies/{study_id}/trials/{number}", "GET /api/studies/{study_id}/failures"),
    *("GET /api/studies/{study_id}/workers", "GET /api/studies/{study_id}/figures/{kind}"),
    *("GET /api/studies/{study_id}/importance", "GET /api/studies/{study_id}/effect"),
    *("GET /api/studies/{study_id}/advice", "GET /api/studies/{study_id}/forecast"),
    *("GET /api/studies/{study_id}/model", "GET /api/studies/{study_id}/expectation"),
    *("POST /api/studies/{study_id}/trials", "PUT /api/studies/{study_id}/trials/{number}/note"),
    "PUT /api/studies/{study_id}/control",
)


@pytest.fixture(scope="module")
def schema(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BaseSchema]:
    path = str(tmp_path_factory.mktemp("fuzz") / "tune.db")
    space = ts.Space(x=ts.Float(0, 1), c=ts.Choice(["a", "b"]), y=ts.Int(0, 9, when={"c": "b"}))
    study = ts.Study(space, store=path, name="default", method="sobol", seed=0)
    study.run(lambda c: c["x"], trials=4, progress=False)
    app = make_app(path, "token")
    with TestClient(app):  # so that what the application started is ended
        yield schemathesis.openapi.from_asgi("/api/openapi.json", app, headers=HEAD)


def test_every_operation_is_fuzzed(schema: BaseSchema) -> None:
    described = {found.ok().label for found in schema.get_all_operations()}
    assert described == {*OPERATIONS, "GET /api/studies/{study_id}/events"}  # has no end: test_live.py


@pytest.mark.parametrize("label", OPERATIONS)
def test_nothing_that_is_sent_makes_it_fail(schema: BaseSchema, label: str) -> None:
    operation = next(o for o in (found.ok() for found in schema.get_all_operations()) if o.label == label)
    known = st.sampled_from(
        ["x", "c", "y", None]
    )  # most often the study that there is, and a parameter of it
    modes = [GenerationMode.POSITIVE, GenerationMode.NEGATIVE]
    cases = st.one_of(*(operation.as_strategy(generation_mode=mode) for mode in modes))

    statuses = set()

    @hypothesis.settings(
        max_examples=20, deadline=None, derandomize=True, suppress_health_check=list(hypothesis.HealthCheck)
    )
    @hypothesis.given(cases, known)
    def send(case: schemathesis.Case, name: str | None) -> None:
        if name is not None:
            case.path_parameters |= {k: 1 for k in ("study_id", "number") if k in case.path_parameters}
            case.query |= {"first": name} if "first" in case.query else {}
        answer = case.call(headers=HEAD)
        case.validate_response(answer, checks=[not_a_server_error])
        statuses.add(answer.status_code)
        assert answer.status_code < 500
        assert answer.headers["content-type"][0].startswith("application/json")

    send()
    assert statuses & {200, 422}  # it came as far as the routes
