// Node's http2 module, as a service that is given lists of tokens. A batch for each connection at a time: its requests leave in
// few writes, which costs a fifth less than to send the next as each is answered.
import { sendBatch, STREAMS } from './http2_client.mjs';
import { obey, scene, sendAll, sorted } from './peer.mjs';

await obey((tokens) => sendAll(tokens, { batch: STREAMS, parallel: scene.connections },
  async (taken) => sorted(taken, await sendBatch(taken))));
