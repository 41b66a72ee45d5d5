/** @file Renderers of the tests: what one behind an address answers, and one in a process. */
import { fileURLToPath } from 'node:url';
import { createImage } from '@simgan/core';
import { encodePng } from '../src/pictures/encode-picture.ts';
import type { RenderRequest } from '../src/wire/protocol.ts';

/** A program that speaks on stdin and stdout; its arguments and parameters say how it misbehaves. */
export const stdioRenderer = [
  process.execPath,
  fileURLToPath(new URL('./stdio-renderer.mjs', import.meta.url)),
] as const;

/** What the renderer of the tests makes of a request: the gray and the place follow from its random numbers. */
export async function renderBlob({ random, image }: RenderRequest): Promise<Record<string, Uint8Array>> {
  const { width = 12, height = 10, channels, bits } = image;
  const drawn = createImage({ width, height, channels, bits });
  for (const i of drawn.data.keys()) drawn.data[i] = Math.floor(random[i % random.length]! * 256);
  const annotation = { x: random[0]! * width, y: random[1]! * height };
  return { annotation: Buffer.from(JSON.stringify(annotation)), image: await encodePng(drawn) };
}

/** A small gray picture. */
export function grayPng(width: number, height: number): Promise<Buffer> {
  return encodePng(createImage({ width, height, channels: 1, bits: 8 }));
}

/** Parts as multipart/form-data. */
export function multipart(
  parts: Readonly<Record<string, Uint8Array | string>>,
  boundary = 'b',
): { body: Buffer; contentType: string } {
  const chunks = Object.entries(parts).flatMap(([name, content]) => [
    Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n`),
    Buffer.from(content as Uint8Array),
    Buffer.from('\r\n'),
  ]);
  return {
    body: Buffer.concat([...chunks, Buffer.from(`--${boundary}--\r\n`)]),
    contentType: `multipart/form-data; boundary=${boundary}`,
  };
}
