import fc from 'fast-check';
import { expect, test } from 'vitest';
import { multipart } from '../../test/renderer.ts';
import { parseMultipart } from './multipart.ts';
import { RendererFault } from './protocol.ts';

const form = 'multipart/form-data; boundary=b';
const disposition = (name: string) => `Content-Disposition: form-data; name=${name}`;

/** A body, its lines ended as they should be. */
function lines(...texts: readonly string[]): Buffer {
  return Buffer.from(texts.join('\r\n'), 'latin1');
}

const shown = (body: Buffer, contentType: string | null = form) =>
  Object.fromEntries(
    [...parseMultipart(contentType, body)].map(([name, bytes]) => [name, bytes.toString('latin1')]),
  );

test('parts come as their bytes, in every way in which programs write them', () => {
  expect(shown(lines('--b', disposition('"a"'), '', 'x', '--b--', ''))).toEqual({ a: 'x' });
  // A preamble and an epilogue, a bare name, a file name, other headers and their case, an empty part.
  const body = lines(
    ...[
      'Hello.',
      '--b',
      'content-type: image/png',
      `${disposition('a')}; filename="name.png"`,
      '',
      '\xff\0\r\n--',
    ],
    ...[
      '--b',
      'CONTENT-DISPOSITION: form-data;name="e"',
      'Content-Transfer-Encoding: Binary',
      '',
      '',
      '--b--',
      'Bye.',
    ],
  );
  expect(shown(body)).toEqual({ a: '\xff\0\r\n--', e: '' });
  expect(
    shown(lines('--b c', disposition('"a"'), '', 'x', '--b c--'), 'Multipart/Form-Data; boundary="b c"'),
  ).toEqual({
    a: 'x',
  });
  // A file name is no name.
  expect(() => shown(lines('--b', 'Content-Disposition: form-data; filename="a"', '', 'x', '--b--'))).toThrow(
    'no name',
  );
});

test('any bytes come through', () => {
  const names = fc.stringMatching(/^[a-z]\w{0,8}$/);
  fc.assert(
    fc.property(fc.dictionary(names, fc.uint8Array()), (parts) => {
      const { body, contentType } = multipart(parts, 'a boundary that does not occur');
      const read = parseMultipart(contentType, body);
      expect([...read.keys()]).toEqual(Object.keys(parts));
      for (const [name, bytes] of read) expect([...bytes]).toEqual([...parts[name]!]);
    }),
  );
});

test('a body that is cut off anywhere is seen to be, and may be whole the next time', () => {
  const { body } = multipart({ annotation: '{"x": 1}', image: '\r\n--\r\n\r\nxyz' });
  const whole = body.length - '\r\n'.length;
  for (let length = 0; length < whole; length++) {
    const read = () => parseMultipart(form, body.subarray(0, length));
    expect(read, `${length} bytes`).toThrow(RendererFault);
    expect(read, `${length} bytes`).toThrow(expect.objectContaining({ isTransient: true }));
  }
  expect([...parseMultipart(form, body.subarray(0, whole)).keys()]).toEqual(['annotation', 'image']);
});

test.each<[string, string | null, Buffer, string]>([
  ['no content type', null, lines('--b--'), 'without a content type, not with multipart/form-data'],
  ['another one', 'text/html; charset=utf-8', lines('<p>'), 'with text/html, not with multipart/form-data'],
  ['no boundary', 'multipart/form-data', lines('--b--'), 'names no boundary'],
  [
    'an endless boundary',
    `multipart/form-data; boundary=${'b'.repeat(71)}`,
    lines('--b--'),
    'names no boundary',
  ],
  ['line feeds alone', form, Buffer.from('--b\nContent'), 'not followed by a line break (CR LF)'],
  ['no name', form, lines('--b', 'Content-Type: image/png', '', 'x', '--b--'), 'a part has no name'],
  [
    'a name that is no word',
    form,
    lines('--b', disposition('"../a"'), '', 'x', '--b--'),
    '"../a", which is no word',
  ],
  [
    'base64',
    form,
    lines('--b', disposition('"a"'), 'Content-Transfer-Encoding: base64', '', 'eA==', '--b--'),
    'the transfer encoding base64',
  ],
  [
    'two parts of one name',
    form,
    lines('--b', disposition('"a"'), '', 'x', '--b', disposition('"a"'), '', 'y', '--b--'),
    'two parts named a',
  ],
  [
    'huge headers',
    form,
    lines('--b', `X: ${'x'.repeat(9000)}`, disposition('"a"'), '', 'x', '--b--'),
    'more than 8192',
  ],
  [
    'too many parts',
    form,
    multipart(Object.fromEntries(Array.from({ length: 33 }, (_, i) => [`p${i}`, '']))).body,
    'more than 32 parts',
  ],
])('refused: %s', (_, contentType, body, message) => {
  const read = () => parseMultipart(contentType, body);
  expect(read).toThrow(message);
  expect(read).toThrow(expect.objectContaining({ isTransient: false }));
});
