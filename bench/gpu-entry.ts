/** @file The program of the archive that {@link file://./gpu-bundle.ts} makes. */
import { writeFileSync } from 'node:fs';
import { benchGpu } from './gpu.ts';
import { describeGpuSteps } from './gpu-dry.ts';

const report: string[] = [];
const say = (line = '') => {
  report.push(line);
  process.stdout.write(`${line}\n`);
};
await (process.argv.includes('--dry') ? describeGpuSteps(say) : benchGpu(say));
writeFileSync('gpu-results.md', `${report.join('\n')}\n`);
process.exit(0);
