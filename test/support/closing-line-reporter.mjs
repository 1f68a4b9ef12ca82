import { writeSync } from 'node:fs';

/** Ends the output with the one line that a CI reads: `N passed, N failed, N skipped`. At exit, since jest's own summary comes after all reporters. */
export default class ClosingLineReporter {
  onRunComplete(_contexts, results) {
    const skipped = results.numPendingTests + results.numTodoTests;
    const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
    process.once('exit', () => writeSync(1, `\n${results.numPassedTests} passed, ${failed} failed, ${skipped} skipped\n`));
  }
}
