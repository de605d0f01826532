"""A rehearsal sends nothing, counts exactly, and shows to the byte what is then really sent."""
import json
import re

from lab import Lab, until

GATEWAYS = ("fcm", "apns", "webpush", "hms")
CONTENT = {"title": "Hello {{properties.name | you}}", "body": "Your \"{{properties.plan}}\" plan",
           "deep_link": "https://shop.example/?who={{properties.name}}", "data": {"k": "{{device.locale | none}}"},
           "localizations": {"ko": {"title": "{{properties.name | 고객}}님"}, "de": {"body": "Länge: {{properties.name}}"}}}
DEVICES = 60


def text_of(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def without_times(text):
    """What is left of the time-to-live is another number a second later."""
    return re.sub(r'"(ttl|TTL|apns-expiration)":"\d+s?"', r'"\1":"-"', text)


def sent_message(row):
    """What the gateway got, as a rehearsal shows it: without what names the device."""
    message = json.loads(row["body"])
    if row["gateway"] in ("apns", "webpush"):
        assert text_of(message) == row["body"]
        return row["body"]
    message = message["message"]
    message.pop("token")
    # Nothing but the token was taken out of the bytes that were sent.
    assert text_of(message)[1:] in row["body"], row["body"]
    return text_of(message)


def registered(emulator):
    locales = ("ko-KR", "ko", "de_AT", "fr-FR", None)
    devices = []
    for number in range(DEVICES):
        gateway, locale = GATEWAYS[number % 4], locales[number % 5]
        devices.append(emulator.device(gateway, f"r-{number}", properties={"plan": ("pro", "free")[number % 2],
                                                                           **({"name": f"N<{number}>é\n"} if number % 3 else {})},
                                       **({"locale": locale} if locale else {})))
    return devices


def counts(node, devices):
    pro = [each for each in devices if each["properties"]["plan"] == "pro"]
    condition = {"property": "plan", "eq": "pro"}
    draft = {"content": CONTENT, "audience": {"condition": condition}}
    status, made, _ = node.call("POST", "/v1/notifications:rehearse", {**draft, "rate_per_second": 10})
    assert status == 200, made
    audience = made["audience"]
    assert audience["count"] == len(pro) == node.call("POST", "/v1/devices:count", {"condition": condition})[1]["count"]
    by_gateway = {each["gateway"]: each for each in audience["by_gateway"]}
    for gateway in GATEWAYS:
        mine = sum(each["gateway"] == gateway for each in pro)
        assert (by_gateway[gateway]["count"] if mine else gateway not in by_gateway) == (mine or True), (gateway, by_gateway)
    skipped = sum(each["gateway"] == "webpush" for each in pro)
    assert skipped and audience["skipped"] == [{"code": "no_credential", "count": skipped}], audience
    assert by_gateway["webpush"]["skipped"] == skipped and audience["to_send"] == len(pro) - skipped
    words = {"ko-KR": "ko", "ko": "ko", "de_AT": "de", "fr-FR": None, None: None}
    assert {(each["locale"], each["localization"], each["count"]) for each in audience["by_locale"]} == {
        (locale, words[locale], sum(each.get("locale") == locale for each in pro)) for locale in words}, audience["by_locale"]
    assert made["duration"] == {"seconds": (len(pro) - skipped) / 10 - 1, "per_second": 10.0, "limited_by": "rate_per_second"}, made["duration"]
    # The default words and every localization, of every gateway that has a credential or devices.
    assert [(each["gateway"], each["locale"]) for each in made["payloads"]] == [
        (gateway, locale) for gateway in GATEWAYS for locale in (None, "de", "ko")], made["payloads"]
    assert all(each["fits"] and each["bytes"] <= each["limit"] and not each["shortened"] for each in made["payloads"])
    asked = node.call("POST", "/v1/notifications:rehearse", {**draft, "locales": ["ko_kr", "fr"]})[1]["payloads"]
    assert {(each["locale"], each["localization"]) for each in asked} == {("ko-KR", "ko"), ("fr", None)}, asked
    fcm = {each["locale"]: each["payload"] for each in asked if each["gateway"] == "fcm"}
    assert fcm["ko-KR"]["notification"]["title"] == "고객님" and fcm["fr"]["notification"]["title"] == "Hello you", fcm
    for audience, count in (({"all": True}, len(devices)), ({"user_ids": ["nobody"]}, 0),
                            ({"device_ids": ["fcm-r-0", "apns-r-1", "gone"]}, 2),
                            ({"targets": [{"device_id": "fcm-r-0", "variables": {"x": 1}}]}, 1)):
        made = node.call("POST", "/v1/notifications:rehearse", {"content": CONTENT, "audience": audience})[1]
        assert made["audience"]["count"] == count, (audience, made["audience"])


def rehearsed_then_sent(node, emulator, devices):
    reachable = [each for each in devices if each["gateway"] != "webpush"][:12]
    ids = [each["device_id"] for each in reachable]
    targets = [{"device_id": each, "variables": {"code": f"<{each}>"}} for each in ids]
    targets[-1]["variables"]["code"] = "\U0001f600\"" * 650  # too large: shortened
    status, saved, _ = node.call("POST", "/v1/notifications", {
        "content": {**CONTENT, "body": CONTENT["body"] + " {{variables.code}}{{variables.code}}"}, "audience": {"targets": targets},
        "android": {"notification": {"ticker": "{{properties.name | -}}"}}})
    assert status == 201, saved
    shown = {}
    for each in ids:
        status, made, _ = node.call("POST", f"/v1/notifications/{saved['id']}:rehearse", {"device_id": each})
        assert status == 200 and made["device_in_audience"] is True and made["audience"]["count"] == len(ids), made
        assert len(made["payloads"]) == 1
        shown[each] = made["payloads"][0]
    assert emulator.bodies() == []  # nothing was sent
    assert node.call("GET", f"/v1/notifications/{saved['id']}")[1]["state"] == "draft"
    assert [shown[each]["shortened"] for each in ids] == [False] * (len(ids) - 1) + [True], shown
    assert node.call("POST", f"/v1/notifications/{saved['id']}:launch")[0] == 202
    node.wait_completed(saved["id"], 60)
    rows = until("the pushes", lambda: (lambda got: got if len(got) == len(ids) else None)(emulator.bodies()))
    for gateway, token, _, row in rows:
        expected = shown[f"{gateway}-{token}"]
        sent = sent_message(row)
        assert without_times(text_of(expected["payload"])) == without_times(sent), (expected, sent)
        if gateway != "fcm":  # whose limit is about what reaches one platform
            assert expected["bytes"] == len(sent.encode()), (expected["bytes"], sent)
        assert expected["bytes"] <= expected["limit"]


def refusals(node, saved):
    for path, body, status, pointer in [
            (f"/v1/notifications/{saved}:rehearse", {"device_id": "nobody"}, 404, "/device_id"),
            (f"/v1/notifications/{saved}:rehearse", {"locales": ["ko"], "device_id": "fcm-r-0"}, 400, "/locales"),
            (f"/v1/notifications/{saved}:rehearse", {"locales": ["korean"]}, 400, "/locales/0"),
            (f"/v1/notifications/{saved}:rehearse", {"local": ["ko"]}, 400, "/local"),
            ("/v1/notifications:rehearse", {"content": {"title": "x"}}, 400, "/audience"),
            ("/v1/notifications:rehearse", {"content": {"title": "x"}, "audience": {"segment": "nobody"}}, 400, "/audience/segment")]:
        got, problem, _ = node.call("POST", path, body)
        assert got == status and problem["errors"][0]["pointer"] == pointer, (path, body, problem)
    assert node.call("POST", "/v1/notifications/019ab1c2-8a10-7c3e-9f00-0a1b2c3d4e5f:rehearse")[0] == 404
    assert node.call("POST", f"/v1/notifications/{saved}:rehearse")[0] == 200  # without a body, too
    # What would not be sent is said so, with its reason.
    made = node.call("POST", "/v1/notifications:rehearse", {"content": {"title": "x" * 4090}, "audience": {"all": True}})[1]
    assert all(not each["fits"] and "allow" in each["fault"] or each["gateway"] == "webpush" for each in made["payloads"]), made


def main():
    with Lab(bodies=True) as lab:
        sections = lab.emulator.sections()
        del sections["webpush"]
        node = lab.node(sections=sections).start()
        node.make_key()
        devices = registered(lab.emulator)
        assert all(row["status"] == 201 for row in node.import_devices(devices))
        counts(node, devices)
        rehearsed_then_sent(node, lab.emulator, devices)
        refusals(node, node.call("GET", "/v1/notifications?limit=1")[1]["items"][0]["id"])
        node.make_key("read")
        assert node.call("POST", "/v1/notifications:rehearse", {"content": {"title": "x"}, "audience": {"all": True}})[0] == 403
        assert node.stop() == 0


if __name__ == "__main__":
    main()
