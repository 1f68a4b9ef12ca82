/** What `models update` says of a model. */
import type { ModelUpdateView } from '../../../src/api/model-routes.js';
import { demandSomeRoom, linesOf } from '../../../src/cli/models-update.js';

const same: ModelUpdateView = {
  name: 'm',
  version: '1',
  digest: 'sha256:1',
  newVersion: '1',
  newDigest: 'sha256:1',
  toPull: null,
  notAsked: null,
  registryFault: null,
  changes: [],
  hindrance: null,
};
const said = (update: Partial<ModelUpdateView>) => linesOf({ ...same, ...update }).join('\n');

it('nothing has changed is said of what its registry has too; else of what is here', () => {
  expect(said({})).toBe('m 1: nothing has changed');
  expect(said({ registryFault: 'none of that name' })).toMatch(
    /could not be asked.*\(none of that name\).*\nm 1: nothing has changed here$/,
  );
  expect(said({ notAsked: 'a/x:1' })).toMatch(
    /no registry was asked, as a\/x:1 is not known .*docker\.io\/a\/x\nm 1: nothing has changed here$/,
  );
});

it('an image that is the same, and is not here, is said to be missing', () => {
  expect(said({ toPull: 'a/x:1' })).toBe(
    'm 1: nothing has changed, but a/x:1 is not on this machine as its registry has it: `--take` pulls it',
  );
});

it('a change of the digest is said to be in the registry where it is not here yet', () => {
  const changes = [{ what: 'digest', before: 'sha256:1', after: 'sha256:2' }];
  expect(said({ changes, toPull: 'a/x:1' })).toBe('m 1 → 1\n  digest: sha256:1 → sha256:2 (in the registry)');
});

it('nothing is pulled where the engine has less room than has to stay free; where its disk cannot be seen, it knows itself', () => {
  const engine = { os: 'linux', architecture: 'amd64' };
  expect(() => demandSomeRoom({ ...engine, freeBytes: 99e6 }, 100)).toThrow(
    'the engine has 99 MB free, expected 100 MB before an image is pulled',
  );
  expect(() => demandSomeRoom({ ...engine, freeBytes: 100e6 }, 100)).not.toThrow();
  expect(() => demandSomeRoom(engine, 100)).not.toThrow();
});
