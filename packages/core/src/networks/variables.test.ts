import * as tf from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import '../../test/cpu-backend.ts';
import { plainDiscriminator, plainRefiner } from '../../test/plain-networks.ts';
import type { SizedForm } from '../image.ts';
import { residualRefiner } from './refiner.ts';
import { buildNetwork, createVariable, variableName } from './variables.ts';

const form: SizedForm = { width: 5, height: 4, channels: 1, bits: 8 };
const namesOf = ({ variables }: { variables: readonly tf.Variable[] }) => variables.map(variableName);

test('a variable keeps its layer’s name, however many there are in the process', () => {
  const [one, other] = [1, 2].map((value) => createVariable('stem/bias', Float32Array.of(value), [1]));
  expect([one!, other!].map(variableName)).toEqual(['stem/bias', 'stem/bias']);
  expect(one!.name).not.toBe(other!.name);
  expect([one!, other!].map((variable) => variable.dataSync()[0])).toEqual([1, 2]);
  tf.dispose([one!, other!]);
});

test('plain variables keep their names, those without one are named by their place', () => {
  const builders = {
    named: plainRefiner((layer) => `${layer}/weights`),
    unnamed: plainRefiner(() => undefined),
    mixed: plainRefiner((layer) => (layer === 'first' ? undefined : layer)),
  };
  const expected = {
    named: ['first/weights', 'second/weights'],
    unnamed: ['variable0', 'variable1'],
    mixed: ['variable0', 'second'],
  };
  for (const name of ['named', 'unnamed', 'mixed'] as const) {
    const networks = [1, 1].map((seed) => buildNetwork(builders[name], form, seed));
    for (const network of networks) expect(namesOf(network)).toEqual(expected[name]);
    // The gradients of one network must not be taken for those of the other.
    const all = networks.flatMap(({ variables }) => variables);
    expect(new Set(all.map((variable) => variable.name)).size).toBe(4);
    expect(new Set(all).size).toBe(4);
    const values = networks.map(({ variables }) => variables.map((variable) => [...variable.dataSync()]));
    expect(values[0]).toEqual(values[1]);
    for (const network of networks) network.dispose();
  }
  expect(tf.engine().registeredVariables).toEqual({});
});

test('buildNetwork keeps the names of the library’s own networks', () => {
  const build = residualRefiner({ width: 2, blocks: 1 });
  const [plain, built] = [build(form, 1), buildNetwork(build, form, 1)];
  expect(namesOf(built)).toEqual(namesOf(plain));
  plain.dispose();
  built.dispose();
});

test('variables that were there before stay registered under their names', () => {
  const mine = tf.tidy(() => tf.variable(tf.scalar(7), true, 'first'));
  const network = buildNetwork(
    plainRefiner((layer) => layer),
    form,
    1,
  );
  expect(tf.engine().registeredVariables.first).toBe(mine);
  expect(Object.values(tf.engine().registeredVariables)).toContain(network.variables[0]);
  expect(mine.name).toBe('first');
  network.dispose();
  expect(Object.values(tf.engine().registeredVariables)).toEqual([mine]);
  mine.dispose();
});

test('a builder that fails leaves nothing behind, and its own error is passed on', () => {
  const mine = tf.tidy(() => tf.variable(tf.scalar(7), true, 'first'));
  const failing = () => {
    plainDiscriminator((layer) => layer)(form, 1);
    throw new RangeError('too many layers');
  };
  expect(() => buildNetwork(failing, form, 1)).toThrow(new RangeError('too many layers'));
  expect(tf.engine().registeredVariables).toEqual({ first: mine });
  mine.dispose();
});

test('equal names and foreign variables are refused', () => {
  const refusal = (message: string) => expect.objectContaining({ code: 'INVALID_PLUGIN', message });
  expect(() =>
    buildNetwork(
      plainRefiner(() => 'kernel'),
      form,
      1,
    ),
  ).toThrow(
    refusal('Two variables of the network are called kernel, so a file cannot tell them apart. Rename one.'),
  );
  const mine = plainRefiner((layer) => layer)(form, 1);
  expect(() => buildNetwork(() => mine, form, 1)).toThrow(
    refusal(
      'The variable first of the network was not made by its builder. Make every variable within the builder, so that each network has its own.',
    ),
  );
  expect(mine.variables.every(({ isDisposed }) => !isDisposed)).toBe(true);
  mine.dispose();
});
