/** Weightings of MR as descriptions name them and as the timing tells. */
import { factsOf, type Tags } from '../support.js';

const weightingOf = (tags: Tags) => factsOf({ Modality: 'MR', ...tags }).facts.mrWeighting.values[0];

describe('the weighting by its description', () => {
  it.each<[string, string | undefined]>([
    ['anat-T1w', 't1'],
    ['t1_mprage_sag_p2_iso', 't1'],
    ['Sag MPRAGE', 't1'],
    ['AX T1 +C', 't1'],
    ['t1_vibe_fs_tra_bh_dyn', 't1'],
    ['T1 FLAIR', 't1'],
    ['t2_tse_tra', 't2'],
    ['AX T2 FLAIR', 'flair'],
    ['t2_tirm_tra_dark-fluid', 'flair'],
    ['t2_space_dark-fluid_sag', 'flair'],
    ['T2* GRE', 't2star'],
    ['SWI_Images', 't2star'],
    ['PD_TSE', 'pd'],
    ['ep2d_diff_b50_400_800', 'dwi'],
    ['ep2d_diff_b50_400_800_ADC', 'adc'],
    ['DWI ADC map', 'adc'],
    ['HBV', 'dwi'],
    ['PD/T2', undefined],
    ['T1 mapping', undefined],
    ['TOF 3D', undefined],
    ['localizer', undefined],
  ])('%s', (description, weighting) => {
    expect(weightingOf({ SeriesDescription: description })).toBe(weighting);
  });
});

describe('the weighting without a word', () => {
  it.each<[string, Tags, string | undefined]>([
    ['what the image says', { ImageType: ['ORIGINAL', 'PRIMARY', 'T1', 'NONE'] }, 't1'],
    ['an ADC map', { ImageType: ['DERIVED', 'PRIMARY', 'DIFFUSION', 'ADC'], SeriesDescription: 'DWI' }, 'adc'],
    ['a b-value', { DiffusionBValue: 1000, ScanningSequence: 'EP' }, 'dwi'],
    ['a short spin echo', { ScanningSequence: 'SE', EchoTime: 12, RepetitionTime: 500 }, 't1'],
    ['a long spin echo', { ScanningSequence: 'SE', EchoTime: 90, RepetitionTime: 3000 }, 't2'],
    ['a spin echo with long repetition alone', { ScanningSequence: 'SE', EchoTime: 12, RepetitionTime: 4000 }, 'pd'],
    [
      'an inversion that darkens fluid',
      { ScanningSequence: ['SE', 'IR'], EchoTime: 394, RepetitionTime: 6000, InversionTime: 2200 },
      'flair',
    ],
    ['a prepared gradient echo', { ScanningSequence: 'GR', EchoTime: 3, RepetitionTime: 9, InversionTime: 900 }, 't1'],
    [
      'an inversion that darkens fat',
      { ScanningSequence: ['SE', 'IR'], EchoTime: 30, RepetitionTime: 4000, InversionTime: 150 },
      undefined,
    ],
    ['an echo-planar image', { ScanningSequence: ['EP', 'GR'], EchoTime: 28, RepetitionTime: 2500 }, undefined],
    [
      'a flow image, timed like a T1',
      { SeriesDescription: 'TOF 3D', ScanningSequence: 'GR', EchoTime: 3.5, RepetitionTime: 22 },
      undefined,
    ],
    ['nothing', {}, undefined],
    ['a CT', { Modality: 'CT', SeriesDescription: 'T1' }, undefined],
  ])('%s', (_, tags, weighting) => {
    expect(weightingOf(tags)).toBe(weighting);
  });
});
