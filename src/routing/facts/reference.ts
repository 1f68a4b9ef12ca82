/** The reference of facts for administrators: `routing-rules/FACTS.md`, made from the table of facts itself. */
import { FACTS, type FactDescription, type FactKind, type FactName } from '../fact-names.js';
import { BODY_PARTS, SHOWN_WITH } from './body-parts.js';

/** The page as Markdown. */
export function factsPage(): string {
  const facts = Object.entries(FACTS) as [FactName, FactKind & FactDescription][];
  return `# Facts

What a rule may ask with \`fact:\`, made by \`anteroom rules facts\` from the node's own table. The node derives them from the headers of a study; where
it cannot, the fact is *missing* and the explanation says why. Of several sources the first one that tells counts; the explanation names it.

| fact | values | meaning | sources, best first |
|---|---|---|---|
${facts.map(row).join('\n')}

Facts marked ◆ are the same for every series of a study and may be asked in \`study:\` too.

## Body parts

| word | shows too |
|---|---|
${BODY_PARTS.map((part) => `| \`${part}\` | ${(SHOWN_WITH[part] ?? []).map((wider) => `\`${wider}\``).join(', ')} |`).join('\n')}
`;
}

function row([name, fact]: [FactName, FactKind & FactDescription]): string {
  const cells = [`\`${name}\`${fact.ofStudy === true ? ' ◆' : ''}`, valuesText(fact), fact.description, sourcesText(fact.sources)];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

function valuesText(fact: FactKind): string {
  switch (fact.kind) {
    case 'number':
      return fact.unit === undefined ? 'number' : `number in ${fact.unit}`;
    case 'flag':
      return '`true`, `false`';
    case 'text':
      return 'text';
    case 'time':
      return "time of day, `'20:00'`";
    case 'word':
      return fact.words === BODY_PARTS ? 'a body part, see below' : fact.words.map((word) => `\`${word}\``).join(', ');
  }
}

function sourcesText(sources: readonly string[]): string {
  return sources.length === 1 ? (sources[0] ?? '') : sources.map((source, index) => `${index + 1}. ${source}`).join('<br>');
}
