/** @file The frames of Unity Perception's SOLO format (com.unity.perception 1.0, "SOLO schema"). */
import { z } from 'zod';

const name = z.string().min(1).max(200);
const pair = z.tuple([z.number(), z.number()]);
const color = z.array(z.int().min(0).max(255)).min(3).max(4);
const most = 10_000;

const boxes = z.looseObject({
  values: z
    .array(z.looseObject({ instanceId: z.int().optional(), labelName: name, origin: pair, dimension: pair }))
    .max(most),
});

const keypoints = z.looseObject({
  values: z
    .array(
      z.looseObject({
        instanceId: z.int(),
        labelId: z.int().optional(),
        keypoints: z
          .array(
            z.looseObject({ index: z.int().min(0).max(1000), location: pair, state: z.int().min(0).max(2) }),
          )
          .max(1000),
      }),
    )
    .max(most),
});

const instances = z.looseObject({
  filename: z.string().min(1).max(4096),
  instances: z.array(z.looseObject({ instanceId: z.int(), labelName: name, color })).max(most),
});

/** Schemas of annotations by the end of their `@type`. */
export const annotationSchemas = {
  BoundingBox2DAnnotation: boxes,
  KeypointAnnotation: keypoints,
  InstanceSegmentationAnnotation: instances,
} as const;

export type SoloAnnotations = {
  readonly [Type in keyof typeof annotationSchemas]?: z.output<(typeof annotationSchemas)[Type]>;
};

export const frameSchema = z.looseObject({
  frame: z.int().optional(),
  sequence: z.int().optional(),
  step: z.int().optional(),
  captures: z
    .array(
      z.looseObject({
        id: z.string().max(200).optional(),
        filename: z.string().min(1).max(4096),
        annotations: z
          .array(z.looseObject({ '@type': z.string().max(200) }))
          .max(100)
          .default([]),
      }),
    )
    .max(100),
});

/** `annotation_definitions.json`, for the names of keypoints. */
export const definitionsSchema = z.looseObject({
  annotationDefinitions: z
    .array(
      z.looseObject({
        template: z
          .looseObject({
            keypoints: z.array(z.looseObject({ label: name, index: z.int().min(0).max(1000) })).max(1000),
          })
          .optional(),
      }),
    )
    .max(1000),
});
