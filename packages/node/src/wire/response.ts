import { createHash } from 'node:crypto';
import { type Companion, imageProblem, type Plugin, SimganError, type Simulated } from '@simgan/core';
import { levelsOf } from '../files/levels-of.ts';
import { decodePicture } from '../pictures/decode-picture.ts';
import { BOUNDS, PART, type Parts, RendererFault, shownText } from './protocol.ts';
import { receivedCompanion } from './received-companion.ts';

/** What a renderer made of a request. */
export interface Rendered extends Simulated<unknown> {
  /** Further parts of the response, such as a mask or depth, in the order of their names. */
  readonly companions: readonly Companion[];
}

/**
 * Reads the parts of a response, and checks them against the plugin: the image has its form, and the annotation satisfies
 * its schema. A picture that stores its values otherwise (color for gray, 16 bits for 8) is converted as all pictures
 * are; its size must be the plugin's, because labels count in its pixels.
 *
 * @throws RendererFault with everything that the schema names, or the first other thing that is wrong.
 */
export async function readResponse(
  parts: Parts,
  { image: form, annotation: schema }: Pick<Plugin, 'image' | 'annotation'>,
  limits: { readonly maxBytes: number; readonly maxPixels: number },
): Promise<Rendered> {
  const own: readonly string[] = Object.values(PART);
  const bytes = partOf(parts, PART.image);
  checkHash(bytes, parts.get(PART.sha256));
  const value = parseAnnotation(partOf(parts, PART.annotation));
  const { channels, bits, range } = form;
  // Without a size, so that the picture comes as it is: one that had to be scaled would no longer fit its labels.
  const stored = { channels, bits, ...(range && { range }) };
  const { image } = await decodePicture(bytes, stored, limits).catch((cause: Error) => {
    if (!(cause instanceof SimganError)) throw cause;
    throw new RendererFault(`its image cannot be used: ${withoutPeriod(cause.message)}`, { cause });
  });
  const problem = imageProblem(image, form);
  if (problem) throw new RendererFault(`its image does not have the plugin's form: ${problem}`);
  const result = await schema['~standard'].validate(value);
  if (result.issues) {
    const named = result.issues.slice(0, 5).map(({ path = [], message }) => {
      const keys = path.map((part) => String(typeof part === 'object' ? part.key : part));
      return shownText(keys.length > 0 ? `${keys.join('.')}: ${message}` : message);
    });
    throw new RendererFault(`its annotation is not the plugin's: ${named.join('; ')}`);
  }
  const others = [...parts].filter(([name]) => !own.includes(name));
  const companions = await Promise.all(
    others
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([name, content]) => receivedCompanion(name, content, image, limits)),
  );
  return { image, annotation: result.value, companions };
}

function partOf(parts: Parts, name: string): Buffer {
  const part = parts.get(name);
  if (part) return part;
  const there = parts.size > 0 ? `only ${[...parts.keys()].join(', ')}` : 'none at all';
  throw new RendererFault(`its response has no part named ${name}, ${there}`);
}

function checkHash(bytes: Buffer, part: Buffer | undefined): void {
  if (!part) return;
  const announced = part.toString('latin1').trim().toLowerCase();
  const actual = createHash('sha256').update(bytes).digest('hex');
  if (announced === actual) return;
  throw new RendererFault(
    `its image has the SHA-256 ${actual}, not ${shownText(announced, 64)} as the response says; it was damaged on the way`,
    { isTransient: true },
  );
}

function parseAnnotation(part: Buffer): unknown {
  if (part.length > BOUNDS.annotation) {
    throw new RendererFault(
      `its annotation has ${part.length} bytes, and at most ${BOUNDS.annotation} are read`,
    );
  }
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(part));
  } catch (cause) {
    const hint = /\b(NaN|Infinity)\b/.test(part.toString('latin1'))
      ? '; JSON knows neither NaN nor Infinity'
      : '';
    throw new RendererFault(
      `its annotation is not JSON in UTF-8 (${shownText((cause as Error).message, 120)})${hint}`,
      { cause },
    );
  }
  checkValue(value);
  return value;
}

/** Numbers such as 1e999 are JSON and no finite number; deep nesting would use up the stack of whoever walks through it. */
function checkValue(value: unknown): void {
  let depth = 0;
  for (const level of levelsOf(value)) {
    if (depth++ > BOUNDS.depth) {
      throw new RendererFault(`its annotation is nested more than ${BOUNDS.depth} levels deep`);
    }
    if (level.some((one) => typeof one === 'number' && !Number.isFinite(one))) {
      throw new RendererFault('its annotation has a number that is not finite');
    }
  }
}

function withoutPeriod(sentence: string): string {
  return sentence.replace(/\.$/, '');
}
