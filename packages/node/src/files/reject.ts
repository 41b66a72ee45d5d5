import type { Reject } from '@simgan/core';

export type { Reject };

const reasons: Readonly<Record<string, string>> = {
  EACCES: 'It cannot be read: permission denied.',
  EPERM: 'It cannot be read: permission denied.',
  ENOENT: 'It does not exist, or is a link to something that does not.',
  ELOOP: 'It is a link that leads back to itself.',
  EISDIR: 'It is a folder, not a file.',
  ENOTDIR: 'Part of its path is a file, not a folder.',
  ENAMETOOLONG: 'Its name is too long for this system.',
};

/** Why something could not be read, as a sentence. */
export function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return reasons[code ?? ''] ?? message ?? String(error);
}

/** The first few rejects in words, for an error that has no other place to show them. */
export function firstRejects(rejects: readonly Reject[], most = 3): string {
  if (rejects.length === 0) return '';
  const shown = rejects.slice(0, most).map(({ file, reason }) => `\n  ${file}: ${reason}`);
  const more = rejects.length > most ? `\n  and ${rejects.length - most} more` : '';
  return shown.join('') + more;
}
