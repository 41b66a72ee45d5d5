/** @file Names and defaults of options, for programs that show them before anything heavy is loaded. */
export { type DeviceName, deviceNames, type EngineName, engineNames } from './engines/names.ts';
export { parseTreat, rungNames, rungs, type Treat } from './ladder/rungs.ts';
export { defaults } from './runs/defaults.ts';
