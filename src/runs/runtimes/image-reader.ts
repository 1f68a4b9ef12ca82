/** Images as the models' store asks of them, answered by a container engine. */
import { AnteroomError } from '../../foundation/errors.js';
import type { ImageReader } from '../../models/catalogue/read-image.js';
import type { UpdateSource } from '../../models/update.js';
import type { Runtime } from './runtime.js';

/** Resolves image names and reads files out of images, without starting them. Rejects with IMAGE_MISSING or ENGINE_UNREACHABLE. */
export function imageReader(engine: Runtime): ImageReader & UpdateSource {
  return {
    resolveImage: async (reference) => {
      if (engine.resolveImage === undefined) throw new AnteroomError('IMAGE_MISSING', `no engine can resolve ${reference}`);
      return engine.resolveImage(reference);
    },
    registryDigest: async (reference) => engine.registryDigest?.(reference),
    readImageFile: async (reference, path) => engine.readImageFile?.(reference, path),
  };
}
