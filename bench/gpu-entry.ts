/** @file The program of the archive that {@link file://./gpu-bundle.ts} makes. */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { runGpuBench } from './gpu-options.ts';

const report: string[] = [];
// Written line by line: what was measured survives an end by force.
const say = (line = '') => {
  report.push(line);
  process.stdout.write(`${line}\n`);
  writeFileSync('gpu-results.md', `${report.join('\n')}\n`);
};
const { values } = parseArgs({
  options: { dry: { type: 'boolean' }, tune: { type: 'boolean' }, check: { type: 'boolean' } },
});
await runGpuBench(values, { say, tiles: 'tiles.json' });
process.exit(0);
