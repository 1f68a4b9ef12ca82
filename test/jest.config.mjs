import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

const shared = {
  rootDir: root,
  roots: ['<rootDir>/src', '<rootDir>/test'],
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '^.+\\.ts$': ['@swc/jest', { jsc: { parser: { syntax: 'typescript' }, target: 'es2022' }, module: { type: 'es6' } }] },
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
};

const project = (name) => ({ ...shared, displayName: name, testMatch: [`<rootDir>/test/${name}/**/*.test.ts`] });

/** What takes minutes is only there for `npm run test:long`. */
const LONG = process.env.ANTEROOM_LONG === '1' ? ['long'] : [];

export default {
  rootDir: root,
  projects: ['unit', 'integration', 'crash', 'browser', 'soak', 'fuzz', ...LONG].map(project),
  // Nodes, PACS and containers take their time on a loaded machine; a test that hangs is told apart from one that is slow all the same.
  testTimeout: 60_000,
  // Suites wait for other processes more than they compute: two share two cores well. More, with their nodes and PACS, would get in each other's way.
  maxWorkers: 2,
  // A failed test that leaves a server open must end the run, not hang it.
  forceExit: true,
  reporters: ['default', '<rootDir>/test/support/closing-line-reporter.mjs'],
};
