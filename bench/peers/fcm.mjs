// FCM for the peers: the message that all of them send, and access tokens.
import { createSign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { content, ready, scene } from './peer.mjs';

const account = JSON.parse(readFileSync(ready.service_account_file, 'utf8'));
export const path = `/v1/projects/${account.project_id}/messages:send`;
export const serviceAccount = account;

// A credential as firebase-admin's public interface takes one. Its own asks Google's host, whatever the account says.
export const credential = {
  async getAccessToken() {
    const encode = (part) => Buffer.from(JSON.stringify(part)).toString('base64url');
    const now = Math.floor(Date.now() / 1000);
    const claims = { iss: account.client_email, scope: 'https://www.googleapis.com/auth/firebase.messaging',
      aud: account.token_uri, iat: now, exp: now + 3600 };
    const signed = `${encode({ alg: 'RS256', typ: 'JWT', kid: account.private_key_id })}.${encode(claims)}`;
    const signature = createSign('RSA-SHA256').update(signed).sign(account.private_key, 'base64url');
    const answer = await fetch(account.token_uri, { method: 'POST', body: new URLSearchParams({
      grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion: `${signed}.${signature}` }) });
    if (!answer.ok) throw new Error(`no access token: ${answer.status} ${await answer.text()}`);
    return answer.json();
  },
};

const expires = String(scene.expires_at);
const ttl = String(scene.ttl_seconds);

/// One message as the HTTP v1 API has it.
export const message = (token) => ({
  notification: { title: content.title, body: content.body }, data: content.data, android: { ttl: `${ttl}s` },
  apns: { headers: { 'apns-expiration': expires } }, webpush: { headers: { TTL: ttl } }, token });

/// The same as firebase-admin takes it: it wants milliseconds.
export const adminMessage = (token) => ({ ...message(token), android: { ttl: scene.ttl_seconds * 1000 } });
