"""Every device gets the notification in its own words: its locale's, with its values, through every gateway; and what
values make too large is shortened, or refused, and never sent."""
import json

from invariants import check_counts
from lab import Lab, until

GATEWAYS = ("fcm", "apns", "webpush", "hms")
HOSTILE = "\"},\"x\":{\\\r\nX-Injected: 1\u202e\U0001f680{{properties.name}}"


def words(gateway, body):
    """(title, body, deep_link, data["k"]) of what arrived."""
    if gateway == "apns":
        alert = body["aps"]["alert"]
        return alert["title"], alert["body"], body["deep_link"], body["k"]
    shown = body["notification"]
    data = json.loads(body["data"]) if gateway == "hms" else body["data"]
    return shown["title"], shown["body"], data.get("deep_link"), data["k"]


def launched(node, content, audience, count, **more):
    status, made, _ = node.call("POST", "/v1/notifications", {"content": content, "audience": audience, "launch": True, **more})
    assert status == 201, made
    node.wait_completed(made["id"], 60)
    return check_counts(node, made["id"], count)


def arrived(emulator, since, count):
    return until("the pushes", lambda: (lambda rows: rows[since:] if len(rows) >= since + count else None)(emulator.bodies()))


def own_words(node, emulator):
    people = [("ko-KR", "김"), ("ko_KP", "리"), ("KO", HOSTILE), ("fr-FR", "é"), (None, None), ("zh-Hant-TW", "")]
    devices = []
    for gateway in GATEWAYS:
        for number, (locale, name) in enumerate(people):
            devices.append(emulator.device(gateway, f"words-{number}", properties={
                **({"name": name} if name is not None else {}), "level": 7, "vip": True, "tags": ["a", "b"]},
                **({"locale": locale} if locale else {})))
    assert all(row["status"] == 201 for row in node.import_devices(devices))
    content = {"title": "Hello {{properties.name | you}}", "body": "{{properties.level}}/{{properties.vip}}/{{properties.tags}}",
               "deep_link": "https://shop.example/?who={{properties.name|nobody}}", "data": {"k": "{{device.locale | none}}"},
               "localizations": {"ko": {"title": "{{properties.name | 고객}}님"}, "ko_kr": {"body": "서울"}, "zh-hant": {"data": {"k": "繁"}}}}
    before = len(emulator.bodies())
    rows = launched(node, content, {"all": True}, len(devices))
    assert all(row["outcome"] == "accepted" for row in rows.values()), rows
    pushes = arrived(emulator, before, len(devices))
    assert len(pushes) == len(devices)
    quoted = "%22%7D%2C%22x%22%3A%7B%5C%0D%0AX-Injected%3A%201%E2%80%AE%F0%9F%9A%80%7B%7Bproperties.name%7D%7D"
    link = "https://shop.example/?who="
    plain = "7/true/a, b"
    wanted = [("김님", "서울", link + "%EA%B9%80", "ko-KR"), ("리님", plain, link + "%EB%A6%AC", "ko_KP"),
              (HOSTILE + "님", plain, link + quoted, "KO"), ("Hello é", plain, link + "%C3%A9", "fr-FR"),
              ("Hello you", plain, link + "nobody", "none"), ("Hello you", plain, link + "nobody", "繁")]
    for gateway, token, body, _ in pushes:
        expected = wanted[int(token.rsplit("-", 1)[1])]
        got = words(gateway, body)
        if gateway == "hms":  # an https link is what a tap opens
            assert body["android"]["notification"]["click_action"]["url"] == expected[2], body
        assert got == expected, (gateway, token, got, expected)
    return len(devices)


def targets(node, emulator):
    ids = [f"{gateway}-words-{number}" for gateway in GATEWAYS for number in range(3)]
    listed = [{"device_id": each, "variables": {"order": number, "text": f"for {each}", "done": True}} for number, each in enumerate(ids)]
    del listed[0]["variables"]
    before = len(emulator.bodies())
    launched(node, {"title": "Order {{variables.order | ?}}", "body": "{{variables.text}}", "data": {"k": "{{variables.done}}"},
                    "deep_link": "app://{{variables.order}}"},
             {"targets": listed}, len(ids), lane="transactional",
             android={"notification": {"ticker": "{{variables.text | none}}"}}, hms={"android": {"notification": {"ticker": "{{variables.text}}"}}})
    for gateway, token, body, _ in arrived(emulator, before, len(ids)):
        number = ids.index(f"{gateway}-{token}")
        got = words(gateway, body)
        expected = ("Order ?", "", "app://", "") if number == 0 else (f"Order {number}", f"for {gateway}-{token}", f"app://{number}", "true")
        assert got == expected, (gateway, token, got)
        if gateway in ("fcm", "hms"):
            assert body["android"]["notification"]["ticker"] == ("none" if number == 0 else expected[1]), body
    shown = node.call("GET", "/v1/notifications?limit=1")[1]["items"][0]
    assert shown["audience"]["targets"][1] == listed[1], shown["audience"]["targets"][1]


def too_large(node, emulator):
    """4 KiB of text per device: shortened at a character, or refused by our own code."""
    devices = [emulator.device(gateway, "large", properties={"story": "\U0001f600é " * 580, "slot": "large"}) for gateway in GATEWAYS]
    devices.append({**emulator.device("fcm", "x"), "device_id": "topic", "push_token": "topic:news", "properties": {"story": "y" * 3000, "slot": "large"}})
    assert all(row["status"] == 201 for row in node.import_devices(devices))
    large = {"condition": {"property": "slot", "eq": "large"}}
    before = len(emulator.bodies())
    rows = launched(node, {"title": "T", "body": "{{properties.story}}{{properties.story}}", "data": {"k": "v"}}, large, len(devices))
    assert all(row["outcome"] == "accepted" for row in rows.values()), rows
    limits = {"fcm": 4096, "apns": 4096, "webpush": 3993, "hms": 4096}
    for line in [json.loads(line) for line in emulator.body_file.read_text(encoding="utf-8").splitlines()[before:]]:
        message = json.loads(line["body"])
        message = message.get("message", message)
        is_topic = "topic" in message
        for name in ("token", "topic"):
            message.pop(name, None)
        size = len(json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode())
        limit = 2048 if is_topic else limits[line["gateway"]]
        # FCM's limit is about what reaches one platform: the message has some bytes for others.
        assert limit - 40 < size <= limit + (200 if line["gateway"] == "fcm" else 0), (line["gateway"], is_topic, size)
        shown = message["aps"]["alert"]["body"] if line["gateway"] == "apns" else message["notification"]["body"]
        assert shown.endswith("…") and ("\U0001f600é \U0001f600é ".startswith(shown[:6]) or is_topic), shown[:20]
    before = len(emulator.bodies())
    rows = launched(node, {"title": "{{properties.story}}{{properties.story}}", "body": "b"}, large, len(devices))
    assert all((row["outcome"], row["code"]) == ("rejected", "PAYLOAD_TOO_LARGE") for row in rows.values()), rows
    assert len(emulator.bodies()) == before


def images(node, emulator):
    """A URL that a value makes is left out where it is none."""
    for number, image in enumerate(("https://img.example/a.png", "javascript:x", None)):
        device = emulator.device("fcm", f"image-{number}", properties={"slot": "image", **({"image": image} if image else {})})
        assert node.call("PUT", f"/v1/devices/{device.pop('device_id')}", device)[0] == 201
    before = len(emulator.bodies())
    launched(node, {"title": "T", "image_url": "{{properties.image}}"}, {"condition": {"property": "slot", "eq": "image"}}, 3)
    got = {token: body["notification"].get("image") for _, token, body, _ in arrived(emulator, before, 3)}
    assert got == {"image-0": "https://img.example/a.png", "image-1": None, "image-2": None}, got


def refusals(node):
    good = {"content": {"title": "x"}, "audience": {"all": True}}
    for change, status, code, pointer, part in [
            ({"content": {"title": "Hi {{properties.name"}}, 400, "invalid_field", "/content/title", "at character 4 is not closed"),
            ({"content": {"title": "x", "localizations": {"ko": {"body": "{{name}}"}}}}, 400, "invalid_field", "/content/localizations/ko/body", "names no value"),
            ({"content": {"title": "x", "localizations": {"korean": {"body": "y"}}}}, 400, "invalid_field", "/content/localizations/korean", "BCP 47"),
            ({"content": {"title": "x", "localizations": {"ko": {"body": "y" * 4090}}}}, 422, "payload_too_large", "/content/localizations/ko", "In the words of ko"),
            ({"content": {"title": "{{properties.name | " + "y" * 4070 + "}}"}}, 422, "payload_too_large", "/content", "would have"),
            ({"content": {"title": "x", "localizations": {"ko": {"data": {"from": "y"}}}}}, 400, "invalid_field", "/content/localizations/ko/data/from", "FCM keeps"),
            ({"apns": {"headers": {"apns-collapse-id": "{{device.user_id}}"}}}, 400, "invalid_field", "/apns/headers/apns-collapse-id", "Headers"),
            ({"audience": {"targets": [{"device_id": "a"}, {"device_id": "a"}]}}, 400, "invalid_field", "/audience/targets/1/device_id", "once"),
            ({"audience": {"targets": [{"device_id": "a", "variables": {"x": None}}]}}, 400, "invalid_field", "/audience/targets/0/variables/x", "a string, a number"),
            ({"audience": {"targets": [{"device_id": "a", "variables": {"x": "y" * 4097}}]}}, 400, "invalid_field", "/audience/targets/0/variables/x", "4096")]:
        got, problem, _ = node.call("POST", "/v1/notifications", {**good, **change})
        assert (got, problem["code"]) == (status, code), (change, problem)
        assert problem["errors"][0]["pointer"] == pointer and part in problem["detail"], (pointer, part, problem)


def main():
    with Lab(bodies=True) as lab:
        node = lab.node(sections=lab.emulator.sections()).start()
        node.make_key()
        own_words(node, lab.emulator)
        targets(node, lab.emulator)
        images(node, lab.emulator)
        too_large(node, lab.emulator)
        refusals(node)
        assert node.stop() == 0


if __name__ == "__main__":
    main()
