"""Fail points are for tests alone: `pusher` ignores PUSHER_FAIL, `pusher-with-fail-points` does what it says, or says what is
wrong with it before anything starts."""
import os
import pathlib
import subprocess
import unittest

BUILD = pathlib.Path(os.environ["PUSHER_BUILD_DIR"])


def run(program, plan):
    return subprocess.run([str(BUILD / program), "version"], capture_output=True, text=True, timeout=20, check=False,
                          env={**os.environ, "PUSHER_FAIL": plan})


class FailPoints(unittest.TestCase):
    def test_the_shipped_program_has_none(self):
        for plan in ("nonsense", "api.stored:1:exit"):
            ended = run("pusher", plan)
            self.assertEqual((ended.returncode, ended.stderr), (0, ""), ended)
        self.assertNotIn(b"PUSHER_FAIL", (BUILD / "pusher").read_bytes())
        self.assertIn(b"PUSHER_FAIL", (BUILD / "pusher-with-fail-points").read_bytes())

    def test_a_wrong_plan_ends_the_program_before_it_begins(self):
        for plan in ("nonsense", "api.stored:0:exit", "api.stored:1:explode", "api.nowhere:1:exit"):
            ended = run("pusher-with-fail-points", plan)
            self.assertEqual((ended.returncode, ended.stdout), (78, ""), ended)
            self.assertIn(plan, ended.stderr)
            self.assertIn("push_sender.claimed", ended.stderr)
        for plan in ("", "api.stored:1:exit,fan_out.committed:3+:sleep=5"):
            self.assertEqual(run("pusher-with-fail-points", plan).returncode, 0)


if __name__ == "__main__":
    unittest.main()
