#include "tests/emulator/options.hpp"

namespace pusher::emulator {

namespace {

constexpr const char* help =
    R"(gateway-emulator: a stand-in for push gateways, as strict as they are, over TLS: FCM HTTP v1 (two
projects) with Google's token endpoint, APNs (two keys), Huawei Push Kit (HMS) with its token endpoint, Web
Push, and legacy FCM.

usage: gateway-emulator --directory DIR [options]

  --listen HOST:PORT       where to listen; port 0 = a free one (127.0.0.1:0)
  --name HOST              by which clients reach it, as its certificate and ready.json say; a certificate that is
                           there already stays (the host that it listens on, or localhost)
  --sandbox-port PORT      where APNs' sandbox listens; 0 = a free one (0)
  --directory DIR          written at start, if absent: certificates, keys and secrets (see below); and, last,
                           ready.json with all that a client needs, for which a script can wait
  --log FILE               appends one line per push, with tabs between: time in microseconds, HTTP status
                           (0 = no answer), target, correlation or -, error code or -, connection, stream, gateway;
                           the correlation is what the client's data call "notification" (FCM, HMS), the Topic (Web
                           Push), or the collapse id, else the apns-id (APNs);
                           accepted = a status of 2xx and no code; one line for each token of a multicast
  --bodies FILE            appends one JSON line per push: gateway, path, status, body (of Web Push: decrypted),
                           headers
  --project ID             the project that the service account belongs to (pusher-emulated)
  --token-lifetime SECONDS of the access tokens (3600)
  --apns-token-updates-seconds N
                           the least time between the iat of two APNs provider tokens; 0 = none (1200)
  --max-streams N          SETTINGS_MAX_CONCURRENT_STREAMS (100)
  --first-streams N        the same before a request with good credentials came; APNs has 1; 0 = max-streams (0)
  --delay-ms N             latency before each answer to a push (0)
  --answer-rate STATUS:SHARE
                           the first attempt of this share of the other tokens fails, e.g. 429:0.05; repeatable;
                           STATUS is 400, 401, 403, 404, 429, 500 or 503; chosen by a hash of the token
  --max-rate N             pushes a second; those beyond answer 429
  --goaway-every N         requests on a connection, then a graceful GOAWAY: open streams are served
  --goaway-cut N           requests on a connection, then a GOAWAY that names the last processed stream: those
                           above it are neither processed nor logged
  --drop-every N           requests on a connection, then it is closed without a word
  --no-http2               speaks HTTP/1.1 alone; FCM v1 and APNs refuse it
  --print-token            mints an access token at start: alone on standard output, and in ready.json
  --help

Answers by the beginning of the push token's text (<n> is a number, X the letter; n requests for that token answer so,
the next ones succeed). APNs tokens are hexadecimal; their text is what the bytes say. A Web Push endpoint is
/wpush/... with a last segment of base64url characters and dots, which is the text.
  SAY-<status>-<code>[-R<seconds>][-T<milliseconds>]-...
                    that HTTP status and error code, worded as the gateway words it; R adds Retry-After, T the
                    timestamp of APNs' 410 (now); FCM: code none = without an FcmError detail;
                    legacy: status 200 = the error of that token alone
  SAY<n>X-<status>-<code>...
                    the same n times
  UNREG...          404 UNREGISTERED; APNs and Web Push: 410; HMS: an illegal token;
                    legacy: NotRegistered
  BAD...            400 INVALID_ARGUMENT about the payload
  BADTOKEN...       400 INVALID_ARGUMENT, "The registration token is not a valid FCM registration token"
  MISMATCH...       403 SENDER_ID_MISMATCH
  AUTH...           401 THIRD_PARTY_AUTH_ERROR
  QUOTA<n>X...      429 QUOTA_EXCEEDED, Retry-After: 1, n times
  UNAVAIL<n>X...    503 UNAVAILABLE, Retry-After: 1, n times
  INTERNAL<n>X...   500 INTERNAL, n times
  REFUSE<n>X...     RST_STREAM REFUSED_STREAM, n times
  DOWN...           503 UNAVAILABLE, Retry-After: 1, always
  HTML...           404 with an HTML body
  HANG...           no answer, ever
  RESET...          RST_STREAM INTERNAL_ERROR
  GARBAGE...        200 with a body that is not JSON
  HUGE...           200 with a body of 100 MB
  REDIRECT...       307 to a path that does not exist
  anything else     success
  ILLEGAL...        HMS: an illegal token
  CANON-<x>         legacy: success with the registration id NEW-<x>
  SECOND...         FCM: good for the second project only; others for the first only
  000...            APNs: nothing but zeros is no device's token
  SANDBOX...        APNs: good at the sandbox's port only; others at the main port only; BOTH... at both

Control at run time, on the same port; whoever asks for one of these finds in the log what came before:
  POST /_control    {"fail": "503" | "500" | "429" | "401" | "hang" | "none"}   for all pushes
                    {"gateway": "fcm" | "apns" | "webpush" | "hms" | "legacy", "fail": ...}   for those of one
                    {"revoke_tokens": true}       all access tokens become invalid
                    {"revoke_keys": true|false}   APNs takes no provider token, or those that are good again
                    {"revoke_key": "KEY ID"}      APNs takes no provider token of that key any more
                    {"expire_keys": true}         APNs provider tokens issued before now are expired
                    {"delay_ms": N}               the latency of answers from now on; logged on arrival all the same
                    {"close_connections": true}   all connections but the asking one are closed
                    {"hold": true|false}          pushes over HTTP/2 wait unprocessed until hold is false
                    {"goaway": true}              GOAWAY on all HTTP/2 connections but the asking one: the newer
                                                  half of their open streams, as far as they were not processed
                                                  (hold), never will be
  GET /_stats       counters
  GET /_last        the last Web Push message, decrypted, and its headers
)";

}  // namespace

const char* help_text() {
  return help;
}

}  // namespace pusher::emulator
