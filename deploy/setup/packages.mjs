/** The Debian packages that set-up may install, what each is for, and how to see that it is there already. */
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { isRoot, programPath, sayMissing, step } from './steps.mjs';

/** `program` or `file`: what the package brings; where that is there already, from whatever source, nothing is installed. */
const PACKAGES = [
  { group: 'engine', name: 'docker.io', program: 'dockerd', why: 'the Docker engine that runs models' },
  { group: 'client', name: 'docker.io', program: 'docker', why: 'builds the images of our own models' },
  { group: 'base', name: 'mmdebstrap', program: 'mmdebstrap', why: 'makes a base image where no registry answers' },
  { group: 'converter', name: 'dcm2niix', program: 'dcm2niix', why: 'the other engine of NiftiConverter, and judge of our own' },
  { group: 'compile', name: 'python3', program: 'python3', why: 'node-gyp, to compile better-sqlite3' },
  { group: 'compile', name: 'make', program: 'make', why: 'compiles better-sqlite3' },
  { group: 'compile', name: 'g++', program: 'g++', why: 'compiles better-sqlite3' },
  { group: 'peers', name: 'orthanc', program: 'Orthanc', why: 'the PACS of the integration tests' },
  {
    group: 'peers',
    name: 'orthanc-dicomweb',
    file: '/usr/share/orthanc/plugins/libOrthancDicomWeb.so',
    why: 'STOW-RS and QIDO-RS of that PACS',
  },
  { group: 'peers', name: 'dcmtk', program: 'storescu', why: 'an independent sender, receiver and JPEG codec' },
  { group: 'peers', name: 'openssl', program: 'openssl', why: 'makes the certificates of the TLS tests' },
  { group: 'peers', name: 'busybox-static', program: 'busybox', why: 'the smallest image, for models that misbehave' },
  { group: 'peers', name: 'docker-registry', program: 'docker-registry', why: 'gives images the digests that those from afar have' },
  { group: 'peers', name: 'podman', program: 'podman', why: 'the other container engine of the conformance suite' },
  { group: 'peers', name: 'catatonit', program: 'catatonit', why: 'the init process of its containers' },
  { group: 'peers', name: 'e2fsprogs', program: 'mkfs.ext4', why: 'the small file system of the full-disk test' },
  { group: 'peers', name: 'mount', program: 'mount', why: 'mounts it' },
  { group: 'judges', name: 'dicom3tools', program: 'dciodvfy', why: 'judges the DICOM objects that we write' },
  { group: 'judges', name: 'libgdcm-tools', program: 'gdcmconv', why: 'an independent JPEG 2000 codec' },
  { group: 'judges', name: 'python3-pydicom', file: '/usr/lib/python3/dist-packages/pydicom', why: 'an independent reader of our objects' },
  { group: 'judges', name: 'python3-numpy', file: '/usr/lib/python3/dist-packages/numpy', why: 'lets pydicom give pixels' },
  { group: 'judges', name: 'plastimatch', program: 'plastimatch', why: 'measures Dice and distances of masks by itself' },
  { group: 'judges', name: 'strace', program: 'strace', why: 'shows the order of writes and syncs' },
  { group: 'viewer', name: 'chromium', program: 'chromium', why: 'shows what a radiologist sees in OHIF' },
  { group: 'viewer', name: 'fonts-dejavu-core', file: '/usr/share/fonts/truetype/dejavu', why: 'letters in the browser' },
];

const POLICY = '/usr/sbin/policy-rc.d';

let listsAreFresh = false;

/** Installs what the groups need and this machine lacks, where that can be done; says what stays missing. True when all is there. */
export async function ensurePackages(groups, without) {
  const absent = absentPackages(groups);
  if (absent.length === 0) return true;
  if (canInstall()) await install([...new Set(absent.map(({ name }) => name))]);
  const still = absentPackages(groups);
  for (const { name, program, why } of still) sayMissing(`missing: ${program ?? name} (Debian package ${name}): ${why}`, without);
  return still.length === 0;
}

/** True when nothing of the groups is missing; installs nothing. */
export function hasPackages(groups) {
  return absentPackages(groups).length === 0;
}

function absentPackages(groups) {
  const wanted = PACKAGES.filter(({ group }) => groups.includes(group));
  return wanted.filter(({ program, file }) => (program ? programPath(program) === undefined : !existsSync(file)));
}

function canInstall() {
  return process.platform === 'linux' && existsSync('/etc/debian_version') && programPath('apt-get') !== undefined && isRoot();
}

async function install(names) {
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  const wait = ['-o', 'DPkg::Lock::Timeout=300'];
  const installPackages = async (run) => {
    if (!listsAreFresh) await run('apt-get', ['update', '-q', ...wait], { env });
    listsAreFresh = true;
    await withoutStartingServices(() => run('apt-get', ['install', '-y', '-q', '--no-install-recommends', ...wait, ...names], { env }));
  };
  await step(`Debian packages: ${names.join(' ')}`, 'packages', installPackages, { optional: true, onFailure: 'could not be installed' });
}

/** Installed services stay down: the tests start their own Orthanc and Docker engine. (Debian Policy 9.3.3.2: policy-rc.d, 101 = not allowed.) */
async function withoutStartingServices(work) {
  if (existsSync(POLICY)) return work();
  writeFileSync(POLICY, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    return await work();
  } finally {
    rmSync(POLICY, { force: true });
  }
}
