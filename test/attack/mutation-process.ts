/** @file A process that damages one kind of input and prints what came of it, a JSON line for each attempt. */
import { parseArgs } from 'node:util';
import { attemptsAt, mutationKinds } from './mutations.ts';

const { values } = parseArgs({
  options: {
    kind: { type: 'string' },
    seed: { type: 'string' },
    from: { type: 'string' },
    to: { type: 'string' },
  },
});
const kind = mutationKinds.find(({ name }) => name === values.kind)!;
const range = { seed: Number(values.seed), from: Number(values.from), to: Number(values.to) };
for await (const attempt of attemptsAt(kind, range)) process.stdout.write(`${JSON.stringify(attempt)}\n`);
process.stdout.write('"done"\n');
