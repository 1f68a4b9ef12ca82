/** What `doctor` says of what cannot be deleted. */
import type { RetentionOutlook } from '../../../src/api/keeping-routes.js';
import { undeletableFindings } from '../../../src/cli/doctor-retention.js';

const outlook: RetentionOutlook = {
  maxAgeMs: null,
  space: null,
  freeBytes: 1,
  bytesPerDay: 0,
  purgeable: 0,
  undeletable: { count: 0, paths: [] },
  obstacles: {},
  more: false,
};

it('names what cannot be deleted, and what an administrator does', () => {
  expect(undeletableFindings(undefined)).toEqual([]);
  expect(undeletableFindings(outlook)).toEqual([]);
  expect(
    undeletableFindings({ ...outlook, undeletable: { count: 3, paths: ['/data/runs/1/1 (EACCES)', '/data/runs/2/1 (EACCES)'] } }),
  ).toEqual([
    {
      subject: 'what is to be deleted',
      standing: 'warning',
      seen: 'Files that are needed no longer cannot be deleted: /data/runs/1/1 (EACCES), /data/runs/2/1 (EACCES), and 1 more',
      remedy: expect.stringContaining('Delete them as root') as string,
    },
  ]);
});
