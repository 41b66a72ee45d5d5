import { existsSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { dirname, isAbsolute, join, resolve, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { inspect } from 'node:util';
import { type Plugin, type PluginFactory, SimganError } from '@simgan/core';
import { parseOptions, pluginProblems, suggestion } from '@simgan/core/plugin';
import { resolve as resolveModule } from 'import-meta-resolve';
import type { PluginOrigin } from '../render/protocol.ts';
import { listPlugins } from './list-plugins.ts';

/** A plugin, and where other threads find it. */
export interface LoadedPlugin {
  readonly plugin: Plugin;
  readonly origin: PluginOrigin;
}

/** Where plugins are looked for. */
export interface PluginPlace {
  /** The user's project. Default: the current folder. */
  readonly cwd?: string;
  /** The URL of a module whose packages are searched after the project's. Default: this package's. */
  readonly beside?: string;
}

/**
 * Finds a plugin by name and makes it with its options. A path is taken as it is: a module, or a folder with a
 * package.json. A name is looked for as `@simgan/plugin-NAME`, `simgan-plugin-NAME` and `NAME`, first in the user's
 * project, then beside this package.
 *
 * @throws SimganError INVALID_ARGUMENT saying what was tried, the nearest name and how to install it, or every option
 * that cannot be used; INVALID_PLUGIN if what is found is no plugin.
 * @example
 * const { plugin } = await loadPlugin('eyes', { color: true });
 */
export async function loadPlugin(
  name: string,
  options: Readonly<Record<string, unknown>> = {},
  place: PluginPlace = {},
): Promise<LoadedPlugin> {
  const { factory, module } = await loadFactory(name, place);
  if (factory.options) parseOptions(factory.options, options);
  let plugin: Partial<Plugin> | undefined;
  try {
    plugin = (await (factory as (options: unknown) => unknown)(options)) as Partial<Plugin> | undefined;
  } catch (error) {
    const given = Object.keys(options).length > 0 ? ` with the options ${JSON.stringify(options)}` : '';
    throw new SimganError(
      'INVALID_ARGUMENT',
      `The plugin ${name} cannot be made${given}: ${wordsOf(error)}`,
      { cause: error },
    );
  }
  return { plugin: checked(name, plugin), origin: { module, options } };
}

/**
 * The factory of a plugin, which knows its options.
 *
 * @throws SimganError as {@link loadPlugin} does
 */
export async function loadFactory(
  name: string,
  place: PluginPlace = {},
): Promise<{ readonly factory: Partial<Pick<PluginFactory, 'options'>>; readonly module: string }> {
  const module = findPlugin(name, place);
  let loaded: { default?: unknown };
  try {
    loaded = (await import(module)) as typeof loaded;
  } catch (error) {
    throw new SimganError(
      'INVALID_PLUGIN',
      `The plugin ${name} does not load: ${loadProblem(module, error)}`,
      {
        cause: error,
      },
    );
  }
  const factory = loaded.default;
  if (typeof factory !== 'function') {
    throw new SimganError(
      'INVALID_PLUGIN',
      `The module of plugin ${name} has no factory as its default export. Export one: export default pluginFactory(schema, (options) => definePlugin({ … }))`,
    );
  }
  return { factory: factory as Partial<Pick<PluginFactory, 'options'>>, module };
}

/** Why a module does not load, and what to do where the reason is that it is TypeScript. */
export function loadProblem(module: string, error: unknown): string {
  const { code } = (error ?? {}) as NodeJS.ErrnoException;
  const isTypeScript = /\.[cm]?ts$/.test(new URL(module).pathname);
  if (!isTypeScript || !(code === 'ERR_UNKNOWN_FILE_EXTENSION' || error instanceof SyntaxError))
    return wordsOf(error);
  const [major = 0] = process.versions.node.split('.').map(Number);
  const builtIn = major >= 23 ? '' : ' Node 23 and later load plain type annotations by themselves.';
  return `Node ${process.versions.node} does not load TypeScript like this. Build it to JavaScript, or run with a loader: npm install tsx, then NODE_OPTIONS="--import tsx".${builtIn}`;
}

/** What code of others threw, which may be anything. */
function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : `it threw ${inspect(error)}, which is not an Error`;
}

function checked(name: string, plugin: Partial<Plugin> | undefined): Plugin {
  const fail = (problem: string) => new SimganError('INVALID_PLUGIN', problem);
  if (typeof plugin !== 'object' || plugin === null || plugin.apiVersion === undefined) {
    throw fail(
      `The factory of plugin ${name} makes no plugin. Have it return what definePlugin({ … }) returns.`,
    );
  }
  if (plugin.apiVersion !== 1) {
    throw fail(
      `The plugin ${name} speaks version ${String(plugin.apiVersion)} of the plugin interface, this program version 1. Install a version of it that fits.`,
    );
  }
  const needed = ['name', 'image', 'annotation', 'refiner', 'discriminator', 'regularizer', 'recipes'];
  const missing = needed.filter((part) => (plugin[part as keyof Plugin] ?? undefined) === undefined);
  if (missing.length > 0)
    throw fail(`The plugin ${name} lacks ${missing.join(', ')}. Add them to definePlugin({ … }).`);
  const problems = pluginProblems(plugin as Plugin);
  if (problems.length > 0) throw fail(`The plugin ${name} cannot be used: ${problems.join('; ')}.`);
  return plugin as Plugin;
}

/**
 * The URL of a plugin's module.
 *
 * @throws SimganError INVALID_ARGUMENT as {@link loadPlugin} does
 */
export function findPlugin(name: string, place: PluginPlace = {}): string {
  const { cwd = process.cwd(), beside = import.meta.url } = place;
  const { file, tried } = isPath(name) ? findFile(resolve(cwd, name)) : findPackage(name, [cwd, beside]);
  if (file?.startsWith('file:')) return file;
  const installed = [cwd, dirname(fileURLToPath(beside))].flatMap((dir) =>
    listPlugins(dir).map((one) => one.name),
  );
  const problems = [
    `There is no plugin ${JSON.stringify(name)}. Tried ${tried.join(', ')}.${suggestion(name, installed)}`,
    adviceFor(name),
  ];
  throw new SimganError('INVALID_ARGUMENT', problems.join(' '), { problems });
}

/**
 * The URL of a module of a user's: a path as it is, or an installed package of the first of some names.
 *
 * @returns `undefined` if there is none, with what was tried.
 */
export function findModule(name: string, names: readonly string[], place: PluginPlace): Found {
  const { cwd = process.cwd(), beside = import.meta.url } = place;
  return isPath(name) ? findFile(resolve(cwd, name)) : resolvePackage(names, [cwd, beside]);
}

/** What to do about a plugin that is not there. */
function adviceFor(name: string): string {
  if (isPath(name)) return 'Give the path of its module or of its folder, relative to the folder you are in.';
  if (!isPackageName(name))
    return 'Give the name of an installed package, or a path that begins with ./ or /.';
  const isWhole = packageNames(name).length === 1;
  return `Install one with: npm install ${isWhole ? name : `simgan-plugin-${name}`}`;
}

/** How a plugin is written down, so that it is found again from another folder. */
export function pluginReference(name: string, cwd: string): string {
  return isPath(name) ? resolve(cwd, name) : name;
}

/** Whether a text names an installed package, and neither a path nor an address: all that a file may name. */
export function isPackageName(name: string): boolean {
  return /^(@[a-z0-9][a-z0-9._-]*\/)?[a-z0-9][a-z0-9._-]*$/.test(name) && !isPath(name);
}

function isPath(name: string): boolean {
  return name.startsWith('.') || isAbsolute(name) || /\.[cm]?[jt]s$/.test(name);
}

/** A module that was found, and what was tried. */
interface Found {
  readonly file?: string;
  readonly tried: readonly string[];
}

function findFile(path: string): Found {
  const manifest = join(path, 'package.json');
  if (kindOf(path) === 'file') return { tried: [path], file: pathToFileURL(path).href };
  if (kindOf(path) !== 'folder' || kindOf(manifest) !== 'file') return { tried: [path, manifest] };
  const { name, main } = readManifest(manifest);
  if (typeof name !== 'string') return { tried: [`${manifest} (which has no name)`] };
  // A package may import itself by its name if it has exports; an older one is looked up by its main file.
  const file = resolveWithin(path, name, manifest);
  if (file) {
    const exported = fileURLToPath(file);
    if (kindOf(exported) === 'file') return { tried: [manifest], file };
    return { tried: [manifest, `${exported} (which is not there: build the package first)`] };
  }
  const entry = join(path, typeof main === 'string' ? main : 'index.js');
  const isFile = kindOf(entry) === 'file';
  return { tried: [manifest, entry], ...(isFile && { file: pathToFileURL(entry).href }) };
}

function kindOf(path: string): 'file' | 'folder' | undefined {
  try {
    const found = statSync(path);
    return found.isFile() ? 'file' : found.isDirectory() ? 'folder' : undefined;
  } catch {
    return undefined;
  }
}

/** Of a file that is not JSON nothing is known. */
function readManifest(file: string): { name?: unknown; main?: unknown } {
  try {
    return (JSON.parse(readFileSync(file, 'utf8')) as { name?: unknown; main?: unknown } | null) ?? {};
  } catch {
    return {};
  }
}

/** What a package in a folder exports under its own name, built or not; a package of that name elsewhere is another one. */
function resolveWithin(folder: string, name: string, manifest: string): string | undefined {
  try {
    const file = resolveModule(name, pathToFileURL(manifest).href);
    const path = fileURLToPath(file);
    if (path.startsWith(folder + sep) && !existsSync(path)) return file;
    return realpathSync(path).startsWith(realpathSync(folder) + sep) ? file : undefined;
  } catch {
    return undefined;
  }
}

/** The packages that a plugin's name may mean, the likeliest first. */
function packageNames(name: string): string[] {
  if (name.startsWith('@') || /(^|\/)(simgan-)?plugin-/.test(name)) return [name];
  return [`@simgan/plugin-${name}`, `simgan-plugin-${name}`, name];
}

function findPackage(name: string, [cwd, beside]: readonly [string, string]): Found {
  if (!isPackageName(name)) return { tried: [`no package can be called ${JSON.stringify(name)}`] };
  return resolvePackage(packageNames(name), [cwd, beside]);
}

function resolvePackage(tried: readonly string[], [cwd, beside]: readonly [string, string]): Found {
  const places = [pathToFileURL(join(cwd, 'package.json')).href, beside];
  for (const specifier of tried) {
    for (const place of places) {
      try {
        const file = resolveModule(specifier, place);
        if (file.startsWith('file:')) return { file, tried };
      } catch {
        // The next place.
      }
    }
  }
  return { tried };
}
