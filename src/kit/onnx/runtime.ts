/** onnxruntime-node, as far as the kit uses it. It is part of the base image and of dist/, not of the node's packages, so it is looked for when it is needed. */
import { AnteroomError } from '../../foundation/errors.js';
import type { TensorData } from './tensor.js';

export interface TensorMetadata {
  readonly name: string;
  readonly isTensor: boolean;
  /** `float32`, … */
  readonly type: string;
  /** A name where any size goes. */
  readonly shape: readonly (number | string)[];
}

export interface OrtTensor {
  readonly data: TensorData;
  readonly dims: readonly number[];
}

export interface OrtSession {
  readonly inputMetadata: readonly TensorMetadata[];
  readonly outputMetadata: readonly TensorMetadata[];
  run(feeds: Readonly<Record<string, OrtTensor>>, fetches: readonly string[]): Promise<Readonly<Record<string, OrtTensor>>>;
}

interface SessionOptions {
  readonly enableCpuMemArena: boolean;
  readonly enableMemPattern: boolean;
  readonly logSeverityLevel: 0 | 1 | 2 | 3 | 4;
  readonly intraOpNumThreads?: number;
}

export interface Ort {
  readonly InferenceSession: { create(model: Uint8Array, options: SessionOptions): Promise<OrtSession> };
  readonly Tensor: new (type: string, data: TensorData, dims: readonly number[]) => OrtTensor;
  readonly env: { readonly versions: { readonly common?: string; readonly node?: string } };
}

const PACKAGE: string = 'onnxruntime-node';

/**
 * Loads the runtime.
 * @throws AnteroomError ONNX_RUNTIME_MISSING
 */
export async function loadRuntime(): Promise<Ort> {
  try {
    const loaded = (await import(PACKAGE)) as { default: Ort };
    return loaded.default;
  } catch (thrown) {
    throw new AnteroomError('ONNX_RUNTIME_MISSING', thrown instanceof Error ? thrown.message.split('\n')[0] : String(thrown), {
      cause: thrown,
    });
  }
}
