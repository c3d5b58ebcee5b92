#!/usr/bin/python3
"""docs/schema/scenario.json is a JSON Schema, takes every example of docs/scenarios.md and refuses mistakes of shape."""
import json
import pathlib
import re
import sys

import jsonschema
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]


class Loader(yaml.SafeLoader):
    """Patterns are free: a tagged value is null to the schema."""


# YAML 1.2: only true and false are booleans; PyYAML reads the key `on` as one.
Loader.yaml_implicit_resolvers = {
    first: [(tag, what) for tag, what in resolvers if tag != "tag:yaml.org,2002:bool"] for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("^(true|false)$"), list("tf"))
Loader.add_multi_constructor("!", lambda loader, suffix, node: None)

MISTAKES = {
    "unknown key": "phxkit_scenario: 1\nactor: {}\nactors: {a: []}",
    "no version": "actors: {a: []}",
    "no actors": "phxkit_scenario: 1",
    "unknown step": "phxkit_scenario: 1\nactors: {a: [{psuh: {event: x}}]}",
    "two words": "phxkit_scenario: 1\nactors: {a: [{wait: 1s, leave: room}]}",
    "no unit": "phxkit_scenario: 1\nactors: {a: [{wait: 5}]}",
    "missing event": "phxkit_scenario: 1\nactors: {a: [{push: {on: room}}]}",
    "unknown step key": "phxkit_scenario: 1\nactors: {a: [{push: {event: x, paylod: 1}}]}",
    "bad pointer": "phxkit_scenario: 1\nactors: {a: [{expect: {event: x, capture: {id: id}}}]}",
    "nothing expected": "phxkit_scenario: 1\nactors: {a: [{expect: {on: room}}]}",
    "bad method": "phxkit_scenario: 1\nactors: {a: [{http: {url: /x, method: PSOT}}]}",
    "http url": "phxkit_scenario: 1\nurl: http://x\nactors: {a: []}",
}


def main():
    schema = json.loads((ROOT / "docs/schema/scenario.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    examples = re.findall(r"```yaml scenario\n(.*?)```", (ROOT / "docs/scenarios.md").read_text(), re.S)
    results = [(f"example {i}", validator.is_valid(yaml.load(text, Loader))) for i, text in enumerate(examples)]
    results += [(name, not validator.is_valid(yaml.load(text, Loader))) for name, text in MISTAKES.items()]
    failed = [name for name, good in results if not good]
    for name in failed:
        print(f"not ok {name}")
    print(f"{len(results) - len(failed)} passed, {len(failed)} failed, 0 skipped")
    return 1 if failed or not examples else 0


sys.exit(main())
