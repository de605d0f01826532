"""Who may push: files for clients, the token endpoint, access tokens."""
import json
import os
import shutil
import stat
import subprocess
import tempfile
import time
import unittest

from emulator_case import BINARY, DIRECTORY, WithEmulator, start
from emulator_process import base64url


class CommandLine(unittest.TestCase):
    def run_binary(self, *flags):
        return subprocess.run([BINARY, *flags], capture_output=True, text=True, timeout=10)

    def test_help_lists_the_scripted_tokens(self):
        done = self.run_binary("--help")
        self.assertEqual(0, done.returncode)
        for word in ("UNREG", "QUOTA<n>X", "--answer-rate", "/_control"):
            self.assertIn(word, done.stdout)

    def test_bad_flags_are_named_and_exit_with_2(self):
        for flags in (["--nonsense", "1"], ["--max-streams", "many"], ["--listen", "nowhere"], ["--delay-ms"],
                      ["--answer-rate", "429:2"], ["--answer-rate", "418:0.1"], []):
            done = self.run_binary(*flags)
            self.assertEqual(2, done.returncode, flags)
            self.assertIn(flags[0] if flags else "--directory", done.stderr)

    def test_print_token_mints_a_good_one_and_prints_nothing_else(self):
        directory = tempfile.mkdtemp(prefix="emulator-test-")
        process = subprocess.Popen([BINARY, "--directory", directory, "--print-token"], stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True)
        try:
            token = process.stdout.readline().strip()
            with open(os.path.join(directory, "ready.json")) as file:
                self.assertEqual(token, json.load(file)["access_token"])
        finally:
            process.terminate()
            self.assertEqual("", process.communicate(timeout=10)[0])
            shutil.rmtree(directory)
        self.assertEqual(0, process.returncode)


class Identity(WithEmulator):
    def test_secrets_are_readable_by_their_owner_only(self):
        for name in ("service-account.json", "server.key", "ready.json"):
            mode = os.stat(os.path.join(DIRECTORY, name)).st_mode
            self.assertEqual(0o600, stat.S_IMODE(mode), name)

    def test_the_account_file_names_this_emulator(self):
        self.assertEqual(self.emulator.ready["base_url"] + "/token", self.emulator.account["token_uri"])

    def test_a_second_start_keeps_certificates_and_account(self):
        with open(self.emulator.ready["ca_file"]) as file:
            ca = file.read()
        with start() as second:
            with open(second.ready["ca_file"]) as file:
                self.assertEqual(ca, file.read())
            self.assertEqual(self.emulator.account["private_key"], second.account["private_key"])
            self.assertNotEqual(self.emulator.account["token_uri"], second.account["token_uri"])
            self.assertEqual(200, second.push(second.mint(), {"token": "a"}).status)


class TokenEndpoint(WithEmulator):
    def refused(self, assertion, error="invalid_grant", **more):
        answer = self.emulator.exchange(assertion, **more)
        self.assertEqual(400, answer.status)
        self.assertEqual(error, answer.json()["error"])
        self.assertTrue(answer.json()["error_description"])

    def test_a_signed_assertion_is_exchanged_over_both_versions_of_http(self):
        for version in ("--http1.1", "--http2"):
            answer = self.emulator.exchange(self.emulator.assertion(), version=version)
            self.assertEqual(200, answer.status)
            self.assertEqual("Bearer", answer.json()["token_type"])
            self.assertEqual(3600, answer.json()["expires_in"])
            self.assertEqual(200, self.emulator.push(answer.json()["access_token"], {"token": "a"}).status)

    def test_cloud_platform_scope_is_as_good(self):
        scope = "https://www.googleapis.com/auth/cloud-platform"
        self.assertEqual(200, self.emulator.exchange(self.emulator.assertion(scope=scope)).status)

    def test_another_key_is_refused(self):
        key = os.path.join(DIRECTORY, "stranger.key")
        subprocess.run(["openssl", "genrsa", "-out", key, "2048"], check=True, capture_output=True)
        self.refused(self.emulator.assertion(key_file=key))

    def test_a_changed_claim_is_refused(self):
        head, claims, signature = self.emulator.assertion().split(".")
        other = self.emulator.assertion(exp=int(time.time()) + 3000).split(".")[1]
        self.assertNotEqual(claims, other)
        self.refused(".".join((head, other, signature)))

    def test_unsigned_assertions_are_refused(self):
        head = base64url(b'{"alg":"none","typ":"JWT"}')
        self.refused(head + "." + self.emulator.assertion().split(".")[1] + ".")

    def test_wrong_headers_are_refused(self):
        self.refused(self.emulator.assertion(header={"alg": "HS256"}))
        self.refused(self.emulator.assertion(header={"kid": "another"}))

    def test_wrong_claims_are_refused(self):
        now = int(time.time())
        self.refused(self.emulator.assertion(iss="stranger@example.com"))
        self.refused(self.emulator.assertion(aud="https://oauth2.googleapis.com/token"))
        self.refused(self.emulator.assertion(iat=now, exp=now + 3700))
        self.refused(self.emulator.assertion(iat=now - 7200, exp=now - 3600))
        self.refused(self.emulator.assertion(iat=now + 600, exp=now + 1200))
        self.refused(self.emulator.assertion(exp="soon"))
        self.refused(self.emulator.assertion(scope="https://www.googleapis.com/auth/drive"), "invalid_scope")

    def test_a_clock_that_is_half_a_minute_ahead_is_tolerated(self):
        now = int(time.time())
        self.assertEqual(200, self.emulator.exchange(self.emulator.assertion(iat=now + 30, exp=now + 3630)).status)

    def test_other_grants_and_forms_are_refused(self):
        self.refused(self.emulator.assertion(), "unsupported_grant_type", grant_type="client_credentials")
        for body in (b"", b"grant_type", b"grant_type=%zz"):
            answer = self.emulator.curl("POST", "/token", body, {"content-type": "application/x-www-form-urlencoded"})
            self.assertEqual((400, "invalid_request"), (answer.status, answer.json()["error"]))
        answer = self.emulator.curl("POST", "/token", b"{}", {"content-type": "application/json"})
        self.assertEqual(400, answer.status)

    def test_mints_are_counted(self):
        before = self.emulator.stats()
        self.emulator.mint()
        self.emulator.exchange("nonsense")
        after = self.emulator.stats()
        self.assertEqual(before["mints"] + 1, after["mints"])
        self.assertEqual(before["mints_refused"] + 1, after["mints_refused"])


class ShortLivedTokens(WithEmulator):
    FLAGS = ("--token-lifetime", "1")

    def test_an_expired_token_is_unauthenticated(self):
        answer = self.emulator.exchange(self.emulator.assertion()).json()
        self.assertEqual(1, answer["expires_in"])
        deadline = time.monotonic() + 10
        while self.emulator.push(answer["access_token"], {"token": "a"}).status != 401:
            self.assertLess(time.monotonic(), deadline)


class Credentials(WithEmulator):
    def unauthenticated(self, headers):
        answer = self.emulator.curl("POST", self.emulator.push_path, self.body("a"),
                                    {"content-type": "application/json", **headers})
        self.assertEqual((401, "UNAUTHENTICATED"), (answer.status, answer.error()["status"]))
        self.assertIsNone(answer.fcm_code())
        self.assertIn("www-authenticate", answer.headers)

    def test_without_a_good_bearer_token_nothing_goes(self):
        self.unauthenticated({})
        self.unauthenticated({"authorization": "Bearer ya29.c.invented"})
        self.unauthenticated({"authorization": "key=" + self.access_token})

    def test_another_project_is_denied(self):
        answer = self.emulator.curl("POST", "/v1/projects/another/messages:send", self.body("a"),
                                    self.emulator.push_headers(self.access_token))
        self.assertEqual((403, "PERMISSION_DENIED"), (answer.status, answer.error()["status"]))
        self.assertIsNone(answer.fcm_code())

    def test_revoked_tokens_are_unauthenticated_and_a_new_one_works(self):
        with start() as emulator:
            old = emulator.mint()
            self.assertEqual(200, emulator.push(old, {"token": "a"}).status)
            self.assertEqual(200, emulator.control(revoke_tokens=True).status)
            self.assertEqual(401, emulator.push(old, {"token": "a"}).status)
            self.assertEqual(200, emulator.push(emulator.mint(), {"token": "a"}).status)
