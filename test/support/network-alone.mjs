/**
 * A network for the brain without our kit: `node network-alone.mjs MODEL.onnx VOXELS OUT`. VOXELS is raw uint8 of 256³ voxels, scaled to 0..1
 * here; OUT becomes the raw labels. ONNX Runtime lies beside the built node.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';

const { InferenceSession, Tensor } = createRequire(resolve('dist/x.js'))('onnxruntime-node');

const [model, voxels, out] = process.argv.slice(2);
const bytes = readFileSync(voxels);
const most = bytes.reduce((a, b) => Math.max(a, b), 0);
const least = bytes.reduce((a, b) => Math.min(a, b), 255);
const input = Float32Array.from(bytes, (value) => (value - least) / (most - least));
const session = await InferenceSession.create(model, { enableMemPattern: false, enableCpuMemArena: false });
const { labels } = await session.run({ input: new Tensor('float32', input, [1, 1, 256, 256, 256]) });
writeFileSync(out, labels.data);
