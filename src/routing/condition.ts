/** Conditions asked of a series or of a study, with an account of every clause. Pure; never throws, whatever the header holds. */
import type { SeriesFacts, StudyFacts } from './facts.js';
import type { Condition } from './language/condition-types.js';
import type { Explained } from './language/explained.js';
import { questionOf } from './language/question.js';
import { seriesSubject, studySubject } from './language/subject.js';
import type { Truth } from './truth.js';

export { blame, countsText, reasonOf, seenText, seriesLabel, valuesText, type Explained, type SeenValue } from './language/explained.js';

/** Asks a condition of a series. Every part is answered, also where the first already decides. */
export function explain(condition: Condition, series: SeriesFacts, path: string): Explained {
  return questionOf(condition, path).explain(seriesSubject(series));
}

/** The answer of `explain` alone, at a fraction of its price. */
export function truthOfCondition(condition: Condition, series: SeriesFacts): Truth {
  return questionOf(condition, '').truth(seriesSubject(series));
}

/** Asks a condition of a study as a whole (`study:` in a rule). */
export function explainStudy(condition: Condition, study: StudyFacts, path: string): Explained {
  return questionOf(condition, path).explain(studySubject(study));
}

/** The answer of `explainStudy` alone. */
export function truthOfStudyCondition(condition: Condition, study: StudyFacts): Truth {
  return questionOf(condition, '').truth(studySubject(study));
}
