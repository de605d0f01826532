"""Entity tags: nobody overwrites a change that he has not seen, and nobody is sent what he has already."""
import json
import threading

from lab import Lab

NOTE = {"content": {"title": "hello"}, "audience": {"device_ids": ["d-1"]}}


def if_match(tag):
    return {"If-Match": tag}


def lost_updates(node, path, change):
    """Of many who change the same version at once one does it, and the others are told."""
    tag = node.call("GET", path)[2]["ETag"]
    statuses = []

    def attempt(number):
        method, body = change(number)
        statuses.append(node.call(method, path, body, headers=if_match(tag))[0])
    threads = [threading.Thread(target=attempt, args=(number,)) for number in range(12)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sorted(statuses) == [200] + [412] * 11, statuses


def common(node, path, change):
    """What holds for every resource with a tag. `change` gives the method and body of a change."""
    status, body, headers = node.call("GET", path)
    tag = headers["ETag"]
    assert status == 200 and tag.startswith('"') and tag.endswith('"'), headers
    for known in (tag, f'"other", {tag}', "*", f"W/{tag}", tag[:-1] + '-gzip"'):
        status, nothing, headers = node.call("GET", path, headers={"If-None-Match": known})
        assert (status, nothing, headers["ETag"]) == (304, None, tag), (known, status, nothing)
        assert "Content-Type" not in headers, headers
    for unknown in ('"other"', "nonsense", '"'):
        assert node.call("GET", path, headers={"If-None-Match": unknown})[1] == body, unknown
    packed = node.send("HEAD", path, headers={"Authorization": f"Bearer {node.key}", "Accept-Encoding": "gzip"})[2]
    assert packed["ETag"] in (tag, tag[:-1] + '-gzip"'), packed
    for stale in ('"other"', f"W/{tag}", "nonsense", '"1"'):
        method, patch = change(0)
        status, problem, _ = node.call(method, path, patch, headers=if_match(stale))
        assert (status, problem["code"]) == (412, "precondition_failed"), (stale, problem)
        status, problem, _ = node.call("DELETE", path, headers=if_match(stale))
        assert status == 412, problem
    assert node.call("GET", path)[1] == body, "a refused change changed something"
    lost_updates(node, path, change)
    now = node.call("GET", path)[2]["ETag"]
    assert now != tag
    method, patch = change(100)
    status, _, headers = node.call(method, path, patch, headers=if_match(f'"other", {now}'))
    assert status == 200 and headers["ETag"] == node.call("GET", path)[2]["ETag"] != now, headers
    assert node.call("DELETE", path, headers=if_match(now))[0] == 412
    assert node.call("DELETE", path, headers=if_match(headers["ETag"]))[0] == 204
    assert node.call("GET", path)[0] == 404


def notifications(node):
    status, made, headers = node.call("POST", "/v1/notifications", NOTE)
    path = f"/v1/notifications/{made['id']}"
    assert headers["ETag"] == node.call("GET", path)[2]["ETag"]
    common(node, path, lambda number: ("PATCH", {"content": {"body": f"text {number}"}}))
    # Counts move on while the version stays: what was sent meanwhile is shown, and hinders nobody.
    made = node.call("POST", "/v1/notifications", NOTE)[1]
    path = f"/v1/notifications/{made['id']}"
    status, launched, headers = node.call("POST", path + ":launch")
    assert status == 202, launched
    node.wait_completed(made["id"])
    status, body, now = node.call("GET", path, headers={"If-None-Match": headers["ETag"]})
    assert status == 200 and body["state"] == "completed", (status, body)
    version = json.loads(now["ETag"]).split(".")[0]
    assert version == json.loads(headers["ETag"]).split(".")[0]
    assert node.call("DELETE", path, headers=if_match(headers["ETag"]))[0] == 204


def segments(node):
    path = "/v1/segments/tagged"
    body = {"condition": {"property": "plan", "eq": "pro"}}
    assert node.call("PUT", path, body, headers=if_match("*"))[0] == 412
    status, _, headers = node.call("PUT", path, body, headers={"If-None-Match": "*"})
    assert status == 201 and headers["ETag"] == node.call("GET", path)[2]["ETag"]
    assert node.call("PUT", path, body, headers={"If-None-Match": "*"})[0] == 412
    common(node, path, lambda number: ("PUT", {"condition": {"property": "plan", "eq": number}}))
    assert node.call("DELETE", path, headers=if_match("*"))[0] in (404, 412)


def main():
    with Lab() as lab:
        node = lab.node().start()
        node.make_key()
        assert node.call("PUT", "/v1/devices/d-1", {"gateway": "fcm", "platform": "android", "push_token": "token-1"})[0] == 201
        notifications(node)
        segments(node)
        for path in ("/openapi.json", "/docs"):
            tag = node.call("GET", path)[2]["ETag"]
            status, body, _ = node.call("GET", path, headers={"If-None-Match": tag})
            assert (status, body) == (304, None), (path, status)
        assert node.stop() == 0


if __name__ == "__main__":
    main()
