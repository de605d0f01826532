"""A node with 10,000, 100,000 and 1,000,000 devices: import by HTTP, counts, an export, a notification, and its memory.

python3 bench/node_memory.py [SIZES], with PUSHER_BUILD_DIR and PYTHONPATH as for the system tests.
"""
import http.client
import json
import sys
import time

from lab import Lab, until


def lines(begin, end):
    for number in range(begin, end):
        yield (json.dumps({
            "device_id": f"d-{number}", "gateway": "fcm", "platform": "android",
            "push_token": f"token-{number}-" + "x" * 130, "user_id": f"u-{number // 2}", "locale": "en-US",
            "app_version": "3.1.0",
            "properties": {"plan": "pro" if number % 2 else "free", "level": number * 7919 % 100,
                           "coupon": f"c{number * 7919 % 10000}", "country": f"l{number % 200}", "beta": True,
                           "tags": ["eu", f"t{number % 50}"]}}) + "\n").encode()


def import_range(node, begin, end):
    connection = http.client.HTTPConnection("127.0.0.1", node.port, timeout=3600)
    started = time.monotonic()
    connection.request("POST", "/v1/devices:import", body=lines(begin, end), encode_chunked=True,
                       headers={"Authorization": f"Bearer {node.key}", "Transfer-Encoding": "chunked"})
    answer = connection.getresponse()
    stored = sum(b'"status":201' in line for line in answer)
    assert stored == end - begin, stored
    return (end - begin) / (time.monotonic() - started)


def export(node):
    connection = http.client.HTTPConnection("127.0.0.1", node.port, timeout=3600)
    started = time.monotonic()
    connection.request("GET", "/v1/devices:export", headers={"Authorization": f"Bearer {node.key}"})
    answer = connection.getresponse()
    count = 0
    while True:
        piece = answer.read(1 << 20)
        if not piece:
            return count / (time.monotonic() - started)
        count += piece.count(b"\n")


def count(node, condition):
    started = time.monotonic()
    status, answer, _ = node.call("POST", "/v1/devices:count", {"condition": condition}, timeout=600)
    assert status == 200, answer
    return answer["count"], time.monotonic() - started


def main():
    sizes = [int(each) for each in sys.argv[1].split(",")] if len(sys.argv) > 1 else [10_000, 100_000, 1_000_000]
    with Lab() as lab:
        node = lab.node(sections={"embedded": {"buffer_pool": "2G", "maxmemory": "2G"}}).start()
        node.make_key()
        present = 0
        for size in sizes:
            imported = import_range(node, present, size)
            present = size
            half, took = count(node, {"property": "plan", "eq": "pro"})
            exported = export(node)
            before = time.monotonic()
            status, made, _ = node.call("POST", "/v1/notifications", {
                "content": {"title": "t"}, "audience": {"condition": {"property": "plan", "eq": "pro"}}, "launch": True})
            assert status == 201, made
            done = node.wait_completed(made["id"], 600)
            pushed = time.monotonic() - before
            assert done["counts"]["accepted"] == half, done["counts"]
            print(f"{size} devices: imported {imported:.0f}/s, count {size / took:.0f}/s, export {exported:.0f}/s, "
                  f"{half / pushed:.0f} pushes/s, resident {node.resident_bytes() / 2**20:.1f} MiB", flush=True)
        status, answer, _ = node.call("PUT", "/v1/indexed-properties", {"names": ["coupon"]})
        assert status == 200, answer
        begun = time.monotonic()
        until("the index to be built", lambda: node.call("GET", "/v1/indexed-properties")[1]["items"][0]["state"] == "ready",
              600)
        built = time.monotonic() - begun
        count(node, {"property": "coupon", "eq": "c77"})
        found, took = count(node, {"property": "coupon", "eq": "c78"})
        print(f"index built in {built:.1f} s; {found} of {present} found in {took * 1000:.1f} ms by HTTP; "
              f"resident {node.resident_bytes() / 2**20:.1f} MiB")
        assert node.stop() == 0


if __name__ == "__main__":
    main()
