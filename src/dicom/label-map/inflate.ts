import { promisify } from 'node:util';
import { gunzip, inflate } from 'node:zlib';
import { MAX_VOXEL_BYTES, refused } from './voxels.js';

const [gunzipped, inflated] = [promisify(gunzip), promisify(inflate)];

/** Compressed bytes as they were before; what ends too early, or grows to more than `most` bytes, is refused. */
export async function decompressed(bytes: Uint8Array, form: 'gzip' | 'zlib', most = MAX_VOXEL_BYTES): Promise<Uint8Array> {
  const decompress = form === 'gzip' ? gunzipped : inflated;
  return decompress(bytes, { maxOutputLength: Math.min(most, MAX_VOXEL_BYTES) }).catch((cause: unknown) => {
    const code = (cause as NodeJS.ErrnoException).code ?? 'unknown reason';
    if (code === 'ERR_BUFFER_TOO_LARGE') throw refused(`compressed bytes that become more than ${most}, expected at most that many`);
    throw refused(`compressed bytes that cannot be read (${code})`);
  });
}
