// `npm run test:slurm` says what to install where this is skipped.
import { execFile, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const programs = ['munged', 'slurmctld', 'slurmd', 'sbatch', 'scontrol', 'squeue', 'scancel'];
const isThere = (program: string) => spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;
const isPossible = process.platform === 'linux' && process.getuid?.() === 0 && programs.every(isThere);

test.skipIf(!isPossible)(
  'an array of tasks on a SLURM of its own writes what a single run writes (needs slurm-wlm, munge and root)',
  async () => {
    const script = fileURLToPath(new URL('run.sh', import.meta.url));
    const { stdout } = await promisify(execFile)('bash', [script]);
    expect(stdout).toMatch(/every file of \d+ is that of the single run/);
  },
);
