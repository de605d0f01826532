// @parse/node-apn: one notification to lists of tokens, over several connections (its MultiProvider).
import apn from '@parse/node-apn';
import { content, obey, ready, scene, sendAll } from './peer.mjs';

const BATCH = 100; // it queues what the gateway's streams cannot take, with its time-out running
const { host, port } = new URL(ready.apns_base_url);
const provider = new apn.MultiProvider({ clientCount: scene.connections, address: host, port: Number(port), ca: [ready.ca_file],
  token: { key: ready.apns_key_file, keyId: ready.apns_key_id, teamId: ready.apns_team_id } });
const note = new apn.Notification({ alert: { title: content.title, body: content.body }, payload: content.data,
  topic: ready.apns_topic, pushType: 'alert', expiry: scene.expires_at });
const RETRYABLE = new Set([429, 500, 503]);

await obey((tokens) => sendAll(tokens, { batch: BATCH, parallel: scene.connections }, async (taken) => {
  const { failed } = await provider.send(note, taken);
  const again = failed.filter(({ status }) => status === undefined || RETRYABLE.has(Number(status)));
  return { retry: again.map(({ device }) => device),
    refused: failed.filter((each) => !again.includes(each)).map(({ response }) => response.reason) };
}));
