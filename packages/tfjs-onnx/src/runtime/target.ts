import type { Target } from '../lower/lowering.ts';
import type { Facts } from './protocol.ts';

/** What programs for a device are compiled for. */
export const targetOf = (device: Facts['device'], block: number): Target => ({
  block,
  products: device === 'gpu',
  flat: device === 'gpu',
});
