import { promisify } from 'node:util';
import { gunzip, inflate } from 'node:zlib';
import { MAX_VOXEL_BYTES, refused } from './voxels.js';

const [gunzipped, inflated] = [promisify(gunzip), promisify(inflate)];

/** Compressed bytes as they were before; what ends too early or grows without measure is refused. */
export async function decompressed(bytes: Uint8Array, form: 'gzip' | 'zlib'): Promise<Uint8Array> {
  const decompress = form === 'gzip' ? gunzipped : inflated;
  return decompress(bytes, { maxOutputLength: MAX_VOXEL_BYTES }).catch((cause: unknown) => {
    throw refused(`compressed bytes that cannot be read (${(cause as NodeJS.ErrnoException).code ?? 'unknown reason'})`);
  });
}
