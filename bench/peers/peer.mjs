// What every peer here shares. The driver writes orders to its standard input, a JSON line each, and reads an answer to each:
// {"tokens": FILE} -> {"accepted": N, "failed": N, "why": {code: N}}. The first order warms it up.
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';

export const scene = JSON.parse(readFileSync(process.argv[2], 'utf8'));
export const { ready, content } = scene;

// As a careful team would have it: what may be tried again is, after the second that the gateway asks for, four times.
const MOST_ATTEMPTS = 5;
const RETRY_MS = 1000;

/// `send(tokens)` gives the tokens to try again and the codes of those that are refused for good; `parallel` calls of
/// `batch` tokens are under way at any time.
export async function sendAll(tokens, { batch, parallel }, send) {
  const tally = { accepted: 0, failed: 0, why: {} };
  for (let attempt = 1; tokens.length > 0; ++attempt) {
    if (attempt > 1) await wait(RETRY_MS);
    const again = [];
    let next = 0;
    const worker = async () => {
      while (next < tokens.length) {
        const taken = tokens.slice(next, (next += batch));
        const { retry = [], refused = [] } = await send(taken);
        const last = attempt === MOST_ATTEMPTS;
        if (last) refused.push(...retry.map(() => 'attempts'));
        else again.push(...retry);
        for (const code of refused) tally.why[code] = (tally.why[code] ?? 0) + 1;
        tally.failed += refused.length;
        tally.accepted += taken.length - refused.length - (last ? 0 : retry.length);
      }
    };
    await Promise.all(Array.from({ length: parallel }, worker));
    tokens = again;
  }
  return tally;
}

/// Of the answers to `tokens`, in their order, {id} or {code, retry}: what to try again and what is refused.
export function sorted(tokens, answers) {
  const retry = [], refused = [];
  answers.forEach(({ code, retry: again }, index) => {
    if (again) retry.push(tokens[index]);
    else if (code) refused.push(code);
  });
  return { retry, refused };
}

export async function obey(send) {
  for await (const line of createInterface({ input: process.stdin })) {
    const tokens = readFileSync(JSON.parse(line).tokens, 'utf8').split('\n').filter(Boolean);
    process.stdout.write(JSON.stringify(await send(tokens)) + '\n');
  }
  process.exit(0);
}
