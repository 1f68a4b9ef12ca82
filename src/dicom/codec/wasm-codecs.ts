/** The decoders of dcmjs-codecs (WebAssembly) and its JPEG encoder: the one place where the library is loaded, initialised and its errors are translated. */
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { AnteroomError } from '../../foundation/errors.js';
import { silenceDcmjs } from '../dcmjs.js';
import type { Picture } from '../render/picture.js';

/** One frame's shape, as the Image Pixel module describes it (PS3.3 C.7.6.3). */
export interface FrameShape {
  readonly rows: number;
  readonly columns: number;
  readonly bitsAllocated: 8 | 16;
  readonly bitsStored: number;
  readonly samplesPerPixel: number;
  readonly pixelRepresentation: 0 | 1;
  readonly photometricInterpretation: string;
}

export type DecoderName = 'decodeRle' | 'decodeJpeg' | 'decodeJpegLs' | 'decodeJpeg2000';

/** What decodes one frame to bytes: little endian, rows × columns × samples, samples interleaved. */
export type FrameDecoder = (encoded: Uint8Array) => Uint8Array;

interface Context {
  getWidth(): number | undefined;
  getHeight(): number | undefined;
  getPlanarConfiguration(): number | undefined;
  getDecodedBuffer(): Uint8Array | undefined;
  getEncodedBuffer(): Uint8Array | undefined;
}

type NativeCodecs = Record<DecoderName, (context: Context) => Context> & {
  encodeJpeg(context: Context, parameters: { lossy: true; quality: number }): Context;
  initializeAsync(options: { webAssemblyModulePathOrUrl: string }): Promise<void>;
};

interface Library {
  readonly NativeCodecs: NativeCodecs;
  readonly Context: new (attributes: Record<string, unknown>) => Context;
  readonly log: { setLevel(level: 'silent'): void };
}

const WASM_FILE = 'dcmjs-native-codecs.wasm';

let ready: Promise<Library> | undefined;
let givenWasmPath: string | undefined;

/**
 * Loads the decoders once; later calls wait for the first. `wasmPath` (or ANTEROOM_CODECS_WASM) says where the wasm file lies where
 * the code runs without the installed package beside it.
 * @throws {AnteroomError} INTERNAL where the wasm file cannot be loaded.
 */
export async function initCodecs(options: { readonly wasmPath?: string } = {}): Promise<void> {
  givenWasmPath = options.wasmPath ?? givenWasmPath;
  await loadedLibrary();
}

/** The decoder of frames of one shape, after loading the library where that has not been done. */
export async function frameDecoder(name: DecoderName, shape: FrameShape): Promise<FrameDecoder> {
  const library = await loadedLibrary();
  return (encoded) => decodeFrame(library, name, encoded, shape);
}

/** A picture as baseline JPEG (ISO 10918-1); `quality` from 1 to 100. */
export async function encodeJpeg({ width, height, channels, data }: Picture, quality: number): Promise<Uint8Array> {
  const library = await loadedLibrary();
  const context = new library.Context({
    width,
    height,
    bitsAllocated: 8,
    bitsStored: 8,
    samplesPerPixel: channels,
    pixelRepresentation: 0,
    planarConfiguration: 0,
    photometricInterpretation: channels === 1 ? 'MONOCHROME2' : 'RGB',
    decodedBuffer: data,
  });
  try {
    // A copy: the next use of the module may write over it.
    return Uint8Array.from(library.NativeCodecs.encodeJpeg(context, { lossy: true, quality }).getEncodedBuffer() ?? []);
  } catch (thrown) {
    ready = undefined;
    throw new AnteroomError('INTERNAL', `a picture of ${width} × ${height} could not be encoded`, { cause: thrown });
  }
}

async function loadedLibrary(): Promise<Library> {
  ready ??= load();
  try {
    return await ready;
  } catch (thrown) {
    ready = undefined;
    throw new AnteroomError('INTERNAL', 'the pixel decoders could not be loaded', { cause: thrown });
  }
}

async function load(): Promise<Library> {
  const require = createRequire(import.meta.url);
  silenceDcmjs();
  const library = require('dcmjs-codecs') as Library;
  // It passes on what its decoders print, which may be a comment out of the image.
  library.log.setLevel('silent');
  const wasmPath = givenWasmPath ?? process.env.ANTEROOM_CODECS_WASM ?? join(dirname(require.resolve('dcmjs-codecs')), WASM_FILE);
  await library.NativeCodecs.initializeAsync({ webAssemblyModulePathOrUrl: wasmPath });
  return library;
}

/** @throws {AnteroomError} PIXELS_UNSUPPORTED where the frame is damaged or is not of the shape that the header says. */
function decodeFrame(library: Library, name: DecoderName, encoded: Uint8Array, shape: FrameShape): Uint8Array {
  const decoded = runDecoder(library, name, encoded, shape);
  const bytes = decoded.getDecodedBuffer();
  const { rows, columns, samplesPerPixel, bitsAllocated } = shape;
  const expectedBytes = (rows * columns * samplesPerPixel * bitsAllocated) / 8;
  if (bytes?.byteLength !== expectedBytes || decoded.getWidth() !== columns || decoded.getHeight() !== rows) {
    const seen = `a frame is ${decoded.getWidth()} × ${decoded.getHeight()} in ${bytes?.byteLength ?? 0} bytes`;
    throw new AnteroomError('PIXELS_UNSUPPORTED', `${seen} where the header says ${columns} × ${rows} in ${expectedBytes} bytes`);
  }
  return decoded.getPlanarConfiguration() === 1 ? interleaved(bytes, shape) : bytes;
}

function runDecoder(library: Library, name: DecoderName, encoded: Uint8Array, shape: FrameShape): Context {
  const { columns: width, rows: height, ...pixel } = shape;
  try {
    return library.NativeCodecs[name](new library.Context({ ...pixel, width, height, planarConfiguration: 0, encodedBuffer: encoded }));
  } catch (thrown) {
    // After an error the module still holds the frame's memory: the next caller gets a fresh one.
    ready = undefined;
    throw new AnteroomError('PIXELS_UNSUPPORTED', `${name} of a frame of ${encoded.byteLength} bytes failed`, { cause: thrown });
  }
}

/** Colour by plane to colour by pixel (PS3.3 C.7.6.3.1.3). */
export function interleaved(planes: Uint8Array, shape: FrameShape): Uint8Array {
  const { samplesPerPixel } = shape;
  if (samplesPerPixel === 1) return planes;
  const sampleBytes = shape.bitsAllocated / 8;
  const pixels = shape.rows * shape.columns;
  const out = new Uint8Array(planes.byteLength);
  for (let sample = 0; sample < samplesPerPixel; sample++) {
    for (let pixel = 0; pixel < pixels; pixel++) {
      for (let byte = 0; byte < sampleBytes; byte++) {
        out[(pixel * samplesPerPixel + sample) * sampleBytes + byte] = planes[(sample * pixels + pixel) * sampleBytes + byte];
      }
    }
  }
  return out;
}
