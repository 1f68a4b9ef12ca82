/** Part files on their way to their place: folders come and go meanwhile. */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Publisher } from '../../../src/archive/publish.js';
import { tempFolder } from '../../support/temp.js';

describe('publishing into an archive', () => {
  const root = tempFolder('publish');
  const publisher = new Publisher(root);
  const part = (text: string): string => {
    const path = join(root, `${text}.part`);
    writeFileSync(path, text);
    return path;
  };
  const textAt = (path: string): string => readFileSync(join(root, path), 'utf8');

  it.each([false, true])('makes folders, also those that were known and have been deleted since (at once: %s)', async (atOnce) => {
    const paths = [1, 2, 3].map((n) => `study-${String(atOnce)}/series-${String(n % 2)}/${String(n)}.dcm`);
    await Promise.all(paths.map((path, n) => publisher.publish(part(String(n)), path, atOnce)));
    expect(paths.map(textAt)).toEqual(['0', '1', '2']);

    rmSync(join(root, dirname(dirname(paths[0]))), { recursive: true });
    await publisher.publish(part('again'), paths[0], atOnce);
    expect(textAt(paths[0])).toBe('again');
  });

  it('gives the name that is there already to the new file', async () => {
    await publisher.publish(part('first'), 'a/b.dcm');
    await publisher.publish(part('second'), 'a/b.dcm');
    expect(textAt('a/b.dcm')).toBe('second');
  });

  it('rejects only what lies in a folder that cannot be flushed, not what is flushed together with it', async () => {
    const first = publisher.publish(part('first of all'), 'd/first.dcm');
    const [lost, kept] = ['e/lost.dcm', 'f/kept.dcm'].map((path) => publisher.publish(part(path.slice(2)), path));
    rmSync(join(root, 'e'), { recursive: true });
    await expect(lost).rejects.toMatchObject({ code: 'ENOENT' });
    await Promise.all([first, kept]);
    expect(textAt('f/kept.dcm')).toBe('kept.dcm');
  });

  it('rejects where the part file is gone, and whoever publishes beside it is not disturbed', async () => {
    const others = publisher.publish(part('other'), 'c/other.dcm');
    await expect(publisher.publish(join(root, 'gone.part'), 'c/gone.dcm')).rejects.toMatchObject({ code: 'ENOENT' });
    await others;
    expect([textAt('c/other.dcm'), existsSync(join(root, 'c/gone.dcm'))]).toEqual(['other', false]);
  });
});
