/**
 * @file `npm run attack`: damages every kind of input, kills processes, sets rivals on one folder and hostile addresses
 * on downloads. Minutes of work; the same seed makes the same attempts. Exits with 1 if one of them succeeds.
 */
import { parseArgs } from 'node:util';
import { runAddresses } from './addresses.ts';
import { killKinds, runKills } from './kills.ts';
import { mutationKinds } from './mutations.ts';
import { runRivals } from './rivals.ts';
import { runMutations } from './run-mutations.ts';
import { type Tally, tableOf } from './tally.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    count: { type: 'string', default: '1000' },
    only: { type: 'string', multiple: true, default: [] },
    help: { type: 'boolean', default: false },
  },
});
const [seed, count] = [Number(values.seed), Number(values.count)];
// Kills and rivals are processes of seconds each.
const few = Math.max(1, Math.round(count / 50));

const attacks: readonly { readonly name: string; run(): Promise<Tally> }[] = [
  ...mutationKinds.map((kind) => ({ name: kind.name, run: () => runMutations(kind, seed, count) })),
  ...killKinds.map((name) => ({ name, run: () => runKills(name, seed, few) })),
  { name: 'rivals', run: () => runRivals(seed, Math.max(1, Math.round(few / 10))) },
  { name: 'addresses', run: () => runAddresses(seed, Math.max(3, Math.round(few / 3))) },
];

const usage = `npm run attack -- [--seed 1] [--count 1000] [--only KIND]...
  --seed   Another seed makes other attempts. Default: 1.
  --count  Attempts for each kind of damage; a 50th of it for kills. Default: 1000.
  --only   A kind, or part of its name; several times for several. Default: all of
           ${attacks.map(({ name }) => name).join(', ')}.`;

if (values.help || !Number.isSafeInteger(seed) || !Number.isSafeInteger(count) || count < 1) {
  process.stdout.write(`${usage}\n`);
  process.exitCode = values.help ? 0 : 2;
} else {
  const chosen = attacks.filter(
    ({ name }) => values.only.length === 0 || values.only.some((part) => name.includes(part)),
  );
  const tallies: Tally[] = [];
  for (const { name, run } of chosen) {
    process.stderr.write(`${name} ...\n`);
    const tally = await run();
    tallies.push(tally);
    const { success, rejected, sentence } = tally.counts;
    process.stderr.write(
      `  success ${success}, rejected ${rejected}, sentence ${sentence}, failures ${tally.failures.length}\n`,
    );
  }
  process.stdout.write(`${tableOf(tallies)}\n`);
  const isBroken = chosen.length === 0 || tallies.some(({ failures }) => failures.length > 0);
  if (chosen.length === 0) process.stdout.write(`There is no such kind.\n${usage}\n`);
  process.exitCode = isBroken ? 1 : 0;
}
