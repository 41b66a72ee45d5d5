/**
 * @file Measures every tile of the WGSL products on this GPU, for the products of our networks, and keeps the fastest in a
 * file: `npm run bench -- --gpu` runs with it, and `createDawnRuntime({ tiles })` takes its list.
 *
 *     npm run bench -- --gpu --tune          # writes bench/results/tiles.json
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { Graph, size, type Value } from '@simgan/tfjs-trace/graph';
import type { ProductSize, Tile, TunedTile } from '@simgan/tfjs-wgsl';
import { z } from 'zod';
import { openDawn } from '../packages/tfjs-wgsl/src/dawn.ts';
import type { Kernel, Place } from '../packages/tfjs-wgsl/src/kernels/shader.ts';
import { LOWERINGS } from '../packages/tfjs-wgsl/src/kernels/table.ts';
import { candidatesFor, nameOf, tileFor } from '../packages/tfjs-wgsl/src/kernels/tiles.ts';
import { bytesOf } from '../packages/tfjs-wgsl/src/lower/memory.ts';
import { Gpu, USAGE } from '../packages/tfjs-wgsl/src/runtime/gpu.ts';
import { GPU_SETTINGS } from './gpu-settings.ts';
import { programOf } from './gpu-steps.ts';

export interface TuneOptions {
  readonly say: (line?: string) => void;
  /** Where the table is written, again after each product: what was measured survives an end by force. */
  readonly file: string;
  /** Tries the first tiles of few small products, to see that it runs. Default: false. */
  readonly check?: boolean;
}

/** Products of fewer multiplications do not matter. */
const FEWEST = 2e7;
/** What a tile is run for, ms, after as long a warm-up. */
const DURATION = 20;
/** A tile that takes so many times as long as the best before it is not timed further. */
const HOPELESS = 2;
/** After this long, ms, the products that are left, the smallest, keep the tiles of the table. */
const MOST_TIME = 240_000;
/** How far results of two tiles may be apart, relative to their largest. */
const AGREEMENT = 1e-4;

const tileTable = z.array(
  z.object({
    kind: z.enum(['images', 'filters']),
    rows: z.int().positive(),
    depth: z.int().positive(),
    columns: z.int().positive(),
    tile: z.object({
      rows: z.int().positive(),
      columns: z.int().positive(),
      depth: z.int().positive(),
      high: z.int().positive(),
      wide: z.union([z.literal(1), z.literal(2)]),
    }),
  }),
);

/** The table that was measured before; empty if there is none. */
export function readTiles(file: string): readonly TunedTile[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return [];
  }
  return tileTable.parse(JSON.parse(text));
}

/** Measures and writes the table. */
export async function tuneTiles({ say, file, check = false }: TuneOptions): Promise<void> {
  const gpu = await Gpu.open(await openDawn());
  say(`Tiles on ${gpu.name}: rows x columns x depth of a workgroup / rows x columns of an invocation.`);
  const found: TunedTile[] = [];
  const all = await products(check ? 0 : FEWEST);
  const measured = check ? all.slice(-4) : all;
  const begin = performance.now();
  for (const { product, value } of measured) {
    if (performance.now() - begin > MOST_TIME) break;
    const chosen = tileFor(product);
    const tiles = candidatesFor(product).slice(0, check ? 3 : undefined);
    const bench = new ProductBench(gpu, value);
    await bench.start();
    const times: { readonly tile: Tile; readonly ms: number }[] = [];
    for (const tile of tiles) {
      const best = Math.min(...times.map((time) => time.ms));
      const ms = await bench.timeOf(tile, check ? 0 : DURATION, best);
      if (ms !== undefined) times.push({ tile, ms });
    }
    bench.stop();
    times.sort((a, b) => a.ms - b.ms);
    const flop = 2 * product.rows * product.depth * product.columns;
    const shown = times
      .filter(({ tile }, i) => i < 3 || nameOf(tile) === nameOf(chosen))
      .map(({ tile, ms }) => {
        const mark = nameOf(tile) === nameOf(chosen) ? ' (of the table)' : '';
        return `${nameOf(tile)}${mark} ${ms.toFixed(3)} ms ${(flop / ms / 1e9).toFixed(2)} TFLOP/s`;
      });
    const { kind, rows, depth, columns } = product;
    say(`${value.op} ${rows}x${depth}x${columns}: ${shown.join('; ')}`);
    if (times[0]) found.push({ kind, rows, depth, columns, tile: times[0].tile });
    writeFileSync(file, `${JSON.stringify(found)}\n`);
  }
  gpu.device.destroy();
  say(`${found.length} tiles are in ${file}.`);
}

interface Product {
  readonly product: ProductSize;
  readonly value: Value;
}

/** The products of all steps, each size once, the largest first. */
async function products(fewest: number): Promise<Product[]> {
  const all = new Map<string, Product>();
  for (const { network, batch, steps } of GPU_SETTINGS) {
    for (const step of steps) {
      for (const value of (await programOf(network, batch, step)).products) {
        let asked: ProductSize | undefined;
        const tileOf = (product: ProductSize) => {
          asked = product;
          return tileFor(product);
        };
        if (!/^(Conv2D|MatMul)/.test(value.op)) continue;
        kernelsOf(value, tileOf);
        if (!asked || asked.rows * asked.depth * asked.columns < fewest) continue;
        all.set([asked.kind, asked.rows, asked.depth, asked.columns].join(), { product: asked, value });
      }
    }
  }
  return [...all.values()].sort(
    ({ product: a }, { product: b }) => b.rows * b.depth * b.columns - a.rows * a.depth * a.columns,
  );
}

/** The kernels of one operator alone. The places of its inputs come first. */
function kernelsOf(value: Value, tileOf: (product: ProductSize) => Tile) {
  const graph = new Graph();
  const inputs = value.inputs.map(({ shape, dtype }, i) => graph.input(`x${i}`, shape, dtype));
  const own = graph.node(value.op, inputs, value.shape, { attributes: value.attributes });
  const places = new Map<Value, Place>(
    [...inputs, own].map((one) => [one, { dtype: one.dtype, length: size(one.shape) }]),
  );
  const scope = {
    members: [own],
    outputs: [own],
    length: size(own.shape),
    isStored: () => true,
    placeOf: (one: Value) => places.get(one)!,
    tileFor: tileOf,
  };
  return { kernels: LOWERINGS[own.op]!(scope, own.op), places: [...places.values()] };
}

/** Runs one operator with one tile after the other, on the same inputs. */
class ProductBench {
  readonly #gpu: Gpu;
  readonly #value: Value;
  #buffers: GPUBuffer[] = [];
  #expected: Float32Array | undefined;

  constructor(gpu: Gpu, value: Value) {
    this.#gpu = gpu;
    this.#value = value;
  }

  async start(): Promise<void> {
    const lengths = [...this.#value.inputs, this.#value].map(({ shape }) => ({
      length: size(shape),
      dtype: 'float32' as const,
    }));
    this.#buffers = await this.#gpu.buffers(
      lengths.map(bytesOf),
      USAGE.storage | USAGE.copySource | USAGE.copyTarget,
    );
    for (const [i, { length }] of lengths.slice(0, -1).entries()) {
      const data = Float32Array.from({ length }, (_, at) => Math.sin(at * 12.9898 + i));
      this.#gpu.device.queue.writeBuffer(this.#buffers[i]!, 0, data);
    }
  }

  stop(): void {
    for (const buffer of this.#buffers) buffer.destroy();
  }

  /** Milliseconds of a run; undefined if this GPU cannot run the tile, or computes something else with it. */
  async timeOf(tile: Tile, duration: number, best: number): Promise<number | undefined> {
    const { kernels, places } = kernelsOf(this.#value, () => tile);
    const extra = [...new Set(kernels.flatMap((kernel) => kernel.places))].filter(
      (place) => !places.includes(place),
    );
    try {
      const made = await this.#gpu.buffers(extra.map(bytesOf), USAGE.storage);
      const bufferOf = new Map<Place, GPUBuffer>([
        ...places.map((place, i) => [place, this.#buffers[i]!] as const),
        ...extra.map((place, i) => [place, made[i]!] as const),
      ]);
      const encode = await this.#encoder(kernels, bufferOf);
      const run = async (repeats: number) => {
        const start = performance.now();
        const encoder = this.#gpu.device.createCommandEncoder();
        const pass = encoder.beginComputePass();
        for (let i = 0; i < repeats; i++) encode(pass);
        pass.end();
        this.#gpu.device.queue.submit([encoder.finish()]);
        await this.#gpu.device.queue.onSubmittedWorkDone();
        return performance.now() - start;
      };
      await run(1);
      const agrees = await this.#agrees();
      const once = await run(1);
      const repeats = Math.max(Math.min(Math.round(duration / once), 200), 1);
      const isTimed = duration > 0 && once < HOPELESS * Math.max(best, duration / 200);
      const times = isTimed ? [await run(repeats), await run(repeats), await run(repeats)] : [once];
      for (const buffer of made) buffer.destroy();
      return agrees ? Math.min(...times) / (isTimed ? repeats : 1) : undefined;
    } catch {
      return undefined;
    }
  }

  async #encoder(
    kernels: readonly Kernel[],
    bufferOf: ReadonlyMap<Place, GPUBuffer>,
  ): Promise<(pass: GPUComputePassEncoder) => void> {
    const ready = await Promise.all(
      kernels.map(async ({ label, code, places, workgroups }) => {
        const pipeline = await this.#gpu.pipeline(label, code);
        const group = this.#gpu.device.createBindGroup({
          layout: pipeline.getBindGroupLayout(0),
          entries: places.map((place, binding) => ({ binding, resource: { buffer: bufferOf.get(place)! } })),
        });
        return { pipeline, group, workgroups };
      }),
    );
    return (pass) => {
      for (const { pipeline, group, workgroups } of ready) {
        pass.setPipeline(pipeline);
        pass.setBindGroup(0, group);
        pass.dispatchWorkgroups(...workgroups);
      }
    };
  }

  /** Whether the result is that of the first tile, in its first elements. */
  async #agrees(): Promise<boolean> {
    const bytes = Math.min(size(this.#value.shape) * 4, 2 ** 20);
    const [staging] = await this.#gpu.buffers([bytes], USAGE.mapRead | USAGE.copyTarget);
    const encoder = this.#gpu.device.createCommandEncoder();
    encoder.copyBufferToBuffer(this.#buffers.at(-1)!, 0, staging!, 0, bytes);
    this.#gpu.device.queue.submit([encoder.finish()]);
    await staging!.mapAsync(USAGE.mapRead);
    const result = new Float32Array(staging!.getMappedRange().slice(0));
    staging!.destroy();
    this.#expected ??= result;
    const most = this.#expected.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
    return result.every((value, i) => Math.abs(value - this.#expected![i]!) <= AGREEMENT * most);
  }
}
