"""What the API tells of workflows that can be called: lists, schemas, checks, and its own document."""

from __future__ import annotations

import json
import re
from dataclasses import fields
from typing import Any

import pytest
from aiohttp import ClientSession
from jsonschema import Draft202012Validator, ValidationError, validate

from server.workflows.call_schemas import FunctionDeclaration, FunctionInput, FunctionOutput
from tests.server.conftest import get
from tests.server.workflows import ask, at, commit, create, document, flipping, function, publish, thumbnail
from workflows.functions import Function, Input, Output


def named(found: dict[str, Any], name: str) -> list[dict[str, Any]]:
    return [one for one in found["functions"] if one["name"] == name]


def test_the_models_say_all_that_a_declaration_can() -> None:
    for model, kind in ((FunctionInput, Input), (FunctionOutput, Output), (FunctionDeclaration, Function)):
        assert set(model.model_fields) == {field.name for field in fields(kind)}


async def test_released_functions_are_listed_by_their_newest_release(http: ClientSession) -> None:
    made = await publish(http, "Listed", function(description="Over and over."), thumbnail=thumbnail())
    await create(http, "Not released", function())
    await publish(http, "No function", document())
    found = await get(http, "/api/v1/functions")
    (entry,) = named(found, "Listed")
    assert (entry["release"], entry["version"]) == ("1.0.0", made["id"])
    assert entry["class_type"] == "workflow/Listed@1.0.0" and entry["problem"] is None
    assert (entry["title"], entry["description"]) == ("Say it again", "Over and over.")
    assert [one["name"] for one in entry["inputs"]] == ["text", "count", "seed"]
    assert entry["thumbnail"] == made["thumbnail"]
    assert not named(found, "Not released") and not named(found, "No function")


async def test_what_the_nodes_say_completes_the_declaration(http: ClientSession) -> None:
    await publish(http, "Completed", function())
    record = await get(http, "/api/v1/functions/Completed")
    text, count, seed = record["function"]["inputs"]
    assert (text["type"], text["default"]) == ("STRING", "ho")
    assert (count["min"], count["max"], count["default"]) == (1, 10, 2)
    assert seed["seed"] is True


async def test_the_schema_takes_what_a_call_takes_and_nothing_else(http: ClientSession) -> None:
    await publish(http, "Described", function())
    schema = (await get(http, "/api/v1/functions/Described"))["schema"]
    Draft202012Validator.check_schema(schema)
    for good in ({}, {"text": "x", "count": 10, "seed": "random"}):
        validate(good, schema, Draft202012Validator)
    for bad in ({"count": 11}, {"count": 0}, {"text": 1}, {"other": 1}):
        with pytest.raises(ValidationError):
            validate(bad, schema, Draft202012Validator)
        await ask(http, "POST", at("Described", "run"), bad, 422)


async def test_any_version_can_be_asked_for(http: ClientSession) -> None:
    first = await publish(http, "Both", function())
    longer = function(title="Longer")
    await commit(http, "Both", longer, first["id"])
    assert (await get(http, "/api/v1/functions/Both"))["release"] == "1.0.0"
    newest = await get(http, "/api/v1/functions/Both@main")
    assert newest["function"]["title"] == "Longer"
    assert newest["release"] is newest["class_type"] is None
    await get(http, "/api/v1/functions/Neither", 404)


async def test_a_function_whose_nodes_are_missing_is_listed_with_its_problem(http: ClientSession) -> None:
    lost = function()
    lost["prompt"]["1"]["class_type"] = "NoSuchNode"
    await publish(http, "Lost", lost)
    (entry,) = named(await get(http, "/api/v1/functions"), "Lost")
    assert "NoSuchNode" in entry["problem"]
    assert [one["name"] for one in entry["inputs"]] == ["text", "count", "seed"]
    assert (await ask(http, "POST", at("Lost", "run"), {}, 409))["error"]["code"] == "not_callable"


async def test_a_declaration_is_checked_before_it_is_published(http: ClientSession) -> None:
    good = await ask(http, "POST", "/api/v1/functions/check", {"document": function()})
    assert good["problems"] == [] and good["function"]["inputs"][1]["max"] == 10
    wide = function()
    declared = wide["extra"]["darkroom"]["function"]
    declared["inputs"][1]["max"] = 1000
    declared["inputs"][0]["targets"][0]["node"] = "9"
    checked = await ask(http, "POST", "/api/v1/functions/check", {"document": wide})
    assert {problem["where"].split(".")[1] for problem in checked["problems"]} == {"text", "count"}
    nothing = await ask(http, "POST", "/api/v1/functions/check", {"document": document()})
    assert nothing["function"] is None and nothing["problems"]


async def test_what_would_break_callers_needs_a_major_release(http: ClientSession) -> None:
    first = await publish(http, "Grown", function())
    fewer = function()
    del fewer["extra"]["darkroom"]["function"]["inputs"][2]
    await commit(http, "Grown", fewer, first["id"])
    check = await ask(http, "POST", at("Grown", "releases", "check"), {"version": "main"})
    assert (check["smallest"], check["level"], check["previous"]) == ("2.0.0", "major", "1.0.0")
    assert any("seed" in reason for reason in check["reasons"])
    refused = await ask(http, "POST", at("Grown", "releases"), {"version": "main", "number": "1.1.0"}, 409)
    assert refused["error"]["code"] == "needs_major" and refused["smallest"] == "2.0.0"
    assert any("seed" in reason for reason in refused["reasons"])
    made = await ask(http, "POST", at("Grown", "releases"), {"version": "main", "notes": "No seed."})
    assert (made["number"], made["notes"]) == ("2.0.0", "No seed.")
    again = await ask(http, "POST", at("Grown", "releases"), {"version": "#1", "number": "2.0.0"}, 409)
    assert again["error"]["code"] == "release_exists"


async def test_the_api_document_has_an_entry_for_each_function(http: ClientSession) -> None:
    await publish(http, "In the document", function())
    await publish(http, "With a picture", flipping())
    api = await get(http, "/api/v1/openapi.json")
    entry = api["paths"]["/api/v1/workflows/In%20the%20document/run"]["post"]
    content = entry["requestBody"]["content"]
    assert content["application/json"]["schema"]["properties"]["count"]["maximum"] == 10
    done = entry["responses"]["200"]["content"]["application/json"]["schema"]
    assert done["allOf"][1]["properties"]["outputs"]["properties"]["said"] == {"type": "string"}
    form = api["paths"]["/api/v1/workflows/With%20a%20picture/run"]["post"]["requestBody"]["content"]
    sent = form["multipart/form-data"]["schema"]["properties"]["picture"]
    assert sent["contentMediaType"] == "application/octet-stream"
    known = api["components"]["schemas"]
    for path in api["paths"].values():
        for operation in path.values():
            assert operation["operationId"]
            for name in re.findall(r'"#/components/schemas/(\w+)"', json.dumps(operation)):
                assert name in known
    ids = [operation["operationId"] for path in api["paths"].values() for operation in path.values()]
    assert len(ids) == len(set(ids))
