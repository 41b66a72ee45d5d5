/** @file The programs that readers are shown: in README.md, in docs, and as `@example` of docstrings. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

export const root = fileURLToPath(new URL('..', import.meta.url));

/** A program as it stands in a text. */
export interface ShownProgram {
  /** Where it stands, for the name of its test. */
  readonly place: string;
  readonly code: string;
  /** What stands behind `ts` on its fence: `no-run`, `file=PATH`. */
  readonly info: string;
}

/** The TypeScript of Markdown files. */
export function markdownPrograms(): ShownProgram[] {
  const packages = readdirSync(join(root, 'packages')).map((name) => `packages/${name}/README.md`);
  const docs = readdirSync(join(root, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`);
  return ['README.md', ...docs, ...packages].flatMap((file) =>
    fences(file, readFileSync(join(root, file), 'utf8')),
  );
}

/** Every `@example` of the packages' sources. */
export function docstringPrograms(): ShownProgram[] {
  const files = readdirSync(join(root, 'packages'), { recursive: true, encoding: 'utf8' })
    .map((file) => `packages/${file}`)
    .filter((file) => /^packages\/[^/]+\/src\/.*\.ts$/.test(file) && !/\.test(-d)?\.ts$/.test(file));
  return files.flatMap((file) => {
    const text = readFileSync(join(root, file), 'utf8');
    return [...text.matchAll(/\/\*\*(?:[^*]|\*(?!\/))*?@example\n((?:[^*]|\*(?!\/))*)\*\//g)].flatMap(
      (match) => {
        const line = text.slice(0, match.index).split('\n').length;
        const code = match[1]!
          .split('\n')
          .map((one) => one.replace(/^\s*\* ?/, ''))
          .join('\n');
        const fenced = fences(file, code);
        return fenced.length > 0
          ? fenced.map((program) => ({ ...program, place: `${file}:${line}` }))
          : [{ place: `${file}:${line}`, code: code.trim(), info: '' }];
      },
    );
  });
}

function fences(file: string, text: string): ShownProgram[] {
  return [...text.matchAll(/^```ts([^\n]*)\n(.*?)^```/gms)].map((match) => ({
    place: `${file}:${text.slice(0, match.index).split('\n').length}`,
    info: match[1]!.trim(),
    code: match[2]!,
  }));
}

/** Names that a docstring may use without saying where they come from, and what they stand for. */
const surroundings = 'example-surroundings.ts';

/** Where each public name comes from; of two of one name, that of the package `first`. */
function exportsByName(first: string): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  for (const name of namesOf(join(root, 'test', surroundings))) names.set(name, `../${surroundings}`);
  const others = [
    'core',
    'node',
    'formats',
    'report',
    'testing',
    'tfjs-onnx',
    'tfjs-trace',
    'tfjs-wgsl',
    'plugin-eyes',
    'plugin-depth-hands',
    'plugin-images',
    'report',
  ];
  for (const folder of [...others.filter((name) => name === first), ...others]) {
    const manifest = JSON.parse(readFileSync(join(root, 'packages', folder, 'package.json'), 'utf8')) as {
      name: string;
      exports: Record<string, { '@simgan/source'?: string } | string>;
    };
    for (const [entry, target] of Object.entries(manifest.exports)) {
      if (typeof target === 'string' || !target['@simgan/source']) continue;
      const file = join(root, 'packages', folder, target['@simgan/source']);
      for (const name of namesOf(file)) {
        if (!names.has(name)) names.set(name, join(manifest.name, entry));
      }
    }
  }
  return names;
}

function namesOf(file: string): string[] {
  const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true);
  return source.statements.flatMap((statement) => {
    if (
      ts.isExportDeclaration(statement) &&
      statement.exportClause &&
      ts.isNamedExports(statement.exportClause)
    ) {
      return statement.exportClause.elements.map((element) => element.name.text);
    }
    if (ts.isExportDeclaration(statement) && !statement.exportClause) {
      const target = (statement.moduleSpecifier as ts.StringLiteral).text;
      return namesOf(join(file, '..', target));
    }
    const isExported =
      ts.canHaveModifiers(statement) &&
      ts.getModifiers(statement)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword);
    if (!isExported) return [];
    if (ts.isVariableStatement(statement)) {
      return statement.declarationList.declarations.map(({ name }) => name.getText());
    }
    return 'name' in statement && statement.name ? [(statement.name as ts.Identifier).text] : [];
  });
}

const known = new Map<string, ReadonlyMap<string, string>>();

/** A whole module of a program: what it uses without importing it comes from the packages, or from its surroundings. */
export function asModule({ code, place }: ShownProgram): string {
  const own = /^packages\/([^/]+)\//.exec(place)?.[1] ?? '';
  const exported = known.get(own) ?? exportsByName(own);
  known.set(own, exported);
  // What a program prints would fail the test that runs it.
  const quiet = code.replace(/\bconsole\.log\b/g, 'print');
  const source = ts.createSourceFile('program.ts', quiet, ts.ScriptTarget.Latest, true);
  const declared = new Set<string>();
  const used = new Set<string>();
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node)) {
      const { parent } = node;
      const isDeclaration =
        (ts.isVariableDeclaration(parent) || ts.isParameter(parent) || ts.isFunctionDeclaration(parent)) &&
        parent.name === node;
      const isBound =
        (ts.isBindingElement(parent) && parent.name === node) ||
        ts.isImportSpecifier(parent) ||
        ts.isImportClause(parent) ||
        ts.isNamespaceImport(parent);
      const isMember =
        (ts.isPropertyAccessExpression(parent) && parent.name === node) ||
        (ts.isPropertyAssignment(parent) && parent.name === node) ||
        (ts.isBindingElement(parent) && parent.propertyName === node);
      if (isDeclaration || isBound) declared.add(node.text);
      else if (!isMember) used.add(node.text);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  const imports = new Map<string, string[]>();
  for (const name of used) {
    const from = declared.has(name) ? undefined : exported.get(name);
    if (from) imports.set(from, [...(imports.get(from) ?? []), name]);
  }
  const header = Array.from(imports, ([from, names]) => `import { ${names.join(', ')} } from '${from}';`);
  return `${header.join('\n')}\n${quiet}\nexport {};\n`;
}

/** Type errors of modules, with the place of each. */
export function typeErrors(files: readonly string[]): string[] {
  const config = ts.readConfigFile(join(root, 'tsconfig.base.json'), ts.sys.readFile).config as {
    compilerOptions: object;
  };
  const { options } = ts.convertCompilerOptionsFromJson(
    {
      ...config.compilerOptions,
      noUnusedLocals: false,
      noUnusedParameters: false,
      noUncheckedIndexedAccess: false,
      verbatimModuleSyntax: false,
      exactOptionalPropertyTypes: false,
      lib: ['ES2023', 'DOM'],
    },
    root,
  );
  const program = ts.createProgram([...files], options);
  return files.flatMap((file) => {
    const source = program.getSourceFile(file)!;
    return [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)].map(
      ({ messageText, start = 0 }) => {
        const { line } = source.getLineAndCharacterOfPosition(start);
        return `${relative(root, file)}:${line + 1} ${ts.flattenDiagnosticMessageText(messageText, ' ')}`;
      },
    );
  });
}
