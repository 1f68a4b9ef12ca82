/** The smallest network: what goes in comes out. An ONNX file written by hand (ONNX IR: onnx.proto3). */

/** A network `x` → `y` of 32-bit floats with that many axes of any length. */
export function identityNetwork(axes: number): Uint8Array {
  const dims = Array.from({ length: axes }, (_, n) => field(1, text(2, `d${n}`)));
  const tensor = Buffer.concat([whole(1, FLOAT), field(2, Buffer.concat(dims))]);
  const valueInfo = (name: string) => Buffer.concat([text(1, name), field(2, field(1, tensor))]);
  const node = Buffer.concat([text(1, 'x'), text(2, 'y'), text(4, 'Identity')]);
  const graph = Buffer.concat([field(1, node), text(2, 'identity'), field(11, valueInfo('x')), field(12, valueInfo('y'))]);
  return Buffer.concat([whole(1, IR_VERSION), field(8, whole(2, OPSET)), field(7, graph)]);
}

const FLOAT = 1;
const IR_VERSION = 8;
const OPSET = 13;

function whole(number: number, value: number): Buffer {
  return Buffer.from([number << 3, value]);
}

/** A field of bytes: its number, how many, and they; all below 128 but the lengths. */
function field(number: number, bytes: Buffer): Buffer {
  const { length } = bytes;
  return Buffer.concat([Buffer.from([(number << 3) | 2, ...(length < 128 ? [length] : [(length & 127) | 128, length >> 7])]), bytes]);
}

function text(number: number, value: string): Buffer {
  return field(number, Buffer.from(value));
}
