/** @file The wasm engine in a process of its own: one request per line, as for `peer.py`. */
import { createInterface } from 'node:readline';
import { ours, type Setting, type StepName, type Subject } from './subjects.ts';

process.stdout.write(`${JSON.stringify({ version: 'wasm' })}\n`);
const subjects = new Map<string, Promise<Subject>>();
for await (const line of createInterface({ input: process.stdin })) {
  const { step, network, batch } = JSON.parse(line) as Setting & { step: StepName };
  const key = `${network} ${batch}`;
  const subject = subjects.get(key) ?? ours('wasm', { network, batch, threads: 1 });
  subjects.set(key, subject);
  process.stdout.write(`${JSON.stringify({ ms: await (await subject).run(step) })}\n`);
}
process.exit(0);
