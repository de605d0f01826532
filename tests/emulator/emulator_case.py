"""What the tests of the emulator share: one started emulator per class, and requests to it."""
import atexit
import contextlib
import json
import os
import shutil
import tempfile
import unittest

import raw_h2
from emulator_process import Emulator

BINARY = os.environ["GATEWAY_EMULATOR"]
DIRECTORY = tempfile.mkdtemp(prefix="emulator-test-")
atexit.register(shutil.rmtree, DIRECTORY, ignore_errors=True)


def start(*flags):
    return Emulator(BINARY, DIRECTORY, *flags)


class WithEmulator(unittest.TestCase):
    FLAGS = ()

    @classmethod
    def setUpClass(cls):
        cls.emulator = start(*cls.FLAGS)
        cls.access_token = cls.emulator.mint()

    @classmethod
    def tearDownClass(cls):
        cls.emulator.__exit__()

    @contextlib.contextmanager
    def another(self):
        """Another emulator with the same flags and files, which is `self.emulator` for the time being."""
        usual = self.emulator
        with start(*self.FLAGS) as self.emulator:
            yield self.emulator
        self.emulator = usual

    def push(self, token="device-1", **fields):
        return self.emulator.push(self.access_token, {"token": token, **fields})

    def connect(self):
        connection = raw_h2.Connection(self.emulator.ready["port"], self.emulator.ready["ca_file"])
        self.addCleanup(connection.close)
        return connection

    def post_raw(self, connection, token, complete=True):
        headers = self.emulator.push_headers(self.access_token)
        return connection.post(self.emulator.push_path, headers, self.body(token), complete)

    @staticmethod
    def body(token):
        return json.dumps({"message": {"token": token}}).encode()
