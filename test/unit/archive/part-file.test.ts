/** Part files: what a disk that fails is told as, and that nothing of them stays then. */
import { closeSync, existsSync } from 'node:fs';
import { HEAD_BYTES, PartFile } from '../../../src/archive/part-file.js';
import { setLogLevel } from '../../../src/foundation/log.js';
import { tempFolder } from '../../support/temp.js';

setLogLevel('silent');

describe('a part file', () => {
  const folder = tempFolder('part-file');
  const begun = (): PartFile => {
    const part = new PartFile(folder, Buffer.alloc(132));
    part.write(Buffer.alloc(HEAD_BYTES + 1));
    return part;
  };
  /** As on a disk that says only then that it has failed: nothing can be written or closed any more. */
  const failing = (part: PartFile) => closeSync((part as unknown as { fd: number }).fd);

  it('that cannot be closed is no file of ours', () => {
    const part = begun();
    expect(() => part.complete(() => failing(part))).toThrow(expect.objectContaining({ code: 'STORE_FAILED' }) as Error);
    expect(existsSync(part.path)).toBe(false);
  });

  it('that cannot be written is thrown away, and the reason is what the writing gave', () => {
    const part = begun();
    failing(part);
    expect(() => part.write(Buffer.alloc(10))).toThrow(
      expect.objectContaining({ code: 'STORE_FAILED', seen: 'writing a part file gave EBADF' }) as Error,
    );
    expect(existsSync(part.path)).toBe(false);
  });

  it('that has ended takes nothing more, which would be written into the next one', () => {
    const ended = begun();
    ended.discard();
    const next = new PartFile(folder, Buffer.alloc(132));
    next.write(Buffer.from('of the next'));
    expect(() => ended.write(Buffer.from('too late'))).toThrow(expect.objectContaining({ code: 'INTERNAL' }) as Error);
    expect(next.complete((head) => head.toString()).found).toBe('of the next');
  });

  it('that is refused for what is in it is gone, and the reason is that of the refusal', () => {
    const part = begun();
    const refused = new Error('refused');
    const refuse = () => {
      throw refused;
    };
    expect(() => part.complete(refuse)).toThrow(refused);
    expect(existsSync(part.path)).toBe(false);
  });
});
