// web-push: a call for each subscription, over connections that stay open.
import { Agent } from 'node:https';
import webpush from 'web-push';
import { content, obey, ready, scene, sendAll } from './peer.mjs';

const SOCKETS = scene.connections * 25; // HTTP/1.1: one request at a time on each
const agent = new Agent({ keepAlive: true, maxSockets: SOCKETS });
const { publicKey, privateKey } = webpush.generateVAPIDKeys();
webpush.setVapidDetails('mailto:ops@example.com', publicKey, privateKey);
const payload = JSON.stringify({ title: content.title, body: content.body, data: content.data });
const keys = { p256dh: ready.webpush_p256dh, auth: ready.webpush_auth };
const RETRYABLE = new Set([429, 500, 503]);

await obey((tokens) => sendAll(tokens, { batch: 1, parallel: SOCKETS }, async ([token]) => {
  try {
    await webpush.sendNotification({ endpoint: `${ready.webpush_base_url}/wpush/${token}`, keys }, payload,
      { agent, TTL: scene.ttl_seconds });
    return {};
  } catch (error) {
    const again = error.statusCode === undefined || RETRYABLE.has(error.statusCode);
    return again ? { retry: [token] } : { refused: [String(error.statusCode)] };
  }
}));
