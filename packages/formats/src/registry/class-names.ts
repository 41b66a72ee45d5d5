import { SimganError } from '@simgan/core';

/** More classes than these are in no dataset. */
const MOST_CLASSES = 100_000;

/** Numbers the names of classes in the order in which they first come. */
export interface ClassNumbers {
  numberOf(name: string): number;
  /** By number. */
  readonly names: readonly string[];
}

/** Counts classes from `first`. */
export function numberClasses(first: number): ClassNumbers {
  const names: string[] = [];
  const numbers = new Map<string, number>();
  return {
    names,
    numberOf(name) {
      let number = numbers.get(name);
      if (number === undefined) {
        if (names.length >= MOST_CLASSES) {
          throw new SimganError('INVALID_ARGUMENT', `The labels have more than ${MOST_CLASSES} classes.`);
        }
        number = first + names.length;
        numbers.set(name, number);
        names.push(name);
      }
      return number;
    },
  };
}
