/** One case scored: every model against the truth, or where there is none against each other. */
import { wholesOf } from '../../dicom/structures/table.js';
import { toAnteroomError } from '../../foundation/errors.js';
import { readAnswer, type Answer } from './answer.js';
import type { CaseScore, ModelOutcome, StructureScore } from './case-score.js';
import { scoreAnswers, volumesOf } from './score-answers.js';

/** A model's result of a case; `paths` are absolute. */
export interface ModelResult extends Omit<ModelOutcome, 'scores'> {
  readonly paths: readonly string[];
  /** What its card promises. */
  readonly claims?: readonly string[];
}

export interface CaseResults {
  readonly caseName: string;
  readonly source: string;
  /** Empty where there are no images to tell it: then the truth or a result does. */
  readonly patientId: string;
  readonly studyInstanceUid: string;
  /** Paths of its images, where they are known: contours are drawn on them. */
  readonly images: readonly string[];
  /** Absolute paths; none where there is no truth. */
  readonly truth: readonly string[];
  readonly models: readonly ModelResult[];
}

/** Scores a case. What cannot be read is a failure of its model, or a truth that is not there; nothing is thrown for it. */
export async function scoreCase({ truth, models, images, ...subject }: CaseResults): Promise<CaseScore> {
  const expected = truth.length === 0 ? undefined : await read(truth, images);
  const reference = expected !== undefined && 'answer' in expected ? expected.answer : undefined;
  const answers = new Map<string, Answer>();
  const results = await Promise.all(models.map(async (model) => ({ model, answer: await answerOf(model, images) })));
  const outcomes = results.map(({ model: { paths: _, claims: __, ...model }, answer }): ModelOutcome => {
    if (answer === undefined) return { ...model, scores: model.failure === undefined ? scoreNothing(reference) : [] };
    if ('failure' in answer) return { ...model, failure: answer.failure, scores: [] };
    answers.set(model.model, answer.answer);
    return { ...model, scores: [] };
  });
  const truthDrawn = [...(reference?.drawn ?? [])];
  const asked = new Set([...answers.values()].flatMap(({ structures }) => [...structures]));
  return {
    ...subject,
    patientId: subject.patientId || patientOf([reference, ...answers.values()]),
    truth: reference !== undefined ? 'there' : expected === undefined ? 'none' : 'unreadable',
    ...(expected !== undefined && 'failure' in expected ? { truthReason: `${expected.failure.code}: ${expected.failure.reason}` } : {}),
    truthFiles: truth,
    truthDrawn,
    truthHas: [...new Set(truthDrawn.flatMap(wholesOf))],
    models: outcomes.map((model) => ({ ...model, scores: scoresOf(answers.get(model.model), reference, asked) ?? model.scores })),
    pairs: reference === undefined ? pairsOf(answers, asked) : [],
  };
}

function patientOf(answers: readonly (Answer | undefined)[]): string {
  return answers.map((answer) => answer?.segmentations[0].patientId ?? '').find((id) => id !== '') ?? '';
}

/** Wholes that other models give are put together too, so that each structure is had of every model that can give it. */
function scoresOf(answer: Answer | undefined, reference: Answer | undefined, asked: ReadonlySet<string>): StructureScore[] | undefined {
  if (answer === undefined) return undefined;
  return reference === undefined ? volumesOf(answer, asked) : scoreAnswers(reference, answer, asked);
}

/** A model that has looked and drawn nothing at all. */
function scoreNothing(reference: Answer | undefined): StructureScore[] {
  if (reference === undefined) return [];
  return volumesOf(reference).map(({ structure, output, figures }) => ({
    structure,
    output: { state: 'absent', lack: '', volumeMl: null },
    reference: output,
    figures,
    why: 'the output has nothing of it',
  }));
}

function pairsOf(answers: ReadonlyMap<string, Answer>, asked: ReadonlySet<string>): CaseScore['pairs'] {
  const all = [...answers];
  return all.flatMap(([first, reference], index) =>
    all
      .slice(index + 1)
      .map(([second, output]) => ({ models: [first, second] as const, scores: scoreAnswers(reference, output, asked).filter(isOfBoth) })),
  );
}

function isOfBoth({ output, reference }: StructureScore): boolean {
  return output.state !== 'absent' && reference?.state !== 'absent';
}

type Read = { readonly answer: Answer } | { readonly failure: { readonly code: string; readonly reason: string } };

async function answerOf({ failure, paths, claims }: ModelResult, images: readonly string[]): Promise<Read | undefined> {
  return failure !== undefined || paths.length === 0 ? undefined : read(paths, images, claims);
}

async function read(paths: readonly string[], images: readonly string[], promised?: readonly string[]): Promise<Read> {
  try {
    return { answer: await readAnswer(paths, images, promised) };
  } catch (thrown) {
    const { code, seen } = toAnteroomError(thrown);
    return { failure: { code, reason: seen } };
  }
}
