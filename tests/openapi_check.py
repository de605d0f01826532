"""Holds answers of a node against its own description, /openapi.json.

`Description.check` fails when an answer's status, content type, headers or body is not described for the request that it
answers. Bodies are judged more strictly than clients should: a field that is not described is a fault here, so that the
description stays complete.
"""
import http.client
import json
import re

from jsonschema import Draft202012Validator

METHODS = ("get", "put", "post", "patch", "delete")
MOST_ITEMS = 40  # of a long list; the others are like them
# What the server itself may answer before it knows the route.
BEFORE_THE_ROUTE = {400, 404, 408, 413, 414, 415, 417, 429, 431, 501, 503, 505}


def closed(schema):
    """The schema, refusing fields that it does not name."""
    if isinstance(schema, list):
        return [closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    # A part that only adds to another is not the whole of an object.
    made = {name: value if name in ("if", "then", "else", "not", "allOf") else closed(value) for name, value in schema.items()}
    if isinstance(schema.get("properties"), dict) and "additionalProperties" not in schema and "type" in schema:
        made["additionalProperties"] = False
    return made


def sampled(body):
    if isinstance(body, dict) and isinstance(body.get("items"), list) and len(body["items"]) > MOST_ITEMS:
        items = body["items"]
        return {**body, "items": items[:MOST_ITEMS // 2] + items[::len(items) // (MOST_ITEMS // 2)]}
    return body


class Description:
    def __init__(self, document):
        self.document = document
        self.closed_components = closed(document["components"])
        self.validators = {}
        self.routes = [(self._pattern(path), path, item) for path, item in document["paths"].items()]
        self.routes.sort(key=lambda route: route[1].count("{"))

    @staticmethod
    def _pattern(path):
        # Clients choose the ids of devices and users, colons and all.
        taken = {"device_id": "[^/]+", "user_id": "[^/]+"}
        parts = re.split(r"\{(\w+)\}", path)
        return re.compile("".join(taken.get(part, "[^/:]+") if i % 2 else re.escape(part) for i, part in enumerate(parts)) + r"\Z")

    def resolve(self, value):
        while "$ref" in value:
            at = self.document
            for name in value["$ref"].split("/")[1:]:
                at = at[name.replace("~1", "/").replace("~0", "~")]
            value = at
        return value

    def operations(self):
        """(path, method, operation, parameters) of all routes."""
        for path, item in self.document["paths"].items():
            for method in METHODS:
                if method in item:
                    parameters = [self.resolve(each) for each in item.get("parameters", []) + item[method].get("parameters", [])]
                    yield path, method, item[method], parameters

    def find(self, path):
        """(path pattern, path item) of a request's path, or (None, None)."""
        bare = path.split("?")[0]
        for pattern, template, item in self.routes:
            if pattern.match(bare):
                return template, item
        return None, None

    def faults(self, schema, value, strict=True):
        """What of the value is not as the schema says."""
        key = (json.dumps(schema, sort_keys=True), strict)
        if key not in self.validators:
            components = self.closed_components if strict else self.document["components"]
            self.validators[key] = Draft202012Validator({**(closed(schema) if strict else schema), "components": components})
        return [f"{'/'.join(str(each) for each in fault.absolute_path)}: {fault.message[:300]}"
                for fault in self.validators[key].iter_errors(value)]

    def check(self, method, path, status, headers, text):
        """Fails when the answer is not one that the description gives for the request."""
        headers = {name.lower(): value for name, value in headers.items()}
        told = f"{method} {path} answered {status} {headers.get('content-type', '')} {text[:600]!r}"
        assert status != 500, f"a fault of the server: {told}"
        _, item = self.find(path)
        problem = self.document["components"]["responses"]["bad_request"]
        if item is None:
            assert status in BEFORE_THE_ROUTE, f"an answer at a path that is not described: {told}"
            return self._check_response(problem, method, headers, text, told)
        if method == "OPTIONS":
            return None
        operation = item.get("get" if method == "HEAD" else method.lower()) if method.isupper() else None
        if operation is None:
            assert status in BEFORE_THE_ROUTE | {405}, f"an answer to a method that is not described: {told}"
            assert status != 405 or headers.get("allow"), f"a 405 without Allow: {told}"
            return self._check_response(problem, method, headers, text, told)
        response = operation["responses"].get(str(status))
        assert response is not None, f"a status that is not described: {told}"
        return self._check_response(self.resolve(response), method, headers, text, told)

    def _check_response(self, response, method, headers, text, told):
        for name, header in response.get("headers", {}).items():
            header = self.resolve(header)
            value = headers.get(name.lower())
            assert value is not None or not header.get("required"), f"the header {name} is missing: {told}"
            if value is not None:
                typed = int(value) if header["schema"].get("type") == "integer" else value
                wrong = self.faults(header["schema"], typed)
                assert not wrong, f"the header {name}: {wrong}: {told}"
        contents = response.get("content", {})
        if method == "HEAD" or not contents:
            assert not text, f"a body that is not described: {told}"
            return
        kind = headers.get("content-type", "").split(";")[0]
        assert kind in contents, f"a content type that is not described: {told}"
        self._check_body(contents[kind], kind, text, told)

    def _check_body(self, content, kind, text, told):
        if "x-line-schema" in content:
            for line in sampled({"items": text.splitlines()})["items"]:
                wrong = self.faults(content["x-line-schema"], json.loads(line))
                assert not wrong, f"{wrong}\n{line}\n{told}"
        elif kind.endswith("json"):
            wrong = self.faults(content.get("schema", {}), sampled(json.loads(text)))
            assert not wrong, f"{wrong}\n{told}"


_known = {}


def description_of(node):
    """The description that this node's program gives; None while it cannot be asked."""
    if node.pusher not in _known:
        try:
            status, text, _ = node.send("GET", "/openapi.json")
        except (OSError, http.client.HTTPException):
            return None
        assert status != 500, f"the node cannot describe itself: {text}\n{node.log_tail()}"
        if status != 200:
            return None
        _known[node.pusher] = Description(json.loads(text))
    return _known[node.pusher]
