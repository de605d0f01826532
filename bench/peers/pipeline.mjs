// The durable pipeline that a team would build: an API that stores and queues, BullMQ on Redis, workers that send and
// store a row for each device. `pipeline.mjs SCENE api`, `pipeline.mjs SCENE worker firebase_admin|http2_client`.
import { createServer } from 'node:http';
import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { scene } from './peer.mjs';
import * as stores from './pipeline_stores.mjs';

const PAGE = 5000;
const BATCH = 500; // what sendEach takes; a job for each device would cost as much as the sending
const MOST_ATTEMPTS = 5;
const RETRY_MS = 1000;
const DEAD = new Set(['messaging/registration-token-not-registered', '404']);

const connection = new Redis({ host: '127.0.0.1', port: scene.redis_port, maxRetriesPerRequest: null });
const keepFew = { removeOnComplete: true, removeOnFail: 1000, attempts: MOST_ATTEMPTS,
  backoff: { type: 'exponential', delay: RETRY_MS } };
const launches = new Queue('launches', { connection, defaultJobOptions: keepFew });
const batches = new Queue('batches', { connection, defaultJobOptions: keepFew });

async function fanOut({ data: { notification } }) {
  let { last_device: last } = await stores.progress(notification);
  for (let devices; (devices = await stores.page(last, PAGE)).length > 0;) {
    const jobs = [];
    for (let from = 0; from < devices.length; from += BATCH) {
      const part = devices.slice(from, from + BATCH);
      jobs.push({ name: 'batch', opts: { jobId: `${notification}-${part[0].id}` },
        data: { notification, attempt: 1, ids: part.map(({ id }) => id), tokens: part.map(({ token }) => token) } });
    }
    await batches.addBulk(jobs);
    last = devices.at(-1).id;
    await stores.pageDone(notification, last, devices.length);
  }
  await stores.allPagesDone(notification);
}

function outcomeOf({ id, code }) {
  if (id) return 'accepted';
  return DEAD.has(code) ? 'unregistered' : 'failed';
}

const sendJob = (sendBatch) => async ({ id, data: { notification, attempt, ids, tokens } }) => {
  const answers = await sendBatch(tokens);
  const again = { ids: [], tokens: [] }, rows = [];
  answers.forEach((answer, index) => {
    if (answer.retry && attempt < MOST_ATTEMPTS) {
      again.ids.push(ids[index]);
      again.tokens.push(tokens[index]);
    } else {
      rows.push([ids[index], outcomeOf(answer), answer.id ?? null, answer.code ?? null, attempt]);
    }
  });
  if (again.ids.length > 0)
    await batches.add('batch', { notification, attempt: attempt + 1, ...again }, { delay: RETRY_MS, jobId: `${id}-${attempt}` });
  await stores.record(notification, rows);
};

async function bodyOf(request) {
  let text = '';
  for await (const piece of request.setEncoding('utf8')) text += piece;
  return JSON.parse(text);
}

async function answer(request) {
  const [, resource, id, part] = request.url.split('/');
  if (request.method === 'GET') return part === 'outcomes' ? stores.outcomes(id) : stores.progress(id);
  if (resource === 'devices') return stores.addDevices(await bodyOf(request));
  const notification = await stores.create(await bodyOf(request));
  await launches.add('launch', { notification }, { jobId: `launch-${notification}` });
  return { id: notification };
}

async function serve() {
  await stores.makeTables();
  new Worker('launches', fanOut, { connection: connection.duplicate() });
  createServer((request, response) => answer(request).then(
    (body) => response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body ?? {})),
    (error) => response.writeHead(500).end(String(error)))).listen(scene.api_port, '127.0.0.1');
}

async function work(sender) {
  const { sendBatch } = await import(`./${sender}.mjs`);
  const worker = new Worker('batches', sendJob(sendBatch), { connection: connection.duplicate(), concurrency: scene.connections });
  worker.on('error', console.error);
  await worker.waitUntilReady();
}

const [, , , role, sender] = process.argv;
await (role === 'api' ? serve() : work(sender));
console.log('ready');
