// A renderer on stdin and stdout. Its argument says what it does before it is ready, and a request's parameters what it
// does then. The picture comes with the request, and the annotation follows from its random numbers.
import { appendFileSync, closeSync, readFileSync, writeSync } from 'node:fs';
import { createInterface } from 'node:readline';

const [, , start] = process.argv;
const hold = () => setInterval(() => {}, 1000);

if (start === 'greets') writeSync(1, 'Renderer 4.2 (hash 1234)\n\nsimgan-renderer, loading\r\n');
if (start === 'babbles') {
  process.stdout.on('error', () => process.exit(0));
  setInterval(() => process.stdout.write('x'.repeat(2 ** 16)));
} else if (start === 'breaks') {
  writeSync(2, 'Traceback (most recent call last):\n\x1b[31mImportError: no module named bpy\n');
  process.exit(7);
} else if (start === 'stays') hold();
else if (start === 'stands') hold();

if (start !== 'babbles' && start !== 'stands') {
  writeSync(1, `simgan-renderer ${start === 'newer' ? 2 : 1}\n`);
}

/** How often something happened so far, in all processes, this time included. */
function count(log, what) {
  appendFileSync(log, `${what} ${process.pid}\n`);
  return readFileSync(log, 'utf8')
    .split('\n')
    .filter((line) => line.startsWith(what)).length;
}

for await (const line of createInterface({ input: process.stdin })) {
  const { index, random, parameters } = JSON.parse(line);
  const { does = 'renders', times = 1, at = index, log, png } = parameters;
  const image = Buffer.from(png ?? '', 'base64');
  const annotation = Buffer.from(JSON.stringify({ x: random[0], y: random[1] }));
  if (log) count(log, 'asked');
  const frame = (parts) => {
    const header = parts.map(([name, bytes]) => ({ name, size: bytes.length }));
    return Buffer.concat([
      Buffer.from(`${JSON.stringify({ parts: header })}\n`),
      ...parts.map(([, bytes]) => bytes),
    ]);
  };
  const whole = frame([
    ['annotation', annotation],
    ['image', image],
  ]);
  const misbehaves = at === index && (!log || does === 'renders' || count(log, does) <= times);
  if (!misbehaves || does === 'renders') process.stdout.write(whole);
  else if (does === 'dies') {
    writeSync(2, 'one\ntwo\nthree\nfour\nfive\nout of memory\n');
    process.exit(3);
  } else if (does === 'cuts') {
    writeSync(1, whole.subarray(0, whole.length - 5));
    process.exit(0);
  } else if (does === 'closes') {
    hold();
    closeSync(1);
  } else if (does === 'hangs') hold();
  else if (does === 'refuses') process.stdout.write('{"error": "There is no material wood."}\n');
  else if (does === 'chats') process.stdout.write(Buffer.concat([Buffer.from('Saved: frame.png\n'), whole]));
  else if (does === 'boasts') process.stdout.write('{"parts": [{"name": "image", "size": 1000000000000}]}\n');
  else if (does === 'rambles') setInterval(() => process.stdout.write('x'.repeat(2 ** 16)));
  else if (does === 'mumbles') process.stdout.write('{"parts": [{"name": "image"}]}\n');
  else if (does === 'repeats')
    process.stdout.write(
      frame([
        ['image', image],
        ['image', image],
      ]),
    );
}
