/** Kernels as the vendors name them. */
import { factsOf, header, study } from '../support.js';

const familyOf = (...values: string[]) => factsOf({ Modality: 'CT', ConvolutionKernel: values }).facts.kernelFamily.values[0];

describe('the family of a kernel', () => {
  it.each<[family: string | undefined, kernels: string]>([
    ['soft', 'B20f B30f B31s B40f B45f H31s H40s I30f I40f Br38f Br40d Bf37f Hr38h Qr36f D30f J30s Bv40d'],
    ['medium', 'B50f B50s H50s I50f Br54f Br56f'],
    ['sharp', 'B60f B70f B80s B90s H60s H70h I70f Br64f Hr68u Bl57f Bl64d U90u'],
    ['soft', 'STANDARD SOFT'],
    ['medium', 'DETAIL'],
    ['sharp', 'LUNG BONE BONEPLUS EDGE ULTRA'],
    ['soft', 'A B UA UB'],
    ['medium', 'C'],
    ['sharp', 'D L YA YB YC'],
    ['soft', 'FC01 FC08 FC12 FC18 FC21 FC26 FC43 FC68'],
    ['sharp', 'FC30 FC31 FC51 FC52 FC56 FC81'],
    [undefined, 'T20f XYZG=7.00 FC70 foo'],
  ])('is %s for %s', (family, kernels) => {
    expect(kernels.split(' ').map((kernel) => [kernel, familyOf(kernel)])).toEqual(kernels.split(' ').map((kernel) => [kernel, family]));
  });

  it('is that of the first value, where the second is the strength of an iterative reconstruction', () => {
    expect(familyOf('Br38f', '3')).toBe('soft');
  });

  it('is only of CT', () => {
    expect(factsOf({ Modality: 'PT', ConvolutionKernel: 'B' }).facts.kernelFamily.values).toEqual([]);
  });

  it('is missing for a series of several families', () => {
    const instances = ['B30f', 'B70f'].map((kernel) => ({
      sopInstanceUid: kernel,
      header: header({ Modality: 'CT', ConvolutionKernel: kernel }),
    }));
    expect(study({ seriesInstanceUid: '1', instances }).series[0]?.facts.kernelFamily).toEqual({
      values: [],
      source: 'kernels of several families in one series: B30f, B70f',
    });
  });
});
