import { z } from 'zod';
import type { ByteReader } from './byte-reader.ts';
import { BOUNDS, isPartName, type Parts, RendererFault, shownText } from './protocol.ts';

/** The header of a frame: what follows it, or why nothing does. */
const header = z.union([
  z.object({ error: z.string() }),
  z.object({
    parts: z.array(z.object({ name: z.string().refine(isPartName), size: z.int().min(0) })).max(BOUNDS.parts),
  }),
]);

/**
 * The next frame: a header line of JSON, `{"parts": [{"name": "annotation", "size": 52}, …]}`, and then the bytes of
 * the parts in this order; or `{"error": "…"}` alone.
 *
 * @returns `undefined` if the stream ends first.
 * @throws RendererFault if it is no frame, or a larger one than `maxBytes`. What follows in the stream is then unknown.
 */
export async function readFrame(
  reader: ByteReader,
  maxBytes: number,
): Promise<Parts | { readonly error: string } | undefined> {
  const line = await reader.line(BOUNDS.header);
  if (line === undefined) return undefined;
  const read = parseHeader(line);
  if ('error' in read) return read;
  const total = read.parts.reduce((sum, { size }) => sum + size, 0);
  if (total > maxBytes) {
    throw new RendererFault(`its response has ${total} bytes, and at most ${maxBytes} are read`);
  }
  const parts = new Map<string, Buffer>();
  for (const { name, size } of read.parts) {
    const bytes = await reader.bytes(size);
    if (!bytes) return undefined;
    if (parts.has(name)) throw new RendererFault(`its response has two parts named ${name}`);
    parts.set(name, bytes);
  }
  return parts;
}

function parseHeader(line: string | { readonly tooLong: string }): z.infer<typeof header> {
  if (typeof line === 'object') {
    throw new RendererFault(
      `the header of its response has more than ${BOUNDS.header} bytes and begins ${quoted(line.tooLong)}`,
    );
  }
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (cause) {
    throw new RendererFault(
      `the header of its response is not JSON: ${quoted(line)}. Only responses belong on stdout; write messages to stderr`,
      { cause },
    );
  }
  const { success, data } = header.safeParse(value);
  if (success) return data;
  throw new RendererFault(
    `the header of its response is ${quoted(line)}, and should be {"parts": [{"name": …, "size": …}, …]} or {"error": …}`,
  );
}

function quoted(text: string): string {
  return JSON.stringify(shownText(text, 120));
}
