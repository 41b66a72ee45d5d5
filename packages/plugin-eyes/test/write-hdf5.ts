/** @file HDF5 files for tests, written with the library that reads them. */
import h5wasm from 'h5wasm/node';

/** The content of an HDF5 file: groups of groups, arrays and texts. */
export type Hdf5Content =
  | {
      readonly shape: number[];
      readonly data: Uint8Array | Int8Array | Float32Array | Float64Array;
      /** The shape of the blocks that it is compressed in. Default: it is not. */
      readonly chunks?: number[];
    }
  | readonly string[]
  | { readonly [name: string]: Hdf5Content };

export async function writeHdf5(
  file: string,
  content: { readonly [name: string]: Hdf5Content },
): Promise<void> {
  await h5wasm.ready;
  const out = new h5wasm.File(file, 'w');
  const fill = (
    group: InstanceType<typeof h5wasm.Group>,
    members: { readonly [name: string]: Hdf5Content },
  ) => {
    for (const [name, member] of Object.entries(members)) {
      if (Array.isArray(member)) group.create_dataset({ name, data: [...member] as string[] });
      else if ('data' in member && 'shape' in member) {
        const { data, shape, chunks } = member as { data: Uint8Array; shape: number[]; chunks?: number[] };
        group.create_dataset({ name, data, shape, ...(chunks && { chunks, compression: 'gzip' }) });
      } else fill(group.create_group(name), member as { readonly [name: string]: Hdf5Content });
    }
  };
  fill(out, content);
  out.close();
}
