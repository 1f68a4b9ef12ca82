/** routing-rules/FACTS.md says what the table of facts says. */
import { readFileSync } from 'node:fs';
import { factsPage } from '../../../../src/routing/facts/reference.js';

it('has every fact on the page of facts (remake it: anteroom rules facts > routing-rules/FACTS.md)', () => {
  expect(readFileSync('routing-rules/FACTS.md', 'utf8')).toBe(factsPage());
});
