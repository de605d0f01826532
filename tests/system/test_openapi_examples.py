"""Every example of /openapi.json is true: those of bodies and parameters are sent and do what they say, those of answers
are what the description itself calls an answer."""
import json
import urllib.parse

from lab import Lab
import openapi_check

# What has to come before, by the path: another body than the first example, and steps.
UNDER_WAY = {"content": {"title": "slowly"}, "audience": {"all": True}, "rate_per_second": 1, "launch": True}
SETTLED_AT_ONCE = {"content": {"title": "to nobody"}, "audience": {"device_ids": ["nobody"]}, "launch": True}
BEFORE = {"/v1/notifications/{id}/progress": (SETTLED_AT_ONCE, []),
          "/v1/notifications/{id}:pause": (UNDER_WAY, []),
          "/v1/notifications/{id}:resume": (UNDER_WAY, [":pause"]),
          "/v1/notifications/{id}:cancel": (UNDER_WAY, []),
          "/v1/applications/{application}:resume": (None, [":suspend"])}
# Examples that cannot go well here, with the status that they get instead.
WITHOUT_A_HOLD = 404  # holds come from a gateway that calls far too many tokens dead; system.gateway_trouble has them
WITHOUT_A_LETTER = 404  # system.supervision has them
EXPECTED = {"confirm_token_hold": WITHOUT_A_HOLD, "undo_token_hold": WITHOUT_A_HOLD, "requeue_dead_letter": WITHOUT_A_LETTER,
            "drop_dead_letter": WITHOUT_A_LETTER}

# Where a name can be taken once.
NAMED_ONCE = {("/v1/applications", "post"), ("/v1/credentials", "post")}

DEVICE = {"gateway": "fcm", "platform": "android"}


def examples_of(content):
    """(name, value) of a media type, parameter or schema."""
    for name, each in content.get("examples", {}).items() if isinstance(content.get("examples"), dict) else []:
        yield name, each["value"]
    if "example" in content:
        yield "example", content["example"]


def check_examples(described):
    """Every example is as its schema says."""
    count = 0

    def check(where, content, strict):
        nonlocal count
        for name, value in examples_of(content):
            if "x-line-schema" in content:
                faults = [fault for line in value.splitlines() for fault in described.faults(content["x-line-schema"], json.loads(line), strict)]
            else:
                faults = described.faults(content["schema"], value, strict)
            # A line of an import may be wrong on purpose: its result says so.
            assert not faults or "import_devices" in where, (where, name, faults)
            count += 1

    for path, method, operation, parameters in described.operations():
        where = f"{method} {path} {operation['operationId']}"
        for parameter in parameters:
            check(f"{where} {parameter['name']}", parameter, False)
        for kind, content in operation.get("requestBody", {}).get("content", {}).items():
            check(f"{where} {kind}", content, False)
        for status, response in operation["responses"].items():
            for kind, content in described.resolve(response).get("content", {}).items():
                check(f"{where} {status} {kind}", content, True)
    return count


class Sender:
    """Sends examples; what a POST to a list made is what a name in the path behind it means."""

    def __init__(self, node, described):
        self.node, self.described = node, described
        self.by_place = {(path, method): (operation, parameters) for path, method, operation, parameters in described.operations()}
        self.sent = 0

    def bodies(self, operation):
        contents = operation.get("requestBody", {}).get("content", {})
        found = [(kind, value) for kind, content in contents.items() for _, value in examples_of(content)]
        assert found or not contents, f"{operation['operationId']} has no example of its body"
        return found or [(None, None)]

    def send(self, path, method, operation, address, kind, body):
        if (path, method) in NAMED_ONCE:
            body = {**body, "name": f"{body['name']}-{self.sent}"}
        text = body if body is None or isinstance(body, str) else json.dumps(body)
        headers = {"Content-Type": kind} if kind else {}
        status, answer, _ = self.node.call(method.upper(), address, text.encode() if text else None, headers=headers)
        expected = EXPECTED.get(operation["operationId"])
        assert status == expected if expected else status < 300, (method, address, body, status, answer)
        self.sent += 1
        return answer

    def make(self, path, body=None):
        """What the path is about, made anew: the names that its placeholders take."""
        names = {}
        parts = path.split("{")
        for place in range(1, len(parts)):
            prefix = "{".join(parts[:place]).rstrip("/")
            name = parts[place].split("}")[0]
            resource = prefix + "/{" + name + "}"
            if (prefix, "post") in self.by_place:
                names[name] = self.create(prefix, name, names, body)
            elif (resource, "put") in self.by_place:
                operation, parameters = self.by_place[resource, "put"]
                kind, body = self.bodies(operation)[0]
                address, names[name] = self.address(resource, parameters, names), self.example(parameters, name)
                self.send(resource, "put", operation, address, kind, body)
        return names

    def create(self, path, name, names, body):
        operation, parameters = self.by_place[path, "post"]
        kind, first = self.bodies(operation)[0]
        answer = self.send(path, "post", operation, self.address(path, parameters, names), kind, body or first)
        return answer.get(name) or answer["id"]

    @staticmethod
    def example(parameters, name):
        return next(each["example"] for each in parameters if each["in"] == "path" and each["name"] == name)

    def address(self, path, parameters, names, query=False):
        for each in parameters:
            if each["in"] == "path":
                value = str(names.get(each["name"], each.get("example")))
                path = path.replace("{" + each["name"] + "}", urllib.parse.quote(value, safe=""))
        given = {each["name"]: each["example"] for each in parameters if each["in"] == "query" and "example" in each} if query else {}
        encoded = urllib.parse.urlencode({name: json.dumps(value) if isinstance(value, bool) else value for name, value in given.items()})
        return path + ("?" + encoded if encoded else "")

    def send_all(self, path, method):
        operation, parameters = self.by_place[path, method]
        for kind, body in self.bodies(operation):
            other_body, steps = BEFORE.get(path, (None, []))
            names = self.make(path, other_body)
            address = self.address(path, parameters, names)
            for verb in steps:
                earlier = path.rsplit(":", 1)[0] + verb
                self.send(earlier, "post", self.by_place[earlier, "post"][0], self.address(earlier, parameters, names), None, None)
            self.send(path, method, operation, address, kind, body)
            with_query = self.address(path, parameters, names, query=True)
            if with_query != address:
                self.send(path, method, operation, with_query, kind, body)


def check_the_check(node, described):
    """An answer that is not described is noticed."""
    status, text, headers = node.send("GET", "/readyz")
    described.check("GET", "/readyz", status, headers, text)
    for changed in [(418, headers, text), (status, {**headers, "Content-Type": "text/plain"}, text), (status, {}, text),
                    (status, headers, text[:-1] + ',"more":1}'), (status, headers, '{"status":"ready"}')]:
        try:
            described.check("GET", "/readyz", *changed)
        except AssertionError:
            continue
        raise AssertionError(f"this went unnoticed: {changed}")


def main():
    with Lab() as lab:
        node = lab.node(sections=lab.emulator.sections()).start()
        node.make_key("devices,send,read,admin")
        described = openapi_check.description_of(node)
        check_the_check(node, described)
        checked = check_examples(described)
        node.import_devices([{**DEVICE, "device_id": f"d-{i}", "push_token": f"token-{i}"} for i in range(100)])
        sender = Sender(node, described)
        # Whatever makes something comes first, so that lists are not empty.
        order = {"put": 0, "post": 1, "patch": 2, "get": 3, "delete": 4}
        for path, method in sorted(sender.by_place, key=lambda place: order[place[1]]):
            sender.send_all(path, method)
        print(f"{checked} examples are as described; {sender.sent} requests of {len(sender.by_place)} routes sent")
        assert node.stop() == 0


if __name__ == "__main__":
    main()
