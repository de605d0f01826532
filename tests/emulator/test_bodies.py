"""The emulator keeps what pushes said, as it came."""
import json
import os

from emulator_case import DIRECTORY, WithEmulator

BODIES = os.path.join(DIRECTORY, "bodies.jsonl")


class Bodies(WithEmulator):
    FLAGS = ("--bodies", BODIES)

    def test_a_body_is_kept_as_it_came(self):
        self.push("t-1", notification={"title": "é \"\\\n"})
        with open(BODIES, encoding="utf-8") as file:
            rows = [json.loads(line) for line in file]
        self.assertEqual([(row["gateway"], row["status"]) for row in rows], [("fcm", 200)])
        self.assertEqual(json.loads(rows[0]["body"])["message"], {"token": "t-1", "notification": {"title": "é \"\\\n"}})
