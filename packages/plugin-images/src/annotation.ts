import { annotationSchema } from '@simgan/core';
import { z } from 'zod';

export const pictureAnnotation = annotationSchema(z.record(z.string(), z.json()), {});
