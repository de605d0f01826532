"""G6: a leader that is stopped for three leases between a decision and its effect, and then wakes up, has no effect any more."""
import signal
import time
import unittest

from crash_case import LEASE_MS, TakeoverCase
from lab import until


class Stopped(TakeoverCase):
    def stopped_and_woken(self, name, point, **more):
        """F4: the leader stops for three leases, another leads meanwhile; woken up, it stands down."""
        first, second = self.nodes["leader"], self.nodes["leader-2"]
        self.restarted("leader", f"{point}:stop")
        stood_down = len(first.events("fan_out.stood_down"))
        second.start()  # stands by
        identity = self.launch(name, **more)
        first.wait_stopped()
        try:
            epoch = int(self.redis("get", "{pusher}:epoch"))
            since = time.time()
            time.sleep(3 * LEASE_MS / 1000)  # the fault itself
            self.followed("leader-2", "fan_out.leads", LEASE_MS + 1000, since)
            self.assertEqual(int(self.redis("get", "{pusher}:epoch")), epoch + 1)
        finally:
            first.process.send_signal(signal.SIGCONT)
        until("the former leader to stand down", lambda: len(first.events("fan_out.stood_down")) > stood_down)
        return identity

    def test_f4_stopped_between_lease_check_and_append(self):
        """While the new leader is in the midst of the same notification."""
        identity = self.stopped_and_woken("f4", "fan_out.committing:2", rate_per_second=600)
        self.assertEqual(self.front.notification(identity)["state"], "sending")
        self.check(identity, "f4")
        self.check(self.launch("f4-next"), "f4-next")

    def test_f4_stopped_before_it_marks_complete(self):
        identity = self.stopped_and_woken("f4-concluding", "fan_out.concluding:1")
        self.check(identity, "f4-concluding")


if __name__ == "__main__":
    unittest.main()
