"""Validates pods (JSON on stdin: [{pod, versions}]) against the strict schemas; prints the complaints as JSON.

kubernetes_validate.validate() reads the schemas anew for every object; here each version is read once.
"""

import json
import sys

import jsonschema
from kubernetes_validate import utils
from referencing import Registry, Resource


def validator(version):
    folder = f"kubernetes-json-schema/v{version}.0-local-strict"
    schema = utils.schema_contents(f"{folder}/pod-v1.json", version)
    definitions = utils.schema_contents(f"{folder}/_definitions.json", version)
    registry = Resource.from_contents(definitions) @ (Resource.from_contents(schema) @ Registry())
    return jsonschema.validators.Draft202012Validator(schema, registry=registry)


checked = json.load(sys.stdin)
validators = {version: validator(version) for version in {v for each in checked for v in each["versions"]}}
complaints = [
    f"{version}: pod {index}: {'.'.join(map(str, error.path))}: {error.message}"
    for index, each in enumerate(checked)
    for version in each["versions"]
    for error in validators[version].iter_errors(each["pod"])
]
json.dump(complaints, sys.stdout)
