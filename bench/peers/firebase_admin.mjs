// firebase-admin's sendEach. It opens a connection for each call; so several calls of 500 are under way at a time.
import http2 from 'node:http2';
import { initializeApp } from 'firebase-admin/app';
import { getMessaging } from 'firebase-admin/messaging';
import { adminMessage, credential, serviceAccount } from './fcm.mjs';
import { ready } from './peer.mjs';

export const BATCH = 500; // the most that a call takes

// Its gateway's name is a constant of its own: connections to that go to the emulator. It writes the scheme as `https:`, which
// Google's front end forgives and nghttp2, on which the emulator runs, does not. Nothing else of it is changed.
const connect = http2.connect;
http2.connect = (authority, ...rest) => {
  if (authority !== 'https://fcm.googleapis.com') return connect(authority, ...rest);
  const session = connect(ready.base_url, ...rest);
  const request = session.request;
  session.request = (headers, ...more) => {
    headers[':scheme'] = 'https';
    return request.call(session, headers, ...more);
  };
  return session;
};

const messaging = getMessaging(initializeApp({ credential, projectId: serviceAccount.project_id }));
const RETRYABLE = new Set(['messaging/server-unavailable', 'messaging/internal-error', 'messaging/message-rate-exceeded',
  'app/network-timeout']);

/// For each token {id} or {code, retry}, in their order.
export async function sendBatch(tokens) {
  const { responses } = await messaging.sendEach(tokens.map(adminMessage));
  return responses.map(({ success, messageId, error }) =>
    success ? { id: messageId } : { code: error.code, retry: RETRYABLE.has(error.code) });
}
