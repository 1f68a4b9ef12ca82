/** What `anteroom doctor` says of the rules: whether the files are valid, and whether they are those in force. */
import type { RulesStanding } from '../api/rule-views.js';
import { formatFaults } from '../foundation/faults.js';
import { judgeRules } from '../routing/judge-rules.js';
import { unknownInLimits } from '../routing/limits.js';
import type { RulesResult } from '../routing/load.js';
import { readRuleFolder } from '../routing/rule-folder.js';
import { rulesContext } from '../routing/rules-context.js';
import { rulesByAeTitle } from '../settings/listeners.js';
import type { Settings } from '../settings/schema.js';
import type { Finding } from './finding.js';
import { shortTime } from './print.js';

/** Whether the files as they are now could come in force. Needs no running node. */
export function rulesFinding(settings: Settings): Finding {
  const subject = 'rules';
  const result = judged(settings);
  if (!result.ok)
    return {
      subject,
      standing: 'wrong',
      seen: formatFaults(result.faults),
      remedy: 'Correct the lines named; see `anteroom rules check`.',
    };
  const [slip] = unknownInLimits(rulesByAeTitle(settings), result.rules);
  if (slip !== undefined)
    return {
      subject,
      standing: 'wrong',
      seen: `AE title ${slip.calledAe} asks only certain rules, but none is called ${slip.only.join(', ')}`,
      remedy: 'Correct `rules` of that AE title in `aeTitles`: names of rules, or of rule files.',
    };
  const count = result.rules.rules.length;
  return {
    subject,
    standing: count === 0 ? 'warning' : 'ok',
    seen: `${count} rule(s) in ${settings.rulesDir}`,
    remedy: 'Without rules no study gets a result: write one in the rules folder.',
  };
}

/** Which revision the running node decides by, and whether it is that of the files. */
export function inForceFinding(settings: Settings, { inForce, refused }: RulesStanding): Finding {
  const subject = 'rules in force';
  const { revision, at, author, cause } = inForce;
  const seen = `revision ${revision.slice(0, 12)} since ${shortTime(at)}, by ${author ?? 'an unknown person'} (${cause})`;
  if (refused !== null)
    return {
      subject,
      standing: 'wrong',
      seen: `newer files were refused, ${seen} stays:\n${refused.text}`,
      remedy:
        'Correct the lines named: the node takes them by itself. Or `anteroom rules rollback in-force`, which brings back the files of what is in force.',
    };
  const result = judged(settings);
  if (result.ok && result.rules.revision !== revision)
    return {
      subject,
      standing: 'warning',
      seen: `${seen}; the files are newer`,
      remedy: 'The node takes them in a moment; `anteroom rules reload` at once.',
    };
  return { subject, standing: 'ok', seen };
}

function judged(settings: Settings): RulesResult {
  const read = readRuleFolder(settings.rulesDir);
  if (!read.ok) return read;
  const context = rulesContext(settings, new Map());
  return judgeRules(read.texts, settings.rulesDir, context, settings.rules.casesMustPass);
}
