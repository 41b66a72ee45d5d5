import type { JsonObject } from '../objects/objects.ts';
import type { FormatOutput, GrowingFile } from './dataset-format.ts';

/** Values that are kept in a file until all of them are known: memory does not grow with their number. */
export interface Spool<Value> {
  add(value: Value): Promise<void>;
  /** All values in order, once; then the file is gone. */
  drain(): AsyncGenerator<Value>;
}

/** Begins a spool in a file of an output. */
export function createSpool<Value extends JsonObject>(output: FormatOutput, file: string): Spool<Value> {
  let growing: GrowingFile | undefined;
  return {
    async add(value) {
      growing ??= await output.append(file);
      await growing.write(`${JSON.stringify(value)}\n`);
    },
    async *drain() {
      if (!growing) return;
      await growing.close();
      const decoder = new TextDecoder();
      let rest = '';
      for await (const chunk of output.read(file)) {
        const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
        rest = lines.pop()!;
        for (const line of lines) yield JSON.parse(line) as Value;
      }
      await output.remove(file);
    },
  };
}
