/** Names of images, as engines and registries read them. */

/** Whether a name says in which registry the image is: its first part is a host. `localhost` alone is where Podman has what is built on this machine. */
export function namesRegistry(reference: string): boolean {
  return /^[^/@]*[.:][^/@]*\//.test(reference);
}

/** Whether what a name stands for is on this machine only: an ID, or what Podman has built. */
export function isOfThisMachine(reference: string): boolean {
  return /^(localhost\/|sha256:[0-9a-f]{64}$)/.test(reference);
}

/** The repository in full, without tag and digest: `x:1` and `docker.io/library/x` are one. */
export function repositoryOf(reference: string): string {
  const name = reference.split('@')[0].replace(/:[^/:]+$/, '');
  if (name.startsWith('localhost/')) return name;
  const full = namesRegistry(name) ? name.replace(/^index\.docker\.io\//, 'docker.io/') : `docker.io/${name}`;
  return full.replace(/^docker\.io\/(?=[^/]+$)/, 'docker.io/library/');
}
