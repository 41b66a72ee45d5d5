import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** A plugin that is installed. */
export interface InstalledPlugin {
  /** As `--plugin` takes it. */
  readonly name: string;
  readonly package: string;
  readonly version: string;
}

/**
 * The plugins that are installed where a folder looks for packages: packages with the keyword `simgan-plugin`.
 *
 * @param from - the user's folder; its `node_modules` and those above it are listed, nearest first.
 */
export function listPlugins(from: string): InstalledPlugin[] {
  const found = new Map<string, InstalledPlugin>();
  for (const folder of nodeModulesAbove(from)) {
    for (const packageName of packagesIn(folder)) {
      if (found.has(packageName)) continue;
      const plugin = pluginIn(join(folder, packageName), packageName);
      if (plugin) found.set(packageName, plugin);
    }
  }
  return [...found.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

function nodeModulesAbove(from: string): string[] {
  const folders: string[] = [];
  for (let dir = from; ; dir = dirname(dir)) {
    folders.push(join(dir, 'node_modules'));
    if (dirname(dir) === dir) return folders;
  }
}

function packagesIn(folder: string): string[] {
  return namesIn(folder).flatMap((name) => {
    if (name.startsWith('.')) return [];
    return name.startsWith('@') ? namesIn(join(folder, name)).map((inner) => `${name}/${inner}`) : [name];
  });
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function pluginIn(dir: string, packageName: string): InstalledPlugin | undefined {
  try {
    const { keywords, version } = JSON.parse(readFileSync(join(dir, 'package.json'), 'utf8')) as {
      keywords?: unknown;
      version?: unknown;
    };
    if (!Array.isArray(keywords) || !keywords.includes('simgan-plugin')) return undefined;
    const name = packageName.replace(/^(@simgan\/plugin-|simgan-plugin-)/, '');
    return { name, package: packageName, version: String(version) };
  } catch {
    return undefined;
  }
}
