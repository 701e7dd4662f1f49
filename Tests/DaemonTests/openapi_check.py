"""Judges an OpenAPI document: that it is valid, and that each example in it fits its schema."""

import json
import sys
import urllib.request

from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

with urllib.request.urlopen(sys.argv[1]) as answer:
    document = json.load(answer)

problems = [f"{'/'.join(map(str, e.absolute_path))}: {e.message}" for e in OpenAPIV31SpecValidator(document).iter_errors()]


def judge(place, schema, example):
    # References point into the document, so the schema is judged inside it.
    validator = Draft202012Validator({"components": document["components"], "allOf": [schema]})
    problems.extend(f"{place}: {e.json_path}: {e.message}" for e in validator.iter_errors(example))


examples = 0
for path, methods in document["paths"].items():
    for method, operation in methods.items():
        for parameter in operation.get("parameters", []):
            judge(f"{method} {path} {parameter['name']}", parameter["schema"], parameter["example"])
            examples += 1
        bodies = [("body", operation.get("requestBody", {}))] + list(operation["responses"].items())
        for name, body in bodies:
            for content in body.get("content", {}).values():
                if "schema" in content:
                    judge(f"{method} {path} {name}", content["schema"], content["example"])
                    examples += 1
if examples < 30:
    problems.append(f"only {examples} examples")
print("\n".join(problems) or f"valid; {examples} examples fit")
sys.exit(1 if problems else 0)
