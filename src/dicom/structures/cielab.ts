/**
 * Display colours: sRGB (IEC 61966-2-1) and the CIELab triplets of DICOM (PS3.3 C.10.7.1.1), whose profile connection
 * space has the white point D50.
 */

/** Red, green, blue of sRGB, each 0..255. */
export type Rgb = readonly [number, number, number];

/** L*, a*, b* as 16-bit unsigned values: L* 0..100 and a*, b* -128..127 are stretched over 0..65535. */
export type DicomLab = readonly [number, number, number];

/** Linear sRGB to CIE XYZ under D50: the sRGB primaries with the Bradford adaptation from D65 applied. */
const RGB_TO_XYZ = [
  [0.4360747, 0.3850649, 0.1430804],
  [0.2225045, 0.7168786, 0.0606169],
  [0.0139322, 0.0971045, 0.7141733],
] as const;
const XYZ_TO_RGB = [
  [3.1338561, -1.6168667, -0.4906146],
  [-0.9787684, 1.9161415, 0.033454],
  [0.0719453, -0.2289914, 1.4052427],
] as const;
const WHITE_D50 = [0.9642203, 1, 0.82521] as const;

/** CIE 15: below this cube root the Lab curve is a straight line. */
const DELTA = 6 / 29;

/** The DICOM CIELab value of an sRGB colour. */
export function labFromRgb(rgb: Rgb): DicomLab {
  const xyz = multiply(
    RGB_TO_XYZ,
    rgb.map((value) => toLinear(value / 255)),
  );
  const [fx, fy, fz] = xyz.map((value, axis) => labCurve(value / WHITE_D50[axis])) as [number, number, number];
  return [to16(116 * fy - 16, 0, 100), to16(500 * (fx - fy), -128, 127), to16(200 * (fy - fz), -128, 127)];
}

/** The sRGB colour nearest to a DICOM CIELab value; colours outside of sRGB are clipped. */
export function rgbFromLab(lab: DicomLab): Rgb {
  const fy = (from16(lab[0], 0, 100) + 16) / 116;
  const fs = [fy + from16(lab[1], -128, 127) / 500, fy, fy - from16(lab[2], -128, 127) / 200];
  const xyz = fs.map((value, axis) => labCurveInverse(value) * WHITE_D50[axis]);
  const [red, green, blue] = multiply(XYZ_TO_RGB, xyz).map((value) => Math.round(255 * fromLinear(clamp(value, 0, 1))));
  return [red, green, blue];
}

function multiply(matrix: readonly (readonly [number, number, number])[], vector: readonly number[]): number[] {
  return matrix.map((row) => row.reduce<number>((sum, factor, index) => sum + factor * vector[index], 0));
}

function toLinear(value: number): number {
  return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
}

function fromLinear(value: number): number {
  return value <= 0.0031308 ? 12.92 * value : 1.055 * value ** (1 / 2.4) - 0.055;
}

function labCurve(value: number): number {
  return value > DELTA ** 3 ? Math.cbrt(value) : value / (3 * DELTA ** 2) + 4 / 29;
}

function labCurveInverse(value: number): number {
  return value > DELTA ? value ** 3 : 3 * DELTA ** 2 * (value - 4 / 29);
}

function to16(value: number, low: number, high: number): number {
  return Math.round((65535 * (clamp(value, low, high) - low)) / (high - low));
}

function from16(value: number, low: number, high: number): number {
  return low + (value * (high - low)) / 65535;
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}
