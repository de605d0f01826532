// firebase-admin, as a service that is given lists of tokens.
import { BATCH, sendBatch } from './firebase_admin.mjs';
import { obey, scene, sendAll, sorted } from './peer.mjs';

await obey((tokens) => sendAll(tokens, { batch: BATCH, parallel: scene.connections },
  async (taken) => sorted(taken, await sendBatch(taken))));
