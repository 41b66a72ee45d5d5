import type { StandardSchemaV1 } from '@standard-schema/spec';
import { expect, expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import { blobs } from '../../test/blobs.ts';
import { SimganError } from '../errors.ts';
import { describeOptions, parseOptions, pluginFactory } from './options.ts';
import { definePlugin, type Plugin } from './plugin.ts';

const schema = z.object({
  size: z.int().min(8).max(64).default(12).describe('Side of the pictures, pixels.'),
  light: z.enum(['day', 'night']).default('day').describe('The light.'),
  sigma: z.number().min(0).optional().describe('Blur, pixels.'),
  noise: z.boolean().default(false),
  limits: z.tuple([z.number(), z.number().max(9)]).optional(),
  kind: z.union([z.literal('off'), z.number().max(3)]).default('off'),
  folder: z.string().optional(),
  camera: z.object({ focal: z.number().max(50) }).optional(),
});

const made = pluginFactory(schema, ({ size, ...options }) => ({
  ...blobs({ width: size, height: size, channels: 1, bits: 8 }),
  display: { paint: (image) => image, legend: [{ colors: [], label: JSON.stringify(options) }] },
}));

/** What a call of the function throws. */
function refusalOf(call: () => unknown): SimganError {
  try {
    call();
  } catch (error) {
    expect(error).toBeInstanceOf(SimganError);
    return error as SimganError;
  }
  throw new Error('Nothing was thrown.');
}

test('a factory makes the plugin from its options, defaults filled in', () => {
  expect(made().image).toMatchObject({ width: 12, height: 12 });
  expect(made({}).image.width).toBe(12);
  const plugin = made({ size: 20, light: 'night', sigma: 0 });
  expect(plugin.image.width).toBe(20);
  expect(JSON.parse(plugin.display.legend[0]!.label)).toEqual({
    light: 'night',
    sigma: 0,
    noise: false,
    kind: 'off',
  });
  expect(made.options).toBe(schema);
});

test('the types of options and plugin are those of schema and parts', () => {
  // @ts-expect-error no such light
  expect(() => made({ light: 'dusk' })).toThrow();
  // @ts-expect-error no such option
  expect(() => made({ sice: 9 })).toThrow();
  expectTypeOf(made).parameter(0).toEqualTypeOf<z.input<typeof schema> | undefined>();
  expectTypeOf(made()).toExtend<Plugin>();
  expectTypeOf(made().recipes.quick.steps).toEqualTypeOf<number>();
  expectTypeOf(made().standIn).not.toEqualTypeOf<undefined>();
});

test('an unknown key is refused with the nearest one and all there are', () => {
  const keys = 'size, light, sigma, noise, limits, kind, folder, camera';
  const call = () => parseOptions(schema, { sice: 20, zzzzzz: 1 });
  expect(refusalOf(call)).toMatchObject({
    code: 'INVALID_ARGUMENT',
    problems: [
      `There is no option sice. Did you mean size? Available options: ${keys}.`,
      `There is no option zzzzzz. Available options: ${keys}.`,
    ],
  });
  expect(refusalOf(() => parseOptions(z.object({}), { size: 1 })).problems).toEqual([
    'There is no option size. There are none.',
  ]);
  // A schema that refuses unknown keys itself says nothing twice.
  expect(
    refusalOf(() => parseOptions(z.strictObject({ size: z.number() }), { size: 1, seed: 2 })).problems,
  ).toEqual(['There is no option seed. Available options: size.']);
});

test('everything that is wrong is reported at once, each with its key and value', () => {
  const options = { size: 4, light: 'dusk', noise: 'yes', camera: { focal: 99 }, limits: [1, 20], tint: 1 };
  const { message, problems } = refusalOf(() => parseOptions(schema, options));
  expect(problems).toEqual([
    expect.stringMatching(/^There is no option tint\./),
    'The option size is 4: it takes an integer from 8 to 64.',
    'The option light is "dusk": it takes "day" or "night".',
    'The option noise is "yes": it takes true or false.',
    'The option limits.1 is 20: it takes a number of at most 9.',
    'The option camera.focal is 99: it takes a number of at most 50.',
  ]);
  expect(message).toBe(`The options cannot be used. ${problems.join(' ')}`);
  expect(refusalOf(() => parseOptions(schema, { folder: ['x'.repeat(200)] })).message.length).toBeLessThan(
    220,
  );
  expect(refusalOf(() => made({ size: 9.5 })).problems).toHaveLength(1);
  expect(refusalOf(() => parseOptions(schema, { kind: 4 })).problems).toEqual([
    'The option kind is 4: it takes "off" or a number of at most 3.',
  ]);
  // What an author says is said.
  const even = z.object({
    size: z
      .int()
      .min(8, 'Use at least 8')
      .refine((size) => size % 2 === 0, 'Use an even size'),
  });
  expect(refusalOf(() => parseOptions(even, { size: 9 })).problems).toEqual([
    'The option size is 9: use an even size.',
  ]);
  expect(refusalOf(() => parseOptions(even, { size: 6 })).problems).toEqual([
    'The option size is 6: use at least 8.',
  ]);
});

test.each([[[1]], ['size=9'], [null], [7]])('options must be an object, not %j', (options) => {
  expect(refusalOf(() => parseOptions(schema, options)).message).toBe(
    `The options cannot be used. The options are ${JSON.stringify(options)}, not an object of keys and values.`,
  );
});

test('options are described by key, type, default and description', () => {
  expect(describeOptions(schema)).toEqual([
    { key: 'size', type: 'integer from 8 to 64', description: 'Side of the pictures, pixels.', default: 12 },
    { key: 'light', type: '"day" | "night"', description: 'The light.', default: 'day' },
    { key: 'sigma', type: 'number of at least 0', description: 'Blur, pixels.' },
    { key: 'noise', type: 'true | false', description: '', default: false },
    { key: 'limits', type: '[number, number of at most 9]', description: '' },
    { key: 'kind', type: '"off" | number of at most 3', description: '', default: 'off' },
    { key: 'folder', type: 'string', description: '' },
    { key: 'camera', type: 'object', description: '' },
  ]);
  expect(describeOptions(z.object({ count: z.int() }))).toEqual([
    { key: 'count', type: 'integer', description: '' },
  ]);
  expect(describeOptions(z.object({}))).toEqual([]);
});

/** A validator that speaks Standard Schema alone: it cannot say which keys there are. */
const plain: StandardSchemaV1<{ size?: number }, { size: number }> = {
  '~standard': {
    version: 1,
    vendor: 'test',
    validate(value) {
      const { size = 12, ...rest } = value as { size?: unknown };
      const [unknown] = Object.keys(rest);
      if (unknown) return { issues: [{ message: `Unknown key ${unknown}` }] };
      return typeof size === 'number'
        ? { value: { size } }
        : { issues: [{ message: 'Not a number', path: [{ key: 'size' }] }] };
    },
  },
};

test('a schema that does not describe its options works too', () => {
  const factory = pluginFactory(plain, ({ size }) => {
    const { apiVersion: _, ...parts } = blobs({ width: size, height: size, channels: 1, bits: 8 });
    return definePlugin(parts);
  });
  expect(factory().image.width).toBe(12);
  expect(factory({ size: 30 }).image.width).toBe(30);
  expect(describeOptions(plain)).toBeUndefined();
  expect(refusalOf(() => parseOptions(plain, { size: 'wide' })).problems).toEqual([
    'The option size is "wide": not a number.',
  ]);
  expect(refusalOf(() => parseOptions(plain, { sice: 1 })).problems).toEqual(['Unknown key sice.']);
});

test('a schema that validates asynchronously is refused', () => {
  const slow = z.object({ size: z.number() }).refine(async () => true);
  expect(
    refusalOf(() =>
      parseOptions({ '~standard': { ...plain['~standard'], validate: async () => ({ value: {} }) } }, {}),
    ),
  ).toMatchObject({
    code: 'INVALID_PLUGIN',
    message: expect.stringContaining('validates asynchronously'),
  });
  expect(refusalOf(() => parseOptions(slow, { size: 1 }))).toMatchObject({ code: 'INVALID_PLUGIN' });
});
