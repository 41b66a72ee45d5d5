/** @file What a user says that the fields of foreign labels are: `pupil=point,bbox=box`. */
import { SimganError } from '@simgan/core';
import type { LabelKind } from '@simgan/core/geometry';
import { suggestion } from '@simgan/core/plugin';
import { z } from 'zod';

const number = z.number();
const pair = z.tuple([number, number]);
const triple = z.tuple([number, number, number]);
const quad = z.tuple([number, number, number, number]);

/** The kinds of labels that can be declared, and their values; {@link LabelKind} says what each means. */
const kinds = {
  invariant: z.json(),
  point: pair,
  points: z.array(pair),
  polygon: z.array(pair),
  box: quad,
  corners: quad,
  x: number,
  y: number,
  width: number,
  height: number,
  uvd: triple,
  direction: triple,
  pitch: number,
  yaw: number,
  roll: number,
  orientation: number,
  side: z.enum(['left', 'right']),
  camera: z.array(number).length(9),
  companion: z.string(),
} as const satisfies Readonly<Record<LabelKind, z.ZodType>>;

/** The names of the kinds of labels that can be declared. */
export const labelKindNames = Object.keys(kinds) as readonly LabelKind[];

/** The geometry of one field: a kind, of the field itself or of each element of the list that it is. */
export interface DeclaredKind {
  readonly kind: LabelKind;
  readonly isList: boolean;
}

/** Geometry by the path of a field: `pupil`, `objects.bbox`. Lists on the way are passed through. */
export type DeclaredLabels = ReadonlyMap<string, DeclaredKind>;

/** As options have it: kinds by paths, `box[]` for a list of boxes. */
export type LabelGeometryOption = Readonly<Record<string, string>>;

/**
 * Reads a declaration.
 *
 * @throws SimganError INVALID_ARGUMENT naming every kind that is not known, with the nearest one.
 */
export function parseLabelGeometry(option: LabelGeometryOption): DeclaredLabels {
  const problems: string[] = [];
  const declared = new Map<string, DeclaredKind>();
  for (const [path, text] of Object.entries(option)) {
    const isList = text.endsWith('[]');
    const kind = (isList ? text.slice(0, -2) : text) as LabelKind;
    if (Object.hasOwn(kinds, kind)) declared.set(path, { kind, isList });
    else {
      problems.push(
        `\`labelGeometry\` ${path}=${text}: there is no kind ${JSON.stringify(kind)} of labels; there are ${labelKindNames.join(', ')}.${suggestion(kind, labelKindNames)}`,
      );
    }
  }
  if (problems.length > 0) throw new SimganError('INVALID_ARGUMENT', problems.join(' '), { problems });
  return declared;
}

/** Why a value is not of the kind that was declared for it, as a clause; `undefined` if it is, or is `null`. */
export function kindProblem(value: unknown, { kind, isList }: DeclaredKind): string | undefined {
  if (value === null) return undefined;
  const schema = isList ? z.array(kinds[kind].nullable()) : kinds[kind];
  if (schema.safeParse(value).success) return undefined;
  const hint =
    !isList && z.array(kinds[kind]).safeParse(value).success ? `, but a list of them: ${kind}[]` : '';
  return `is ${shown(value)}, not ${isList ? `a list of ${kind}` : kind}${hint}`;
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'missing';
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
