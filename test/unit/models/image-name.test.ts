/** Names of images, as engines and registries read them. */
import { namesRegistry, repositoryOf } from '../../../src/models/image-name.js';

it.each([
  ['x', false, 'docker.io/library/x'],
  ['x:1.2', false, 'docker.io/library/x'],
  ['docker.io/x', true, 'docker.io/library/x'],
  ['index.docker.io/library/x:1', true, 'docker.io/library/x'],
  ['a/x@sha256:0123', false, 'docker.io/a/x'],
  ['docker.io/a/x', true, 'docker.io/a/x'],
  ['host:5000/x', true, 'host:5000/x'],
  ['host:5000/a/x:1@sha256:0123', true, 'host:5000/a/x'],
  ['localhost/x', false, 'localhost/x'],
  ['localhost:5000/x:1', true, 'localhost:5000/x'],
  ['registry.example.org/a/b/x:1', true, 'registry.example.org/a/b/x'],
])('%s', (reference, isNamed, repository) => {
  expect(namesRegistry(reference)).toBe(isNamed);
  expect(repositoryOf(reference)).toBe(repository);
});
