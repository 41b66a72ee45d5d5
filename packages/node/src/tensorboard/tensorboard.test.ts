import { appendFile, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32c, encodeRecord, maskedCrc32c, readRecords } from '@simgan/formats';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../../test/folders.ts';
import { openEventFile } from './event-file.ts';
import { stepOfEvent, summaryEvent, versionEvent } from './events.ts';
import { stepScalars } from './step-scalars.ts';

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

test('the checksum is that of RFC 3720, appendix B.4, and its mask that of TensorFlow', () => {
  expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
  expect(crc32c(new Uint8Array(32).fill(0xff))).toBe(0x62a8ab43);
  expect(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i))).toBe(0x46dd794e);
  expect(crc32c(Uint8Array.from({ length: 32 }, (_, i) => 31 - i))).toBe(0x113fdb5c);
  expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283);
  expect(maskedCrc32c(Uint8Array.of(15, 0, 0, 0, 0, 0, 0, 0))).toBe(0x092b536d);
});

// The bytes that TensorBoard's own writer makes of these messages (its RecordWriter and event_pb2, version 2.21).
test('records and events are what TensorBoard writes, byte for byte', () => {
  expect(hex(encodeRecord(versionEvent()))).toBe(
    '0f000000000000006d532b091a0d627261696e2e4576656e743a32fc985129',
  );
  const picture = { width: 300, height: 2, channels: 3, png: Buffer.from('PNG') } as const;
  const event = summaryEvent(3, {
    scalars: { 'refiner/loss': 0.5 },
    pictures: { 'timeline/refined': picture },
  });
  expect(hex(encodeRecord(event))).toBe(
    [
      '440000000000000043592e9a',
      '09000000000000084010032a37',
      '0a130a0c726566696e65722f6c6f7373150000003f',
      '0a200a1074696d656c696e652f726566696e6564220c080210ac0218032203504e47',
      '4cc4f591',
    ].join(''),
  );
  expect([stepOfEvent(event), stepOfEvent(versionEvent())]).toEqual([3, 0]);
});

test('a file goes on after the step that a training resumes at, whatever its end', async () => {
  const file = join(await temporaryFolder(), 'events');
  const write = async (from: number, to: number) => {
    const events = await openEventFile(file, from);
    for (let step = from + 1; step <= to; step++) await events.append(step, { loss: step / 8 });
    return readFile(file);
  };
  const whole = await write(0, 6);
  expect(Array.from(readRecords(whole), ({ data }) => stepOfEvent(data))).toEqual([0, 1, 2, 3, 4, 5, 6]);
  expect(await write(4, 6)).toEqual(whole);
  await appendFile(file, encodeRecord(summaryEvent(7, {})).subarray(0, 20));
  expect(await write(6, 6)).toEqual(whole);
  await truncate(file, whole.length - 1);
  expect(await write(5, 6)).toEqual(whole);
  const damaged = Buffer.from(whole);
  damaged[60]! ^= 1;
  await writeFile(file, damaged);
  expect(await write(0, 6)).toEqual(whole);
  await writeFile(file, 'not events');
  expect(await write(0, 6)).toEqual(whole);
});

test('a step is its numbers by their names', () => {
  const losses = { loss: 1, adversarial: 0.8, adversarialSum: 80, regularization: 0.05, lambda: 2 };
  const judged = { loss: 0.7, lossSum: 70, accuracyOnRefined: 0.7, accuracyOnReal: 0.5 };
  expect(stepScalars({ phase: 'refiner warm-up', step: 1, steps: 3, regularization: 0.1 })).toEqual({
    'refiner/regularization': 0.1,
  });
  const step = { phase: 'adversarial', step: 3, steps: 3, refiner: losses, discriminator: judged } as const;
  expect(stepScalars(step)).toMatchObject({ 'refiner/lambda': 2, 'discriminator/accuracyOnReal': 0.5 });
  expect(Object.keys(stepScalars(step))).toHaveLength(9);
});
