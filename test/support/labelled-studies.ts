/**
 * The labelled set: made-up studies as scanners of several makes write them, each with what a person who knows DICOM would decide
 * for each of the shipped rules. The labels were written before the rules; a rule that decides otherwise is wrong, not the label.
 *
 * What the five rules are meant to do:
 * - `chest-ct-lungs`: CT whose body part is the chest, alone or with abdomen and pelvis. Axial, one regular stack, 20 slices or more, slices
 *   of at most 8 mm that are not further apart than that, no localizer, no reformat, projection or expiration, the whole chest
 *   in the field of view. The thinnest soft kernel; a lung kernel where there is no soft one.
 * - `brain-t1-tissue`: T1-weighted MR of an adult's brain without contrast agent. One regular stack of the whole head, slices of at most 2 mm. The thinnest.
 * - `petct-lesions`: FDG PET/CT of the trunk. PT corrected for attenuation, and the CT of the same frame of reference over half a metre or more; soft kernel first.
 * - `night-body-composition`: CT of an adult's abdomen, alone or with others. As the lungs, slices of at most 5 mm; without contrast agent first, then the thinnest soft kernel.
 * - `brain-structures-shadow`: as `brain-t1-tissue`, slices of at most 1.2 mm.
 *
 * A stated body part (region codes before BodyPartExamined) outranks descriptions. `not applied`: the study is not what the rule is about (other modality,
 * body part, weighting, tracer, age). `no series`: it is, but holds nothing that the model can take, and a radiologist must be told so.
 */
import { chestStudies } from './labelled/chest-ct.js';
import { bodyStudies } from './labelled/body-ct.js';
import { brainStudies } from './labelled/brain-mr.js';
import { petStudies } from './labelled/pet.js';
import { otherStudies } from './labelled/others.js';
import { factsInputOf, NOT_APPLIED, RULES, type Expectation, type RuleName, type WrittenStudy } from './labelled/study.js';
import type { FactsInput } from '../../src/routing/facts.js';

export { NO_SERIES, NOT_APPLIED, RULES, type Expectation, type RuleName } from './labelled/study.js';

export interface LabelledStudy {
  readonly name: string;
  /** Why the labels are what they are. */
  readonly why: string;
  /** Series have their name as SeriesInstanceUID. Made at each call: a study of 300 slices is large, the set is larger. */
  readonly input: () => FactsInput;
  /** The series to be taken (by input, where the model has several), `not applied` or `no series`. */
  readonly expected: Readonly<Record<RuleName, Expectation>>;
}

/** All generated studies with their labels, always the same ones in the same order. */
export function labelledStudies(): LabelledStudy[] {
  const written = [...chestStudies(), ...bodyStudies(), ...brainStudies(), ...petStudies(), ...otherStudies()];
  return written.map((study, index) => labelled(study, index));
}

function labelled(study: WrittenStudy, index: number): LabelledStudy {
  const expected = Object.fromEntries(RULES.map((rule) => [rule, study.expected[rule] ?? NOT_APPLIED])) as Record<RuleName, Expectation>;
  return { name: study.name, why: study.why, input: () => factsInputOf(study, index + 1), expected };
}
