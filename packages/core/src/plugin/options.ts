import type { StandardJSONSchemaV1, StandardSchemaV1 } from '@standard-schema/spec';
import { SimganError } from '../errors.ts';
import { suggestion } from '../suggestion.ts';
import type { Plugin } from './plugin.ts';

/**
 * A schema of a plugin's options: any Standard Schema validator. If it also implements Standard JSON Schema (zod
 * does), its keys, defaults and descriptions appear in help texts, and unknown keys are rejected with the nearest
 * known one.
 */
export type OptionsSchema<Input, Output = Input> = StandardSchemaV1<Input, Output>;

/** Creates a plugin from options, and declares its options. The default export of a plugin's package. */
export interface PluginFactory<Options = never, Made extends Plugin = Plugin> {
  (options?: Options): Made;
  readonly options: StandardSchemaV1;
}

/** One option of a plugin, as a help text shows it. */
export interface OptionDescription {
  readonly key: string;
  /** The allowed values, such as `true | false` or `integer from 8 to 1024`; empty if the schema does not say. */
  readonly type: string;
  readonly description: string;
  /** Absent if the option has no default. */
  readonly default?: unknown;
}

/**
 * Creates a factory whose options are parsed by a schema before they are used.
 *
 * @param schema - the schema of the options: an object with a default for every key.
 * @param create - creates the plugin from parsed options.
 * @throws SimganError INVALID_ARGUMENT, when the factory is called, naming every option that cannot be used.
 * @example
 * const options = z.object({ brightness: z.int().min(1).max(255).default(180).describe('Of the cross') });
 * const crosses = pluginFactory(options, ({ brightness }) => definePlugin({ ...plugin, name: `crosses-${brightness}` }));
 * const bright = crosses({ brightness: 250 });
 */
export function pluginFactory<Input, Output, Made extends Plugin>(
  schema: OptionsSchema<Input, Output>,
  create: (options: Output) => Made,
): PluginFactory<Input, Made> {
  return Object.assign((options?: Input) => create(parseOptions(schema, options ?? {})), { options: schema });
}

/**
 * Parses options by their schema and fills in defaults.
 *
 * @throws SimganError INVALID_ARGUMENT with everything that is wrong in `problems`: key, value, and the nearest key;
 * INVALID_PLUGIN if the schema validates asynchronously.
 */
export function parseOptions<Output>(schema: StandardSchemaV1<unknown, Output>, options: unknown): Output {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw refused([`The options are ${shown(options)}, not an object of keys and values.`]);
  }
  const described = jsonSchemaOf(schema);
  const known = described && Object.keys(described.properties ?? {});
  const problems = (known ? Object.keys(options).filter((key) => !known.includes(key)) : []).map((key) => {
    const choices = known!.length > 0 ? ` Available options: ${known!.join(', ')}.` : ' There are none.';
    return `There is no option ${key}.${suggestion(key, known!)}${choices}`;
  });
  const result = schema['~standard'].validate(options);
  if (result instanceof Promise) {
    throw new SimganError(
      'INVALID_PLUGIN',
      'The schema of the plugin options validates asynchronously, which a factory cannot wait for. Use a synchronous one.',
    );
  }
  for (const { message, path = [] } of result.issues ?? []) {
    const keys = path.map((part) => (typeof part === 'object' ? part.key : part));
    // Issues without a path are about unknown keys, which are reported above if the schema lists its keys.
    if (keys.length === 0) {
      if (problems.length === 0) problems.push(`${message}.`);
      continue;
    }
    const value = keys.reduce<unknown>(
      (at, key) => (at as Record<PropertyKey, unknown> | undefined)?.[key],
      options,
    );
    const type = SAYS_TYPE.test(message) ? typeOf(schemaAt(described, keys)) : '';
    const wanted =
      type && type !== 'string' && type !== 'object' ? `it takes ${inWords(type)}` : lowerFirst(message);
    problems.push(`The option ${keys.join('.')} is ${shown(value)}: ${wanted}.`);
  }
  if (problems.length > 0 || result.issues) throw refused(problems);
  return result.value;
}

/** How zod begins a message that says no more than the type of an option does. */
const SAYS_TYPE = /^(Too small|Too big|Invalid input|Invalid option): /;

/** The options of a schema; `undefined` if it does not implement Standard JSON Schema. */
export function describeOptions(schema: StandardSchemaV1): OptionDescription[] | undefined {
  const described = jsonSchemaOf(schema);
  if (!described) return undefined;
  return Object.entries(described.properties ?? {}).map(([key, property]) => ({
    key,
    type: typeOf(property),
    description: property.description ?? '',
    ...(property.default !== undefined && { default: property.default }),
  }));
}

interface JsonSchema {
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly description?: string;
  readonly default?: unknown;
  readonly anyOf?: readonly JsonSchema[];
  readonly prefixItems?: readonly JsonSchema[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
}

function jsonSchemaOf(schema: StandardSchemaV1): JsonSchema | undefined {
  const { jsonSchema } = schema['~standard'] as Partial<StandardJSONSchemaV1.Props>;
  return jsonSchema?.input({ target: 'draft-2020-12' }) as JsonSchema | undefined;
}

/** The schema of what is at a path within the options; an empty one if they do not say. */
function schemaAt(schema: JsonSchema | undefined, keys: readonly PropertyKey[]): JsonSchema {
  return keys.reduce<JsonSchema>(
    ({ properties, prefixItems }, key) => properties?.[String(key)] ?? prefixItems?.[Number(key)] ?? {},
    schema ?? {},
  );
}

function typeOf({
  type,
  enum: values,
  const: value,
  minimum,
  maximum,
  anyOf,
  prefixItems,
}: JsonSchema): string {
  if (values) return values.map((one) => JSON.stringify(one)).join(' | ');
  if (value !== undefined) return JSON.stringify(value);
  if (anyOf) return anyOf.map(typeOf).join(' | ');
  if (prefixItems) return `[${prefixItems.map(typeOf).join(', ')}]`;
  if (type === 'boolean') return 'true | false';
  if (type !== 'number' && type !== 'integer') return type ?? '';
  // zod bounds integers by the safe range of a double, which no reader of a help text needs.
  const low = minimum !== undefined && minimum > Number.MIN_SAFE_INTEGER ? minimum : undefined;
  const high = maximum !== undefined && maximum < Number.MAX_SAFE_INTEGER ? maximum : undefined;
  if (low !== undefined && high !== undefined) return `${type} from ${low} to ${high}`;
  if (low !== undefined) return `${type} of at least ${low}`;
  return high !== undefined ? `${type} of at most ${high}` : type;
}

/** A type of a help text within a sentence. */
function inWords(type: string): string {
  return type
    .split(' | ')
    .map((one) => (one.startsWith('integer') ? `an ${one}` : one.startsWith('number') ? `a ${one}` : one))
    .join(' or ');
}

function refused(problems: readonly string[]): SimganError {
  return new SimganError('INVALID_ARGUMENT', `The options cannot be used. ${problems.join(' ')}`, {
    problems,
  });
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}

function lowerFirst(text: string): string {
  return text.replace(/^Invalid input: /, '').replace(/^[A-Z](?=[a-z])/, (letter) => letter.toLowerCase());
}
