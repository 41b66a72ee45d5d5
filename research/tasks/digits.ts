import { takeFrom } from '@simgan/core';
import { readDigits } from './idx-digits.ts';
import { labeledToOther } from './labeled-to-other.ts';

/** MNIST to USPS, all of both: 60,000 labeled pictures, 7,291 unlabeled and 2,007 tested ones. */
export async function mnistToUsps(data: string) {
  const [source, target, test] = await Promise.all([
    readDigits(data, 'mnist', 'train'),
    readDigits(data, 'usps', 'train'),
    readDigits(data, 'usps', 'test'),
  ]);
  const title = 'MNIST to USPS';
  return labeledToOther({ name: 'mnist-usps', title, length: 2000, source, target, test });
}

/** USPS to MNIST: 7,291 labeled pictures; MNIST has 60,000 unlabeled and 10,000 others, of which 2,000 are tested. */
export async function uspsToMnist(data: string) {
  const [source, target, test] = await Promise.all([
    readDigits(data, 'usps', 'train'),
    readDigits(data, 'mnist', 'train'),
    readDigits(data, 'mnist', 'test'),
  ]);
  const title = 'USPS to MNIST';
  return labeledToOther({
    name: 'usps-mnist',
    title,
    length: 2000,
    source,
    target,
    test: takeFrom(test, 2000),
  });
}
