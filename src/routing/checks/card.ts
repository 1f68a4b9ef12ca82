/** What a rule sends its model, against what the model's card says that it takes. Warnings: another version may have another card. */
import { closest, type Fault } from '../../foundation/faults.js';
import type { CardInput } from '../../models/card.js';
import { cardInputsFor, imageInputs, THICKNESS_TOLERANCE_MM } from '../card-gate.js';
import type { ActiveModels } from '../decision.js';
import { isActive } from '../evaluate.js';
import { FACTS } from '../fact-names.js';
import type { Condition } from '../language/condition-types.js';
import { canAlso, implies } from './possible.js';
import { givenOf, placedInputs, type PlacedInput, type PlacedRule } from './placed.js';

/** A condition that the model's card sets a series aside for, and that in words. */
interface Refusal {
  readonly condition: Condition;
  readonly text: string;
}

/** What a card's input does not take; a series is set aside where one of these is known to be true of it. */
function refusalsOf({ modalities, sliceThicknessMm, contrast }: CardInput): Refusal[] {
  const refusals: Refusal[] = [];
  if (modalities.length > 0)
    refusals.push({ condition: { not: modalityIn(modalities) }, text: `it takes modality ${modalities.join(' or ')}` });
  if (sliceThicknessMm !== undefined) {
    const taken = { fact: 'sliceThicknessMm', atMost: sliceThicknessMm + THICKNESS_TOLERANCE_MM };
    refusals.push({ condition: { not: taken }, text: `it takes slices of at most ${sliceThicknessMm} mm` });
  }
  if (contrast === 'required') refusals.push({ condition: contrastIs('no'), text: 'it takes only series with contrast agent' });
  if (contrast === 'without') refusals.push({ condition: contrastIs('yes'), text: 'it takes only series without contrast agent' });
  return refusals;
}

function modalityIn(modalities: readonly string[]): Condition {
  return { tag: 'Modality', oneOf: modalities };
}

function contrastIs(word: string): Condition {
  return { fact: 'contrast', equals: word };
}

/** True where the card of the rule's model, if it is active, surely takes a series of which all of `given` are true. */
export function surelyTaken({ rule }: PlacedRule, inputName: string, given: readonly Condition[], models: ActiveModels): boolean {
  const card = isActive(rule.model, models) ? models.get(rule.model.name)?.card : undefined;
  const inputs = cardInputsFor(inputName, card);
  return (
    inputs.length === 0 ||
    inputs.some((input) => refusalsOf(input).every(({ condition }) => !canAlso(given, { condition, wanted: 'true' }, 'series')))
  );
}

/** What the card of the rule's model, where it is active, has against what the rule sends it. */
export function cardWarnings(placed: PlacedRule, models: ActiveModels): Fault[] {
  const { rule } = placed;
  const model = models.get(rule.model.name);
  const images = isActive(rule.model, models) ? imageInputs(model?.card) : [];
  if (images.length === 0) return [];
  const who = `the card of model ${rule.model.name} ${model?.version ?? ''}`;
  const inputs = placedInputs(placed);
  if (inputs.length !== images.length) return [wrongNumber(placed, inputs, images, who)];
  return [
    ...(inputs.length > 1 ? unknownNames(inputs, images, who) : []),
    ...inputs.flatMap((input) => inputWarnings(placed, input, cardInputsFor(input.name, model?.card), who)),
  ];
}

function wrongNumber({ rule, site }: PlacedRule, sent: readonly PlacedInput[], taken: readonly CardInput[], who: string): Fault {
  const names = taken.map(({ label }) => label).join(', ');
  return (rule.inputs === undefined ? site.at('when') : site.at('inputs')).fault(
    `${who} says ${count(taken.length)} (${names}), the rule sends ${count(sent.length)}`,
  );
}

function count(inputs: number): string {
  return inputs === 1 ? '1 input' : `${inputs} inputs`;
}

function unknownNames(sent: readonly PlacedInput[], taken: readonly CardInput[], who: string): Fault[] {
  const labels = taken.map(({ label }) => label);
  return sent.flatMap(({ name, site }) => {
    if (cardInputsFor(name, { inputs: taken }).length < taken.length) return [];
    return [site.fault(`${who} has no input called "${name}"; it has ${labels.join(', ')}`, closest(name, labels))];
  });
}

function inputWarnings(placed: PlacedRule, input: PlacedInput, taken: readonly CardInput[], who: string): Fault[] {
  const given = givenOf(placed, input).map(({ condition }) => condition);
  const refused = taken.map((one) => refusalsOf(one).find(({ condition }) => implies(given, condition, 'series')));
  const [first] = refused;
  if (first !== undefined && refused.every((one) => one !== undefined))
    return [input.when.site.fault(`${who} sets aside all that the rule takes: ${first.text}`)];
  return [...openModality(input, given, taken, who), ...otherBodyPart(input, given, taken, who)];
}

function openModality(input: PlacedInput, given: readonly Condition[], taken: readonly CardInput[], who: string): Fault[] {
  const modalities = [...new Set(taken.flatMap((one) => one.modalities))];
  if (modalities.length === 0 || taken.some((one) => one.modalities.length === 0) || implies(given, modalityIn(modalities), 'series'))
    return [];
  const clause = modalities.length === 1 ? `equals: ${modalities.join()}` : `oneOf: [${modalities.join(', ')}]`;
  return [
    input.when.site.fault(
      `${who} says modality ${modalities.join(' or ')}, and the rule leaves others open; add { tag: Modality, ${clause} }`,
    ),
  ];
}

/** The card's word is no code of DICOM's: a warning only where the rule names body parts and this one is not among them. */
function otherBodyPart(input: PlacedInput, given: readonly Condition[], taken: readonly CardInput[], who: string): Fault[] {
  const words: readonly string[] = FACTS.bodyPart.words;
  const parts = taken.map(({ bodyPart }) => words.find((word) => letters(word) === letters(bodyPart ?? '')));
  if (parts.length === 0 || parts.includes(undefined)) return [];
  const others = words.filter((word) => !parts.includes(word));
  if (
    !implies(given, { fact: 'bodyPart', oneOf: others }, 'series') ||
    implies(given, { fact: 'bodyPart', oneOf: parts as string[] }, 'series')
  )
    return [];
  return [input.when.site.fault(`${who} says body part ${parts.join(' or ')}, and the rule takes others`)];
}

function letters(text: string): string {
  return text.toLowerCase().replace(/[^a-z]/g, '');
}
