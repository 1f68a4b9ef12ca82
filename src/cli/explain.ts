/** `anteroom explain STUDY`: each rule, each clause, the value seen, and why it did or did not apply. */
import type { Command } from 'commander';
import type { StudyView } from '../api/views.js';
import type { Decision } from '../routing/evaluate.js';
import { formatExplanation } from '../routing/explain.js';
import { dueLine } from './account.js';
import { clientFor, withCommonOptions, type CommonOptions } from './options.js';
import { json, line } from './print.js';

/** Adds `explain`. */
export function addExplainCommand(program: Command): void {
  withCommonOptions(program.command('explain').description('why each rule did or did not apply to a study'))
    .argument('<study>', 'StudyInstanceUID')
    .option('--rule <name>', 'of this rule alone')
    .option('--json', 'print JSON')
    .action(async (study: string, options: CommonOptions & { rule?: string; json?: boolean }) => {
      const answer = await clientFor(options).get<StudyView & { rulesRevision: string | null; decision: Decision | null }>(
        `/studies/${encodeURIComponent(study)}/decision`,
      );
      const { decision } = answer;
      const rules = decision?.rules.filter(({ rule }) => options.rule === undefined || rule === options.rule) ?? [];
      const asked = decision && { ...decision, rules };
      if (options.json) return json({ ...answer, decision: asked });
      const version = answer.versions.at(-1);
      line(
        `study ${answer.studyInstanceUid}: ${answer.state}, ${answer.instances} instance(s)${version === undefined ? '' : `, version ${version.number} (settled by ${signalOf(version)})`}`,
      );
      if (answer.holdReason !== null) line(`held: ${answer.holdReason}`);
      for (const due of answer.dues) line(dueLine(due));
      if (asked !== null) line(`\n${formatExplanation(asked)}`);
      if (asked !== null && options.rule !== undefined && rules.length === 0) line(`no rule called ${options.rule} was asked of it`);
      if (answer.looksAgainAt !== null)
        line(
          `\nstill receiving${answer.waitsFor === null ? '' : `: ${answer.waitsFor}`}; looked at again at ${answer.looksAgainAt} if nothing happens before`,
        );
    });
}

function signalOf({ signal, signalDetail }: StudyView['versions'][number]): string {
  return signalDetail === null ? signal : `${signal}: ${signalDetail}`;
}
