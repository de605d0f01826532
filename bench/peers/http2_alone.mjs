// Node's http2 module, as a service that is given lists of tokens.
import { PARALLEL, send } from './http2_client.mjs';
import { obey, sendAll, sorted } from './peer.mjs';

await obey((tokens) => sendAll(tokens, { batch: 1, parallel: PARALLEL }, async (taken) => sorted(taken, [await send(taken[0])])));
