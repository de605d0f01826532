"""An exception ends one actor of a node and nothing else: its supervisor starts it again, what it held is done again, nobody is
lost. A role that fails at every start ends the node with a fault."""
import datetime
import signal
import subprocess
import unittest

from fault_case import AT_RISK, FaultCase
from lab import until


class ActorFaults(FaultCase):
    def test_fan_out(self):
        self.with_faults("fan_out.starting:1", "fan_out.committing:1", "fan_out.committed:2", "fan_out.concluding:1")
        self.check(self.launch("fan-out"), "fan-out")
        self.assertEqual(self.restarts(), {"fan-out": 4})

    def test_push_sender(self):
        self.with_faults("push_sender.starting:1", "push_sender.claimed:2", "push_sender.answered:20", "push_sender.recording:3",
                         "push_sender.recorded:12")
        doubled = self.check(self.launch("sender"), "sender", 4 * AT_RISK)
        print(f"{doubled} doubled by four ends of the sender", flush=True)
        self.assertEqual(self.restarts(), {"push-sender": 5})

    def test_what_a_failed_sender_held_has_a_strike(self):
        self.node.start(fail="push_sender.claimed:1:throw,push_sender.answered:1:stop")
        identity = self.launch("strike")
        self.node.wait_stopped()
        try:
            socket = next(self.node.directory.rglob("redis.sock"))
            progress = subprocess.run(["redis-cli", "-s", str(socket), "hgetall", "{pusher}:progress:1.fcm.production.campaign"],
                                      capture_output=True, text=True, check=True).stdout.split()
            strikes = {name: value for name, value in zip(progress[::2], progress[1::2]) if name.endswith(":strikes")}
            self.assertIn("1", strikes.values(), progress)
        finally:
            self.node.process.send_signal(signal.SIGCONT)
        self.check(identity, "strike")

    def test_result_writer(self):
        self.with_faults("result_writer.starting:1", "result_writer.rows_inserted:1", "result_writer.committed:2")
        self.check(self.launch("writer"), "writer")
        self.assertEqual(self.restarts(), {"result-writer": 3})

    def test_a_due_launch_that_fails(self):
        self.with_faults("schedule.due_taken:1", "schedule.launched:1")
        due = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=1)
        identity = self.launch("due", launch=False, scheduled_at=due.isoformat().replace("+00:00", "Z"))
        self.check(identity, "due")
        self.assertEqual(self.restarts(), {"fan-out": 2})

    def test_roles_that_fail_at_every_start_end_the_node(self):
        self.with_faults("push_sender.starting:1+", "result_writer.starting:1+")
        identity = self.launch("storm")
        until("the node to give up", lambda: self.node.process.poll() is not None, 60)
        self.assertEqual(self.node.process.returncode, 1, self.node.log_tail())
        self.assertTrue(self.node.events("node.gives_up"))
        self.assertEqual(len([each for each in self.node.events("fail_point.passed") if "starting" in each["name"]][-11:]), 11)
        self.node.start()
        self.check(identity, "storm")


if __name__ == "__main__":
    unittest.main()
