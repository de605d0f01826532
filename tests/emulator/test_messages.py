"""Which messages are refused, and how the answer says so."""

from emulator_case import WithEmulator


class Messages(WithEmulator):
    def refused(self, field=None, fcm=None, **message):
        message.setdefault("token", "device-1")
        answer = self.emulator.push(self.access_token, {k: v for k, v in message.items() if v is not None})
        self.assertEqual((400, "INVALID_ARGUMENT"), (answer.status, answer.error()["status"]), message)
        if field is not None:
            violation = answer.details()["google.rpc.BadRequest"]["fieldViolations"][0]
            self.assertEqual(field, violation["field"])
        self.assertEqual("INVALID_ARGUMENT" if fcm else None, answer.fcm_code(), message)

    def test_a_full_message_is_accepted(self):
        answer = self.push(
            notification={"title": "Grüße", "body": "😀", "image": "https://example.com/a.png"},
            data={"notification": "n1", "deep_link": "app://x"},
            android={"collapse_key": "c", "priority": "HIGH", "ttl": "3.5s", "direct_boot_ok": True,
                     "data": {"a": "b"}, "fcm_options": {"analytics_label": "spring-1"},
                     "notification": {"channel_id": "c", "tag": "t", "color": "#a0B1c2", "notification_count": 3,
                                      "title_loc_args": ["x"], "event_time": "2026-01-02T03:04:05.678Z",
                                      "visibility": "PUBLIC", "notification_priority": "PRIORITY_HIGH",
                                      "vibrate_timings": ["0.1s", "2s"], "clickAction": "OPEN",
                                      "light_settings": {"color": {"red": 0.5}, "light_on_duration": "1s"}}},
            apns={"headers": {"apns-priority": "10"}, "payload": {"aps": {"badge": 3, "alert": {"title": "x"}}},
                  "fcm_options": {"image": "https://example.com/a.png"}},
            webpush={"headers": {"TTL": "10"}, "notification": {"actions": [{"a": 1}]},
                     "fcm_options": {"link": "https://example.com"}},
            fcm_options={"analytics_label": "x"})
        self.assertEqual(200, answer.status, answer.body)
        self.assertRegex(answer.json()["name"], r"^projects/pusher-emulated/messages/0:\S+$")

    def test_every_accepted_message_has_a_name_of_its_own(self):
        self.assertNotEqual(self.push().json()["name"], self.push().json()["name"])

    def test_unknown_fields_are_refused_wherever_they_are(self):
        self.refused(foo=1, field="message")
        self.refused(notification={"subtitle": "x"}, field="message.notification")
        self.refused(android={"notification": {"foo": "x"}}, field="message.android.notification")
        self.refused(apns={"aps": {}}, field="message.apns")
        self.refused(registration_ids=["a"])
        answer = self.emulator.curl("POST", self.emulator.push_path, b'{"message":{"token":"a"},"to":"a"}',
                                    self.emulator.push_headers(self.access_token))
        self.assertEqual(400, answer.status)

    def test_wrong_types_are_refused(self):
        self.refused(data={"count": 5}, field="message.data[0].value")
        self.refused(data={"a": "b", "nested": {}}, field="message.data[1].value")
        self.refused(data=["a"], field="message.data")
        self.refused(token=5)
        self.refused(notification="hello", field="message.notification")
        self.refused(notification={"title": 1}, field="message.notification.title")
        self.refused(android={"direct_boot_ok": "yes"}, field="message.android.direct_boot_ok")
        self.refused(android={"notification": {"notification_count": 1.5}})
        self.refused(android={"notification": {"title_loc_args": [1]}},
                     field="message.android.notification.title_loc_args[0]")
        self.refused(apns={"headers": {"apns-priority": 10}}, field="message.apns.headers[0].value")
        self.refused(apns={"payload": "{}"}, field="message.apns.payload")

    def test_ttl_is_a_duration_of_four_weeks_at_most(self):
        for good in ("0s", "86400s", "2419200s", "1.000000001s"):
            self.assertEqual(200, self.push(android={"ttl": good}).status, good)
        for bad in ("2419201s", "2419200.1s", "10", "-1s", "1.s", ".5s", "1m", "", "s", 10):
            self.refused(android={"ttl": bad}, field="message.android.ttl")

    def test_enumerations_are_checked(self):
        self.refused(android={"priority": "URGENT"}, field="message.android.priority")
        self.refused(android={"notification": {"visibility": "SOMETIMES"}})

    def test_reserved_data_keys_are_refused(self):
        for key in ("from", "message_type", "google.x", "gcm.notification.title"):
            self.refused(data={key: "x"}, field="message.data[0].key", fcm=True)
        self.refused(android={"data": {"from": "x"}}, field="message.android.data[0].key", fcm=True)

    def test_a_message_has_exactly_one_target(self):
        self.refused(token=None, fcm=True)
        self.refused(token="", fcm=True)
        self.refused(topic="news")
        self.refused(fid="x")
        for target in ({"topic": "news"}, {"condition": "'a' in topics"}, {"fid": "abc"}):
            self.assertEqual(200, self.emulator.push(self.access_token, target).status, target)
        self.refused(token=None, topic="/topics/news")

    def test_4096_bytes_pass_and_one_more_is_refused(self):
        self.assertEqual(200, self.push(data={"k": "x" * 4095}).status)
        self.refused(data={"k": "x" * 4096}, field="message", fcm=True)
        self.assertEqual(200, self.push(notification={"body": "x" * 4096}).status)
        self.refused(notification={"body": "x" * 4096, "title": "x"}, fcm=True)
        self.refused(data={"k": "ü" * 2048}, fcm=True)
        self.refused(data={"k": "x" * 2000}, android={"data": {"k": "x" * 2095}}, fcm=True)
        self.refused(apns={"payload": {"aps": {"alert": "x" * 4090}}}, fcm=True)
        self.refused(token=None, topic="t", data={"k": "x" * 2048}, fcm=True)

    def test_bodies_that_are_no_json_are_refused(self):
        for body in (b"", b"{", b"[]", b"null", b'{"message":{"token":"a"}}x', b'{"message":{"token":"\xff"}}',
                     b'{"message":{"token":"a"}}\0{', b"[" * 100000, b"{}", b'{"message":null}'):
            answer = self.emulator.curl("POST", self.emulator.push_path, body,
                                        self.emulator.push_headers(self.access_token))
            self.assertEqual(400, answer.status, body[:40])
            self.assertEqual("INVALID_ARGUMENT", answer.error()["status"])

    def test_huge_bodies_and_deep_ones_are_refused(self):
        self.refused(data={"k": "x" * 300000})
        deep = b'{"message":{"token":"a","apns":{"payload":{"a":' + b"[" * 50000 + b"]" * 50000 + b"}}}}"
        answer = self.emulator.curl("POST", self.emulator.push_path, deep,
                                    self.emulator.push_headers(self.access_token))
        self.assertEqual(400, answer.status)

    def test_other_content_types_are_refused(self):
        headers = {"authorization": "Bearer " + self.access_token, "content-type": "text/plain"}
        self.assertEqual(400, self.emulator.curl("POST", self.emulator.push_path, self.body("a"), headers).status)

    def test_validate_only_accepts_without_counting(self):
        before = self.emulator.stats()["unique_tokens_accepted"]
        body = b'{"validate_only":true,"message":{"token":"only-validated"}}'
        answer = self.emulator.curl("POST", self.emulator.push_path, body,
                                    self.emulator.push_headers(self.access_token))
        self.assertEqual(200, answer.status)
        self.assertEqual(before, self.emulator.stats()["unique_tokens_accepted"])
