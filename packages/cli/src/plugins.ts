import { readFileSync, statSync } from 'node:fs';
import { isAbsolute, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Plugin } from '@simgan/core';
import { resolve as resolveModule } from 'import-meta-resolve';
import { UsageError } from './errors.ts';
import { suggestion } from './options.ts';

/**
 * Finds a plugin by name and makes it with its options. A path is taken as it is; a name is looked for as
 * `@simgan/plugin-NAME`, `simgan-plugin-NAME` and `NAME`, first in the user's project, then beside this program.
 *
 * @throws UsageError saying what was tried, the nearest name and the line that installs it
 */
export async function loadPlugin(
  name: string,
  options: Readonly<Record<string, unknown>>,
  cwd: string,
): Promise<Plugin> {
  const file = findPlugin(name, cwd);
  let module: { default?: unknown };
  try {
    module = (await import(file)) as typeof module;
  } catch (error) {
    throw new UsageError([`The plugin ${name} does not load: ${(error as Error).message}`]);
  }
  const factory = module.default;
  if (typeof factory !== 'function') {
    throw new UsageError([
      `The module of plugin ${name} has no factory as its default export. Export one: export default function (options) { return definePlugin({ … }) }`,
    ]);
  }
  let plugin: Partial<Plugin> | undefined;
  try {
    plugin = (await factory(options)) as Partial<Plugin> | undefined;
  } catch (error) {
    const given = Object.keys(options).length > 0 ? ` with the options ${JSON.stringify(options)}` : '';
    throw new UsageError([`The plugin ${name} cannot be made${given}: ${(error as Error).message}`]);
  }
  if (plugin?.apiVersion === undefined) {
    throw new UsageError([
      `The factory of plugin ${name} makes no plugin. Have it return what definePlugin({ … }) returns.`,
    ]);
  }
  if (plugin.apiVersion !== 1) {
    throw new UsageError([
      `The plugin ${name} speaks version ${String(plugin.apiVersion)} of the plugin interface, this program version 1. Install a version of it that fits.`,
    ]);
  }
  return plugin as Plugin;
}

/**
 * The URL of a plugin's module.
 *
 * @throws UsageError as {@link loadPlugin} does
 */
export function findPlugin(name: string, cwd: string): string {
  const { file, tried } = isPath(name) ? findFile(resolve(cwd, name)) : findPackage(name, cwd);
  if (!file) {
    throw new UsageError([
      `There is no plugin ${JSON.stringify(name)}. Tried ${tried.join(', ')}.${suggestion(name, bundledPlugins())}`,
      isPath(name)
        ? 'Give the path of its module, relative to the folder you are in.'
        : `Install one with: npm install simgan-plugin-${name.replace(/[^a-z0-9-]/gi, '')}`,
    ]);
  }
  return file;
}

/** How a plugin is written down, so that it is found again from another folder. */
export function pluginOrigin(name: string, cwd: string): string {
  return isPath(name) ? resolve(cwd, name) : name;
}

function isPath(name: string): boolean {
  return name.startsWith('.') || isAbsolute(name) || /\.[cm]?[jt]s$/.test(name);
}

function findFile(path: string): { file?: string; tried: string[] } {
  const isFile = statSync(path, { throwIfNoEntry: false })?.isFile();
  return { tried: [path], ...(isFile && { file: pathToFileURL(path).href }) };
}

function findPackage(name: string, cwd: string): { file?: string; tried: string[] } {
  const tried = [`@simgan/plugin-${name}`, `simgan-plugin-${name}`, name];
  const fromProject = pathToFileURL(join(cwd, 'package.json')).href;
  for (const specifier of tried) {
    for (const look of [() => resolveModule(specifier, fromProject), () => import.meta.resolve(specifier)]) {
      try {
        return { file: look(), tried };
      } catch {
        // The next place.
      }
    }
  }
  return { tried };
}

/** The names of the plugins that come with this program. */
export function bundledPlugins(): string[] {
  const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
    dependencies: Record<string, string>;
  };
  return Object.keys(manifest.dependencies).flatMap(
    (name) => /^@simgan\/plugin-(.+)$/.exec(name)?.slice(1) ?? [],
  );
}
