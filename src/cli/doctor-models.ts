/** What `doctor` says of models in use: used without a test, not allowed on patients, allowed for a time that is running out. */
import type { ModelStanding } from '../api/model-standing.js';
import type { ListedModel } from '../api/views.js';
import { toAnteroomError } from '../foundation/errors.js';
import type { Finding } from './finding.js';
import { shortTime } from './print.js';

/** A permission that ends within this time is told. */
const SOON_MS = 14 * 86_400_000;

/** One finding for each thing that somebody answers for, or should. */
export function modelFindings(models: readonly (ListedModel & ModelStanding)[], everyDays: number, now = Date.now()): Finding[] {
  return models
    .filter(({ state }) => state === 'active')
    .flatMap((model) => [
      ...untested(model),
      ...failing(model),
      ...unrepeatable(model, everyDays),
      ...overdue(model, everyDays, now),
      ...useOf(model, now),
    ]);
}

/** The engine has lost the image that was registered: each run would fail. Nothing is said where the engine itself does not answer. */
export async function imageFindings(
  models: readonly ListedModel[],
  resolveImage: (digest: string) => Promise<unknown>,
): Promise<Finding[]> {
  const used = models.filter(({ state, runtime }) => state === 'active' && runtime === 'docker');
  const missing = await Promise.all(
    used.map(({ digest }) =>
      resolveImage(digest).then(
        () => undefined,
        (thrown: unknown) => toAnteroomError(thrown),
      ),
    ),
  );
  return used.flatMap(({ name, digest }, index) => {
    const error = missing[index];
    if (error?.code !== 'IMAGE_MISSING') return [];
    const remedy = `Load or pull it again; where another was made, \`anteroom models update ${name} --take\`, test and activate that. Then \`anteroom retry\` what failed.`;
    return [{ subject: `model ${name}`, standing: 'wrong', seen: `the engine has no image ${digest}: its runs fail`, remedy }];
  });
}

function untested({ name, overrideReason, overrideBy }: ListedModel): Finding[] {
  if (overrideReason === null) return [];
  const seen = `used without a passed test, by ${overrideBy ?? 'unknown'}: ${overrideReason}`;
  return [{ subject: `model ${name}`, standing: 'warning', seen, remedy: `Test it: \`anteroom models test ${name}\`.` }];
}

/** Its last test failed, and it is in use all the same: it was only to be warned of, or somebody has resumed it. */
function failing({ name, test: { last } }: ListedModel & ModelStanding): Finding[] {
  if (last === null || last.passed) return [];
  const seen = `its last test, at ${shortTime(last.at)}, did not pass: ${last.reason ?? 'see its report'}`;
  return [
    {
      subject: `model ${name}`,
      standing: 'wrong',
      seen,
      remedy: `See ${last.report ?? 'the log'}; \`anteroom pause model ${name}\` stops it meanwhile.`,
    },
  ];
}

/** An earlier release has tested it, and kept nothing of that. */
function unrepeatable({ name, overrideReason, test: { last } }: ListedModel & ModelStanding, everyDays: number): Finding[] {
  if (everyDays === 0 || overrideReason !== null || last !== null) return [];
  const seen = 'no test of it is known that could be repeated: a drift would not be found';
  return [{ subject: `model ${name}`, standing: 'warning', seen, remedy: `Test it once: \`anteroom models test ${name}\`.` }];
}

/** Tests give way to runs: on a busy node one may never come to its end. */
function overdue({ name, test: { last } }: ListedModel & ModelStanding, everyDays: number, now: number): Finding[] {
  const days = last === null || everyDays === 0 ? 0 : (now - Date.parse(last.at ?? '')) / 86_400_000;
  if (days <= 2 * everyDays) return [];
  const seen = `its test was to be repeated every ${everyDays} days, the last was ${Math.floor(days)} days ago`;
  const remedy = `Widen \`modelTests.window\`, or test it by hand: \`anteroom models test ${name}\`; the log says what hindered it.`;
  return [{ subject: `model ${name}`, standing: 'warning', seen, remedy }];
}

function useOf({ name, use: { notClinical, refused, permission } }: ListedModel & ModelStanding, now: number): Finding[] {
  const subject = `model ${name}`;
  if (refused !== null) {
    const ended = permission === null ? '' : `; the permission by ${permission.by} ended at ${shortTime(permission.until)}`;
    return [
      {
        subject,
        standing: 'warning',
        seen: `only in shadow, or for destinations marked research: ${refused}${ended}`,
        remedy: `Where somebody answers for it: \`anteroom models allow ${name} --by NAME --reason TEXT --until DATE\`.`,
      },
    ];
  }
  if (notClinical === null || permission?.holds !== true) return [];
  const soon = Date.parse(permission.until ?? '') - now < SOON_MS;
  return [
    {
      subject,
      standing: soon ? 'warning' : 'ok',
      seen: `allowed by ${permission.by} until ${shortTime(permission.until)}: ${permission.reason}`,
      remedy: 'After that its runs are refused: have it allowed again in time, or take its rules out.',
    },
  ];
}
