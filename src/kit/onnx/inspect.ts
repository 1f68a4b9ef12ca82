/** What an ONNX file takes and gives. */
import { readFile } from 'node:fs/promises';
import { AnteroomError } from '../../foundation/errors.js';
import { loadRuntime } from './runtime.js';
import type { TensorMetadata } from './runtime.js';

export interface NetworkFacts {
  readonly inputs: readonly TensorMetadata[];
  readonly outputs: readonly TensorMetadata[];
}

/**
 * Opens a file and tells its tensors.
 * @throws AnteroomError FILE_UNREADABLE; MODEL_INVALID where it is no network
 */
export async function inspectNetwork(path: string): Promise<NetworkFacts> {
  const bytes = await readFile(path).catch((thrown: unknown) => {
    throw new AnteroomError('FILE_UNREADABLE', path, { cause: thrown });
  });
  const ort = await loadRuntime();
  const options = { enableCpuMemArena: false, enableMemPattern: false, logSeverityLevel: 3 } as const;
  const session = await ort.InferenceSession.create(bytes, options).catch((thrown: unknown) => {
    const text = thrown instanceof Error ? thrown.message : String(thrown);
    throw new AnteroomError('MODEL_INVALID', `${path} cannot be opened as an ONNX network: ${text}`, { cause: thrown });
  });
  return { inputs: session.inputMetadata, outputs: session.outputMetadata };
}
