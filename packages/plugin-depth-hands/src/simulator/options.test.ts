import { describeOptions } from '@simgan/core/plugin';
import { expect, test } from 'vitest';
import { depthHands } from '../depth-hands.ts';
import { standInDepthCamera } from '../stand-in/stand-in-camera.ts';
import { handSimulator } from './hand-simulator.ts';

/** Options as the command line passes them: of any type. */
const options = (json: string) => JSON.parse(json);

test.each([
  ['{ "size": 1e9 }', 'The option size is 1000000000: '],
  ['{ "size": 32.5 }', 'The option size is 32.5: '],
  ['{ "cube": 10 }', 'The option cube is 10: '],
  ['{ "distance": [100, 300] }', 'The option distance.0 is 100: it must be at least 450 mm'],
  ['{ "distance": [900, 600] }', 'The option distance is [900,600]: the smaller number must come first.'],
  ['{ "distance": 700 }', 'The option distance is 700: '],
  ['{ "forearm": [50, 20] }', 'The option forearm is [50,20]: the smaller number must come first.'],
  ['{ "closure": [0, 2] }', 'The option closure.1 is 2: '],
  ['{ "closure": [0.5] }', 'The option closure is [0.5]: '],
  ['{ "view": "back" }', 'The option view is "back": '],
  ['{ "camera": { "fx": 500 } }', 'The option camera.fy is undefined: '],
  ...[
    ['fx', 'a number from 1 to 100000'],
    ['fy', 'a number from 1 to 100000'],
    ['cx', 'a number from -100000 to 100000'],
    ['cy', 'a number from -100000 to 100000'],
    ['width', 'an integer from 1 to 100000'],
    ['height', 'an integer from 1 to 100000'],
  ].map(([name, wanted]): [string, string] => {
    const camera = { fx: 500, fy: 500, cx: 320, cy: 240, width: 640, height: 480, [name!]: 1e9 };
    return [JSON.stringify({ camera }), `The option camera.${name} is 1000000000: it takes ${wanted}.`];
  }),
  ['{ "sise": 64 }', 'There is no option sise. Did you mean size?'],
])('%s is refused by the plugin, the simulator and the stand-in camera', (json, message) => {
  for (const make of [depthHands, handSimulator, standInDepthCamera]) {
    expect(() => make(options(json))).toThrow(message);
  }
});

test('an unknown estimator or sensor value is refused by what has the option', () => {
  expect(() => depthHands(options('{ "estimator": "tiny" }'))).toThrow('The option estimator is "tiny": ');
  expect(() => handSimulator(options('{ "estimator": "small" }'))).toThrow('There is no option estimator.');
  expect(() => standInDepthCamera(options('{ "sensor": { "flying": 2 } }'))).toThrow(
    'The option sensor.flying is 2: ',
  );
  expect(() => standInDepthCamera(options('{ "sensor": { "fliyng": 0 } }'))).toThrow('fliyng');
});

test('every option is described, with its type and default', () => {
  const described = describeOptions(depthHands.options)!;
  expect(described.map(({ key }) => key)).toEqual([
    ...['size', 'cube', 'camera', 'distance', 'side', 'view', 'closure', 'gestures', 'forearm'],
    ...['behind', 'measurement'],
    ...['estimator', 'depthUnit', 'depthCamera'],
  ]);
  for (const { key, type, description, ...rest } of described) {
    expect([key, type, description]).not.toContain('');
    expect(description).toContain('default' in rest ? 'Default: ' : 'By default');
  }
  expect(described[0]).toMatchObject({ type: 'integer from 8 to 1024', default: 224 });
});
