/** @file Pascal VOC's XML of one picture. */
import { SimganError } from '@simgan/core';
import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { z } from 'zod';
import { checked } from '../registry/read-labels.ts';

const parser = new XMLParser({
  ignoreAttributes: true,
  parseTagValue: false,
  trimValues: true,
  // A document type can define entities that grow without end.
  processEntities: false,
  isArray: (_, path) => String(path) === 'annotation.object' || String(path) === 'annotation.object.part',
});

const number = z
  .string()
  .regex(/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i, 'expected a number')
  .transform(Number);
const text = z.string().max(200);
const bndbox = z.looseObject({ xmin: number, ymin: number, xmax: number, ymax: number });

const schema = z.looseObject({
  annotation: z.looseObject({
    filename: z.string().min(1).max(4096).optional(),
    size: z.looseObject({ width: number, height: number }).optional(),
    object: z
      .array(
        z.looseObject({
          name: z.string().min(1).max(200),
          pose: text.optional(),
          truncated: text.optional(),
          occluded: text.optional(),
          difficult: text.optional(),
          bndbox,
          part: z
            .array(z.looseObject({ name: z.string().min(1).max(200), bndbox }))
            .max(1000)
            .optional(),
        }),
      )
      .max(10_000)
      .optional(),
  }),
});

export type VocAnnotation = z.output<typeof schema>['annotation'];

/** @throws SimganError INVALID_FILE if a text is not the XML of a VOC annotation. */
export function parseVoc(xml: string, file: string): VocAnnotation {
  if (/<!(DOCTYPE|ENTITY)/i.test(xml)) {
    throw new SimganError('INVALID_FILE', `${file} defines a document type, which VOC does not have.`);
  }
  const problem = XMLValidator.validate(xml);
  if (problem !== true) {
    throw new SimganError('INVALID_FILE', `${file} is not XML: line ${problem.err.line}: ${problem.err.msg}`);
  }
  let value: unknown;
  try {
    value = parser.parse(xml);
  } catch (error) {
    throw new SimganError('INVALID_FILE', `${file} is not XML: ${(error as Error).message}`, {
      cause: error,
    });
  }
  return checked(value, schema, file).annotation;
}

/** Text within XML. */
export function escaped(value: string | number): string {
  return String(value).replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** The inverse of {@link escaped}, for the five names that XML has without a document type. */
export function unescaped(text: string): string {
  const names: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };
  return text.replace(/&(amp|lt|gt|quot|apos);/g, (_, name: string) => names[name]!);
}
