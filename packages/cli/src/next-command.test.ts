import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { augmentCommand } from './next-command.ts';

test('a suggested command repeats the plugin with its options, and says nothing of what was not given', () => {
  const hands = { plugin: 'depth-hands', pluginOption: { size: 64, view: 'frontal', forearm: [10, 50] } };
  expect(augmentCommand(hands, { real: 'frames', realFormat: 'sr305', match: undefined })).toBe(
    "simgan-cli augment --plugin depth-hands --plugin-option size=64 --plugin-option view=frontal --plugin-option 'forearm=[10,50]' --real frames --real-format sr305",
  );
});

test('where the refiner names its plugin, the command does not', () => {
  expect(augmentCommand({}, { refiner: 'run', synthetic: 'DIR' })).toBe(
    'simgan-cli augment --refiner run --synthetic DIR',
  );
});

test('a shell reads it as it was meant', () => {
  const names = ['my photos', "Ada's", '$HOME; rm *', 'plain-1.0_x/é'];
  for (const name of names) {
    const command = augmentCommand({ plugin: 'eyes' }, { real: name });
    const words = execFileSync('sh', ['-c', `printf '%s\\n' ${command}`], { encoding: 'utf8' });
    expect(words.split('\n').slice(0, -1)).toEqual([
      'simgan-cli',
      'augment',
      '--plugin',
      'eyes',
      '--real',
      name,
    ]);
  }
});
