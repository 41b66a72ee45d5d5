import { HAND_JOINTS } from '../annotation.ts';

/** The indices of joints by their names in `HAND_JOINTS`. */
export function namedJoints(names: readonly string[]): readonly number[] {
  return names.map((name) => {
    const index = HAND_JOINTS.indexOf(name);
    if (index < 0) throw new RangeError(`There is no joint ${name}.`);
    return index;
  });
}
