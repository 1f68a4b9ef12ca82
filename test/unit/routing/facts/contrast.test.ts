/** Contrast agent: yes, no, or not told. */
import { factsOf, header, type Tags } from '../support.js';

const contrastOf = (tags: Tags) => factsOf({ Modality: 'CT', ...tags }).facts.contrast.values[0];

describe('the elements of the agent', () => {
  it.each<[string, Tags, string | undefined]>([
    ['a named agent', { ContrastBolusAgent: 'Iomeron 400' }, 'yes'],
    ['applied', { ContrastBolusAgent: 'APPLIED' }, 'yes'],
    ['none', { ContrastBolusAgent: 'NONE' }, 'no'],
    ['an empty one', { ContrastBolusAgent: null }, undefined],
    ['an empty one in a described study', { ContrastBolusAgent: null, StudyDescription: 'Thorax mit KM' }, 'yes'],
    ['drunk', { ContrastBolusAgent: 'GASTROGRAFIN ORAL' }, undefined],
    ['drunk, by its route', { ContrastBolusAgent: 'Gastrografin', ContrastBolusRoute: 'ORAL' }, undefined],
    ['drunk and injected', { ContrastBolusAgent: 'ORAL & IV' }, 'yes'],
    ['an agent in a code', { ContrastBolusAgentSequence: header({ CodeValue: 'C-B0322' }) }, 'yes'],
    ['none, whatever the description says', { ContrastBolusAgent: 'NONE', SeriesDescription: 'arterial' }, 'no'],
    [
      'an enhanced object without administration',
      { SharedFunctionalGroupsSequence: header({ ContrastBolusUsageSequence: header({ ContrastBolusAgentAdministered: 'NO' }) }) },
      'no',
    ],
  ])('%s', (_, tags, answer) => {
    expect(contrastOf(tags)).toBe(answer);
  });
});

describe('descriptions', () => {
  it.each<[string, string | undefined]>([
    ['Thorax C+', 'yes'],
    ['Chest C-/Thorax', 'no'],
    ['Chest C-/C+', undefined],
    ['AX T1 +C', 'yes'],
    ['T1 post contrast', 'yes'],
    ['T1 post Gd', 'yes'],
    ['Abdomen KM', 'yes'],
    ['FDG_TK_KM', 'yes'],
    ['Thorax ohne KM', 'no'],
    ['Schädel nativ', 'no'],
    ['HEAD W/O', 'no'],
    ['HEAD W/O CONTRAST', 'no'],
    ['HEAD WO CONTRAST', 'no'],
    ['CHEST W/ CONTRAST', 'yes'],
    ['CT HEAD W/ AND W/O CONTRAST', undefined],
    ['CT HEAD W/O & W CONTRAST', undefined],
    ['ABDOMEN WITHOUT AND WITH CONTRAST', undefined],
    ['non-contrast chest', 'no'],
    ['unenhanced', 'no'],
    ['1A TRAUMA/PLAIN HEAD', 'no'],
    ['portalvenös', 'yes'],
    ['CTA Aorta', 'yes'],
    ['TDM sans injection', 'no'],
    ['TC con contraste', 'yes'],
    ['胸部CT平扫', 'no'],
    ['腹部增强', 'yes'],
    ['胸部単純CT', 'no'],
    ['腹部造影', 'yes'],
    ['非造影', 'no'],
    ['TC torace senza mdc', 'no'],
    ['CT thorax zonder contrast', 'no'],
    // What only looks like it
    ['C-SPINE', undefined],
    ['C-ARM', undefined],
    ['abdomen without chest', undefined],
    ['3D ASL (arterial spin labeling)', undefined],
    ['Thorax 1.0 B70f', undefined],
  ])('%s', (description, answer) => {
    expect(contrastOf({ SeriesDescription: description })).toBe(answer);
  });

  it('are asked of CT and MR only', () => {
    expect(contrastOf({ Modality: 'CR', SeriesDescription: 'plain film' })).toBeUndefined();
    expect(contrastOf({ Modality: 'CR', SeriesDescription: 'KM' })).toBeUndefined();
  });

  it('that say both leave it missing and say so', () => {
    expect(factsOf({ Modality: 'CT', SeriesDescription: 'Chest C-/C+', StudyDescription: 'mit KM' }).facts.contrast).toEqual({
      values: [],
      source: 'ContrastBolusAgent is absent or empty; SeriesDescription "Chest C-/C+" says both with and without contrast',
    });
  });

  it('of the series come before those of the study', () => {
    expect(factsOf({ Modality: 'CT', SeriesDescription: 'nativ', StudyDescription: 'Thorax mit KM' }).facts.contrast).toEqual({
      values: ['no'],
      source: 'SeriesDescription "nativ"',
    });
  });
});
