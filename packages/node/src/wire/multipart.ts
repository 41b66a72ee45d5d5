import { BOUNDS, isPartName, type Parts, RendererFault, shownText } from './protocol.ts';

const LINE = '\r\n';

/**
 * The parts of a `multipart/form-data` body (RFC 7578), each as its bytes: nothing is decoded as text, whether a part
 * has a file name or not.
 *
 * @throws RendererFault saying what is wrong; a body that ends early may be whole the next time.
 */
export function parseMultipart(contentType: string | null, body: Buffer): Parts {
  const boundary = boundaryOf(contentType ?? '');
  const opening = Buffer.from(`--${boundary}`);
  const delimiter = Buffer.from(`${LINE}--${boundary}`);
  const parts = new Map<string, Buffer>();
  // A preamble is allowed and ignored (RFC 2046).
  const isFirstAtStart = body.subarray(0, opening.length).equals(opening);
  const first = isFirstAtStart ? 0 : body.indexOf(delimiter);
  if (first < 0) throw cutOff(`its boundary ${shownText(boundary)} does not occur in it`);
  let at = first + (isFirstAtStart ? opening.length : delimiter.length);
  for (;;) {
    const after = body.toString('latin1', at, at + 2);
    if (after === '--') return parts;
    if (after.length < 2) throw cutOff('its closing boundary is missing');
    if (after !== LINE) throw wrong('a boundary is not followed by a line break (CR LF)');
    at += 2;
    const { name, length } = parseHeaders(body, at);
    const start = at + length;
    const end = body.indexOf(delimiter, start - LINE.length);
    if (end < 0) throw cutOff(`its part ${name} does not end`);
    if (parts.has(name)) throw wrong(`it has two parts named ${name}`);
    if (parts.size === BOUNDS.parts) throw wrong(`it has more than ${BOUNDS.parts} parts`);
    parts.set(name, body.subarray(start, Math.max(start, end)));
    at = end + delimiter.length;
  }
}

function boundaryOf(contentType: string): string {
  const [type = '', ...parameters] = contentType.split(';').map((one) => one.trim());
  if (type.toLowerCase() !== 'multipart/form-data') {
    throw new RendererFault(
      `it responded ${type ? `with ${shownText(type, 80)}` : 'without a content type'}, not with multipart/form-data`,
    );
  }
  const given = parameters.find((one) => /^boundary=/i.test(one))?.slice('boundary='.length);
  const boundary = given?.replace(/^"(.*)"$/, '$1');
  // RFC 2046, section 5.1.1.
  if (!boundary || !/^[\w'()+,./:=? -]{0,69}[\w'()+,./:=?-]$/.test(boundary)) {
    throw wrong('its content type names no boundary of 1 to 70 characters');
  }
  return boundary;
}

/** The name in a part's headers, and how many bytes they take with the empty line after them. */
function parseHeaders(body: Buffer, start: number): { name: string; length: number } {
  const window = body.subarray(start, start + BOUNDS.header);
  const end = window.indexOf(LINE + LINE);
  if (end < 0) {
    if (window.length === BOUNDS.header) {
      throw wrong(
        `the headers of a part have more than ${BOUNDS.header} bytes, or their lines do not end in CR LF`,
      );
    }
    throw cutOff('the headers of a part do not end');
  }
  const headers = new Map(
    window
      .toString('utf8', 0, end)
      .split(LINE)
      .map((line) => {
        const colon = line.indexOf(':');
        return [line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim()] as const;
      }),
  );
  const encoding = headers.get('content-transfer-encoding')?.toLowerCase() ?? 'binary';
  if (!['binary', '8bit', '7bit'].includes(encoding)) {
    throw wrong(`a part has the transfer encoding ${shownText(encoding, 40)}; send bytes as they are`);
  }
  const disposition = headers.get('content-disposition') ?? '';
  const [, quoted, bare] = /;\s*name=(?:"([^"]*)"|([^\s;"]+))/i.exec(disposition) ?? [];
  const name = quoted ?? bare;
  if (!isPartName(name)) {
    throw wrong(
      name === undefined
        ? 'a part has no name: Content-Disposition: form-data; name="…" is missing'
        : `a part has the name ${JSON.stringify(shownText(name, 80))}, which is no word`,
    );
  }
  return { name, length: end + 2 * LINE.length };
}

function wrong(clause: string): RendererFault {
  return new RendererFault(`its response is not multipart/form-data as it should be: ${clause}`);
}

function cutOff(clause: string): RendererFault {
  return new RendererFault(`its response is cut off: ${clause}`, { isTransient: true });
}
