/** An image of the stand-in as MHub's are: it runs as root, has weights below /root, and its own entry point. */
import { readFileSync } from 'node:fs';
import type Docker from 'dockerode';
import { pack } from 'tar-stream';
import { filesOf, STAND_IN } from './package.js';

/** Makes the image on top of anteroom/base, for models of these names; gives its reference. `answers` as in a package. */
export async function mhubImage(docker: Docker, names: readonly string[], answers: Readonly<Record<string, Uint8Array>>): Promise<string> {
  const container = await docker.createContainer({ Image: 'anteroom/base', Cmd: ['-'], NetworkDisabled: true });
  try {
    const tar = pack();
    const file = (path: string, content: string | Uint8Array, mode = 0o644) => tar.entry({ name: path, mode }, Buffer.from(content));
    // MHub's folders are root's.
    for (const name of ['app/data', 'app/models', 'root']) tar.entry({ name, type: 'directory', mode: 0o755, uid: 0, gid: 0 });
    // Every model that a test makes of the image finds its workflow under its own name.
    for (const name of [...names, 'stand_in'])
      for (const [path, content] of Object.entries(filesOf({ name, answers }))) file(`app/models/${name}/${path}`, content);
    file('root/weights', 'weights', 0o600);
    file('app/stand-in.mjs', readFileSync(STAND_IN, 'utf8'));
    tar.finalize();
    await container.putArchive(tar, { path: '/' });
    const tag = `mhub-${process.pid}`;
    const changes = ['USER root', 'ENTRYPOINT ["node", "/app/stand-in.mjs"]', 'CMD ["--workflow", "default"]'].join('\n');
    await container.commit({ repo: 'localhost/anteroom-test', tag, changes });
    return `localhost/anteroom-test:${tag}`;
  } finally {
    await container.remove({ force: true });
  }
}
