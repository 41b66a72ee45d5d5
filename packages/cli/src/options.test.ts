import { expect, test } from 'vitest';
import { UsageError } from './errors.ts';
import {
  asFlags,
  choice,
  excluding,
  flag,
  folder,
  helpLines,
  keyValues,
  parsed,
  readOptions,
  requiredText,
  text,
  whole,
} from './options.ts';

const table = {
  name: requiredText('NAME', 'Who'),
  count: excluding(whole('How many', { least: 1, otherwise: 10 }), { from: 'all of that folder are taken' }),
  limit: whole('At most', { least: 0, otherwise: undefined }),
  mode: choice(['fast', 'slow'], 'How', 'fast'),
  set: keyValues('Anything'),
  from: { ...folder('Where from'), insteadOfRepeating: 'Run it for each.' },
  note: text('TEXT', 'A remark'),
  loud: flag('Shout'),
};
const defaults = {
  name: 'a',
  count: 10,
  limit: undefined,
  mode: 'fast',
  set: {},
  from: undefined,
  note: undefined,
  loud: false,
};

test.each<[args: string, values: object]>([
  ['--name a', {}],
  ['--name=a', {}],
  ['--name a --count 3 --loud', { count: 3, loud: true }],
  ['--name a --limit 0 --mode slow', { limit: 0, mode: 'slow' }],
  ['--name a --set x=1 --set y=[true] --set z=a=b --set w=', { set: { x: 1, y: [true], z: 'a=b', w: '' } }],
  ['--name a --from ../pictures --note=--loud', { from: '../pictures', note: '--loud' }],
])('%s', (args, values) => {
  expect(readOptions(table, args.split(' '))).toEqual({ ...defaults, ...values });
});

test.each<[args: string, problems: string[]]>([
  ['', ['--name: expected NAME, which must be given']],
  ['--name', ['--name needs an argument: --name NAME']],
  ['--name=', ['--name: expected NAME, which must be given']],
  ['--name a --name b', ['--name is given more than once.']],
  ['--name a --from b --from c', ['--from is given more than once. Run it for each.']],
  ['--name a --count 0', ['--count: expected a whole number of at least 1 but received "0"']],
  ['--name a --count -3', ['--count: expected a whole number of at least 1 but received "-3"']],
  ['--name a --count 2.5', ['--count: expected a whole number of at least 1 but received "2.5"']],
  ['--name a --count 1e99', ['--count: expected a whole number of at least 1 but received "1e99"']],
  ['--name a --count= ', ['--count: expected a whole number of at least 1 but received ""']],
  ['--name a --mode medium', ['--mode: expected one of fast, slow but received "medium"']],
  ['--name a --set x', ['--set: expected KEY=VALUE but received "x"']],
  ['--name a --set =1', ['--set: expected KEY=VALUE but received "=1"']],
  ['--name a --note=', ['--note: expected TEXT but received nothing']],
  [
    '--name a --from https://example.org/p',
    [
      '--from: expected a folder on this machine but received the address https://example.org/p; download it first',
    ],
  ],
  ['--name --loud', ['--name needs an argument, and --loud is an option. If it is meant: --name=--loud']],
  ['--name a --loud=yes', ['--loud takes no argument, but received "yes".']],
  ['--name a --coumt 3', ['Unknown option --coumt. Did you mean --count?']],
  ['--name a --constructor 3', ['Unknown option --constructor.']],
  ['--name a -x', ['Unknown option -x.']],
  ['--name a b', ['Unexpected argument "b": everything is passed as an option.']],
  ['--name a --count 3 --from d', ['--count has no place beside --from: all of that folder are taken.']],
  [
    '--coumt 3 --mode medium extra --limit x',
    [
      'Unknown option --coumt. Did you mean --count?',
      'Unexpected argument "extra": everything is passed as an option.',
      '--name: expected NAME, which must be given',
      '--limit: expected a whole number of at least 0 but received "x"',
      '--mode: expected one of fast, slow but received "medium"',
    ],
  ],
])('refused: %s', (args, problems) => {
  const read = () => readOptions(table, args.trim() === '' ? [] : args.trim().split(' '));
  expect(read).toThrow(UsageError);
  expect(problemsOf(read)).toEqual(problems);
});

test('a text with several things wrong has a line for each of them', () => {
  const failing = {
    batchSize: parsed('LIST', 'A list', () => {
      throw Object.assign(new Error('twice wrong'), { problems: ['the first is wrong', 'so is the second'] });
    }),
  };
  expect(problemsOf(() => readOptions(failing, ['--batch-size', 'x']))).toEqual([
    '--batch-size: the first is wrong',
    '--batch-size: so is the second',
  ]);
});

test('names of programs are flags on the command line, in options and in messages of the library', () => {
  const values = readOptions({ batchSize: whole('How many', { least: 1, otherwise: 4 }) }, [
    '--batch-size',
    '3',
  ]);
  expect(values).toEqual({ batchSize: 3 });
  expect(asFlags('pass `real` too, or `batchSize` 3 with `pluginOptions`; `This` stays')).toBe(
    'pass --real too, or --batch-size 3 with --plugin-option; `This` stays',
  );
});

test('the help lists every option, long ones on two lines', () => {
  const wide = { ...table, speed: choice(['very-slow', 'slow', 'fast', 'very-fast'], 'How fast', undefined) };
  expect(helpLines(wide)).toEqual([
    '  --name NAME                     Who',
    '  --count N                       How many. Default: 10.',
    '  --limit N                       At most',
    '  --mode fast|slow                How. Default: fast.',
    '  --set KEY=VALUE                 Anything',
    '  --from DIR                      Where from',
    '  --note TEXT                     A remark',
    '  --loud                          Shout',
    '  --speed very-slow|slow|fast|very-fast',
    '                                  How fast',
  ]);
});

function problemsOf(read: () => unknown): readonly string[] {
  try {
    read();
  } catch (error) {
    return (error as UsageError).problems;
  }
  return [];
}
