/** Names of images, as engines and registries read them. */

/** Whether a name says in which registry the image is: its first part is a host, or `localhost`. */
export function namesRegistry(reference: string): boolean {
  return /^(localhost|[^/@]*[.:][^/@]*)\//.test(reference);
}

/** The repository in full, without tag and digest: `x:1` and `docker.io/library/x` are one. */
export function repositoryOf(reference: string): string {
  const name = reference.split('@')[0].replace(/:[^/:]+$/, '');
  const full = namesRegistry(name) ? name.replace(/^index\.docker\.io\//, 'docker.io/') : `docker.io/${name}`;
  return full.replace(/^docker\.io\/(?=[^/]+$)/, 'docker.io/library/');
}
