"""Checks an API's answers against the OpenAPI document that it serves"""

import re

# JSON Schema as far as the document uses it: whatever else stands in a schema is an error here.
KEYWORDS = {"$ref", "type", "properties", "required", "additionalProperties", "items", "enum", "pattern", "description"}
TYPES = {"object": dict, "array": list, "string": str, "integer": int, "boolean": bool, "null": type(None)}


class Document:
    def __init__(self, document):
        self.document = document
        self.schemas = document["components"]["schemas"]
        self.problems = {kind["code"]: kind for kind in document["components"]["x-problems"]}
        self.routes = []
        for path, operations in document["paths"].items():
            pattern = re.compile(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(path)))
            for method, operation in operations.items():
                self.routes.append((method.upper(), path, pattern, operation))

    def find(self, method, path):
        """The operation that a request goes to; None if there is none. Text goes before {name}."""
        path = path.split("?")[0]
        method = "GET" if method == "HEAD" else method
        fits = [(route[1].count("{"), route[3]) for route in self.routes
                if route[0] == method and route[2].fullmatch(path)]
        return min(fits, key=lambda fit: fit[0])[1] if fits else None

    def check_request(self, method, path, body):
        """Of a request that was taken: all that it said has to be documented."""
        operation = self.find(method, path)
        names = {one["name"] for one in operation["parameters"] if one["in"] == "query"}
        for member in filter(None, path.partition("?")[2].split("&")):
            assert member.split("=")[0] in names, f"{method} {path}: an undocumented member of the query"
        if isinstance(body, dict):
            self.check(self.schema_in(operation["requestBody"]["content"], "application/json"), body, method + path)

    def check_answer(self, method, path, answer):
        where = f"{method} {path.split('?')[0]} {answer.status}"
        operation = self.find(method, path)
        if answer.status >= 400:
            assert operation or answer.status in (400, 404, 405, 414), f"{where}: undocumented"
            self.check_problem(answer, where)
            return
        assert operation, f"{where}: undocumented"
        documented = operation["responses"].get(str(answer.status))
        assert documented, f"{where}: an undocumented status"
        content = documented.get("content")
        if method == "HEAD" or not content:
            assert answer.body == b"", f"{where}: an undocumented body"
            return
        kind = answer.headers["content-type"].split(";")[0]
        assert kind in content, f"{where}: an undocumented {kind}"
        if kind == "application/json":
            self.check(self.schema_in(content, kind), answer.json, where)

    def check_problem(self, answer, where):
        assert answer.headers["content-type"] == "application/problem+json", where
        self.check({"$ref": "#/components/schemas/Problem"}, answer.json, where)
        kind = self.problems.get(answer.json["code"])
        assert kind, f"{where}: an undocumented code {answer.json['code']}"
        assert answer.json["status"] == answer.status == kind["status"], f"{where}: {answer.json}"
        assert answer.json["type"] == "urn:fristad:problem:" + kind["code"], where
        assert answer.json["title"] == kind["title"], where

    @staticmethod
    def schema_in(content, kind):
        return content[kind]["schema"]

    def check(self, schema, value, where):
        assert set(schema) <= KEYWORDS, f"{where}: an unknown keyword of JSON Schema: {set(schema) - KEYWORDS}"
        if "$ref" in schema:
            self.check(self.schemas[schema["$ref"].removeprefix("#/components/schemas/")], value, where)
            return
        types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
        fits = isinstance(value, tuple(TYPES[one] for one in types))
        # Python's true is a 1.
        assert fits and not (isinstance(value, bool) and "boolean" not in types), f"{where}: {value!r} is no {types}"
        if "enum" in schema:
            assert value in schema["enum"], f"{where}: {value!r} is none of {schema['enum']}"
        if "pattern" in schema:
            assert re.search(schema["pattern"], value), f"{where}: {value!r} doesn't look like {schema['pattern']}"
        if isinstance(value, list):
            for i, item in enumerate(value):
                self.check(schema["items"], item, f"{where}[{i}]")
        if isinstance(value, dict) and "properties" in schema:
            missing = set(schema.get("required", ())) - set(value)
            assert not missing, f"{where}: lacks {missing}"
            for name, member in value.items():
                assert name in schema["properties"], f"{where}: an undocumented member {name}"
                self.check(schema["properties"][name], member, f"{where}.{name}")
