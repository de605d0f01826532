// FCM by Node's http2 module alone: the least that JavaScript can do for a push. Connections stay open, each with as many
// streams as the gateway allows.
import http2 from 'node:http2';
import { credential, message, path } from './fcm.mjs';
import { ready, scene } from './peer.mjs';

export const STREAMS = 100;
const RETRYABLE = new Set([429, 500, 503]);
const REFRESH_MS = 50 * 60 * 1000;

const sessions = [];

function session(number) {
  let open = sessions[number];
  if (open === undefined || open.closed || open.destroyed) {
    open = sessions[number] = http2.connect(ready.base_url, { peerMaxConcurrentStreams: STREAMS });
    open.on('error', () => {}); // its requests say it
  }
  return open;
}

let minting, minted = 0;

/// One for all that ask meanwhile.
function authorization() {
  if (Date.now() - minted > REFRESH_MS) {
    minted = Date.now();
    minting = credential.getAccessToken().then((token) => `Bearer ${token.access_token}`);
  }
  return minting;
}

let turn = 0;

/// {id} or {code, retry}.
export async function send(token) {
  const bearer = await authorization();
  const body = JSON.stringify({ message: message(token) });
  return new Promise((resolve) => {
    const stream = session(turn++ % scene.connections).request({ ':method': 'POST', ':path': path,
      authorization: bearer, 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) });
    let status = 0, text = '';
    stream.setEncoding('utf8');
    stream.on('response', (headers) => { status = headers[':status']; });
    stream.on('data', (piece) => { text += piece; });
    stream.on('error', (error) => resolve({ code: error.code, retry: true }));
    stream.on('end', () => {
      if (status === 200) resolve({ id: JSON.parse(text).name });
      else resolve({ code: String(status), retry: RETRYABLE.has(status) });
    });
    stream.end(body);
  });
}

export const sendBatch = (tokens) => Promise.all(tokens.map(send));
