import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Reject, reasonOf } from './reject.ts';

/**
 * The files of a folder and its subfolders, as paths relative to it with `/` between parts, sorted by code unit:
 * the same order on every machine and in every language. Names that begin with a dot are left out.
 *
 * A link to a file is that file, wherever it lies. A link to a folder is not entered but listed as a reject, so
 * that no loop of links can trap a reader and nothing outside the folder is read by surprise; the folder given
 * may itself be a link. Sockets, pipes and devices are rejects.
 *
 * @throws the system's error if the folder itself cannot be listed.
 */
export async function listFiles(dir: string): Promise<{ files: string[]; rejects: Reject[] }> {
  const files: string[] = [];
  const rejects: Reject[] = [];

  const visit = async (relative: string): Promise<void> => {
    const entries = await readdir(join(dir, relative), { withFileTypes: true });
    for (const entry of entries) {
      if (entry.name.startsWith('.')) continue;
      const file = relative ? `${relative}/${entry.name}` : entry.name;
      try {
        if (entry.isFile()) files.push(file);
        else if (entry.isDirectory()) await visit(file);
        else if (!entry.isSymbolicLink())
          rejects.push({ file, reason: 'It is neither a file nor a folder.' });
        else {
          const target = await stat(join(dir, file));
          if (target.isFile()) files.push(file);
          else if (target.isDirectory()) {
            rejects.push({
              file,
              reason:
                'It is a link to a folder, and links to folders are not followed; pass that folder itself.',
            });
          } else rejects.push({ file, reason: 'It is a link to neither a file nor a folder.' });
        }
      } catch (error) {
        rejects.push({ file, reason: reasonOf(error) });
      }
    }
  };
  await visit('');
  files.sort(byCodeUnit);
  rejects.sort((a, b) => byCodeUnit(a.file, b.file));
  return { files, rejects };
}

function byCodeUnit(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
