/** Batches for which the memory of a GPU does not suffice, in parts. */
import { type HostData, type HostTensor, type Inputs, mapValues } from '@simgan/tfjs-trace/graph';
import { GpuMemoryError } from '../lower/gpu-memory-error.ts';

type Run = (inputs: Inputs) => Promise<Record<string, HostTensor>>;

/**
 * Runs a step that treats the items of a batch independently; if memory does not suffice, on each half of the batch.
 *
 * @throws GpuMemoryError if it does not suffice for one item.
 */
export async function inHalves(inputs: Inputs, run: Run): Promise<Record<string, HostTensor>> {
  try {
    return await run(inputs);
  } catch (error) {
    const items = Object.values(inputs)[0]?.shape[0] ?? 1;
    if (!(error instanceof GpuMemoryError) || items < 2) throw error;
    const middle = Math.ceil(items / 2);
    const part = (start: number, end: number) =>
      inHalves(mapValues(inputs, (input) => takeItems(input, start, end)) as Inputs, run);
    const [first, second] = [await part(0, middle), await part(middle, items)];
    return joined(first, second);
  }
}

function joined(
  first: Record<string, HostTensor>,
  second: Record<string, HostTensor>,
): Record<string, HostTensor> {
  return Object.fromEntries(
    Object.entries(first).map(([name, { data, shape }]) => {
      const rest = second[name]!;
      const whole = new Float32Array(data.length + rest.data.length);
      whole.set(data);
      whole.set(rest.data, data.length);
      return [name, { data: whole, shape: [shape[0]! + rest.shape[0]!, ...shape.slice(1)] }];
    }),
  );
}

function takeItems({ data, shape }: HostData, start: number, end: number): HostData {
  const length = data.length / shape[0]!;
  return { data: data.subarray(start * length, end * length), shape: [end - start, ...shape.slice(1)] };
}
