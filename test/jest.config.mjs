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

const project = (name, testTimeout) => ({
  ...shared,
  displayName: name,
  testMatch: [`<rootDir>/test/${name}/**/*.test.ts`],
  ...(testTimeout ? { testTimeout } : {}),
});

export default {
  rootDir: root,
  projects: ['unit', 'integration', 'crash', 'browser', 'soak', 'fuzz'].map((name) => project(name)),
  // A failed test that leaves a server open must end the run, not hang it.
  forceExit: true,
  reporters: ['default', '<rootDir>/test/support/closing-line-reporter.mjs'],
};
