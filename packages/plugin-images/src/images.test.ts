import { testPlugin } from '@simgan/testing';
import { describe } from 'vitest';
import { shapes } from '../test/shapes.ts';
import { images } from './images.ts';

const size = { width: 72, height: 60 };

describe('RGB', () => {
  const plugin = images({ crop: 32 });
  testPlugin(plugin, { simulator: shapes(plugin.image, size), samples: 8 });
});

describe('16 bits in a range', () => {
  const plugin = images({ channels: 1, bits: 16, range: [400, 4000], crop: 32 });
  testPlugin(plugin, { simulator: shapes(plugin.image, size), samples: 8 });
});

describe('floats in a range', () => {
  const plugin = images({ channels: 3, bits: 32, range: [-0.5, 12], crop: 32 });
  testPlugin(plugin, { simulator: shapes(plugin.image, size), samples: 8 });
});
