"""Random conditions over random devices: the engine's answer is that of an evaluator which shares no code with it.

PUSHER_SEED chooses other devices and conditions.
"""
import json
import os
import random
import time
from collections import Counter

from condition_oracle import NAMES, Maker, Oracle
from lab import Lab, until

SEED = int(os.environ.get("PUSHER_SEED", "1"))
DEVICES, CONDITIONS = 1500, 400


def search_all(node, condition, limit):
    found, cursor = [], None
    while True:
        body = {"condition": condition, "limit": limit, **({"cursor": cursor} if cursor else {})}
        status, page, _ = node.call("POST", "/v1/devices:search", body)
        assert status == 200, page
        found += [each["device_id"] for each in page["items"]]
        cursor = page["next_cursor"]
        if not cursor:
            return found


def explain(maker, node, devices, condition, expected):
    """The first device about which the two differ."""
    given = maker.json(condition)
    differing = set(search_all(node, given, 1000)) ^ set(expected)
    device = next((each for each in devices if each["device_id"] in differing), None)
    return f"seed {SEED}: {json.dumps(given, ensure_ascii=False)} differs for {json.dumps(maker.json(device))}"


def main():
    choose, now = random.Random(SEED), int(time.time() * 1000)
    maker = Maker(choose, now)
    oracle = Oracle(now, maker.segments)
    with Lab() as lab:
        node = lab.node().start()
        node.make_key()
        devices = [maker.device(number) for number in range(DEVICES)]
        refused = [line for line in node.import_devices([maker.json(each) for each in devices]) if line["status"] != 201]
        assert not refused, refused[:3]
        for number in range(5):
            condition = maker.condition(2)
            status, answer, _ = node.call("PUT", f"/v1/segments/s{number}", {"condition": maker.json(condition)})
            assert status == 201, answer
            maker.segments[f"s{number}"] = condition
        access, pairs, matched = Counter(), 0, 0
        for number in range(CONDITIONS):
            indexed = number >= CONDITIONS // 2
            if number == CONDITIONS // 2:
                status, answer, _ = node.call("PUT", "/v1/indexed-properties", {"names": NAMES[:8]})
                assert status == 200, answer
                until("the indexes to be built", lambda: all(
                    each["state"] == "ready" for each in node.call("GET", "/v1/indexed-properties")[1]["items"]))
            # An index is of use where a comparison is demanded.
            condition = {"all": [maker.leaf(), maker.condition(1)]} if indexed and number % 2 else maker.condition(
                choose.choice([0, 1, 2, 4]))
            expected = [each["device_id"] for each in devices if oracle.meets(each, condition)]
            status, answer, _ = node.call("POST", "/v1/devices:count", {"condition": maker.json(condition)})
            if status == 400 and answer["detail"].endswith("written out."):
                continue  # its segments are too much for the limits
            assert status == 200, (condition, answer)
            assert answer["count"] == len(expected), explain(maker, node, devices, condition, expected)
            if number % 10 == 0:
                assert search_all(node, maker.json(condition), 97) == expected, explain(maker, node, devices, condition,
                                                                                        expected)
            if number % 40 == 0 and expected:
                status, made, _ = node.call("POST", "/v1/notifications", {
                    "content": {"title": "t"}, "audience": {"condition": maker.json(condition)}, "launch": True})
                assert status == 201, made
                assert node.wait_completed(made["id"])["counts"]["audience"] == len(expected), condition
            access[answer["explain"]["access"]] += 1
            pairs, matched = pairs + DEVICES, matched + len(expected)
        print(f"{pairs} pairs, {matched / pairs:.0%} of them match, answered by {dict(access)}")
        assert pairs > 100_000 and 0.1 < matched / pairs < 0.9 and access["index"] > 5 and access["scan"] > 5
        assert node.stop() == 0


if __name__ == "__main__":
    main()
