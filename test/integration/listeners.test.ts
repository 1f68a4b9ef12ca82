/** A node with a clear and a TLS listener side by side, its AE titles, what doctor says of them, and C-STORE over TLS out of it. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { cstorePeer } from '../../src/delivery/cstore-peer.js';
import { echo, storeFile } from '../../src/dimse/scu.js';
import { parseSettings } from '../../src/settings/load.js';
import type { CstoreDestination } from '../../src/settings/schema.js';
import type { StudyView } from '../../src/api/views.js';
import { makeChestStudy } from '../support/chest-study.js';
import { makeAuthority } from '../support/certificates.js';
import { describeWith } from '../support/data.js';
import { dcmtk, startStorescp } from '../support/dcmtk.js';
import { missingForNode, startNode, type TestNode } from '../support/node.js';
import { freePort, missingForOrthanc, startOrthanc } from '../support/orthanc.js';
import { tempFolder } from '../support/temp.js';
import { missingTools } from '../support/tools.js';
import { until } from '../support/until.js';

const LOCAL = '127.0.0.1';
const RULE = `rules:
  - { name: NAME, when: [{ tag: Modality, equals: CT }], model: lungs, destinations: [archive] }
`;

describeWith('listeners of a node', [...missingForNode(), ...missingTools('storescu', 'storescp', 'openssl')], () => {
  const folder = tempFolder('listeners');
  const authority = makeAuthority(folder, 'hospital');
  const [own, scanner] = [authority.issue('node'), authority.issue('scanner')];
  const files = { cert: own.certFile, key: own.keyFile, ca: authority.caFile };
  let node: TestNode;
  let tlsPort: number;
  let pacs: Awaited<ReturnType<typeof startStorescp>>;

  beforeAll(async () => {
    tlsPort = await freePort();
    pacs = await startStorescp('+tls', own.keyFile, own.certFile, '+cf', authority.caFile, '-od', folder);
    node = await startNode({
      rules: { 'clinic.yaml': RULE.replace('NAME', 'chest'), 'research.yaml': RULE.replace('NAME', 'trial') },
      settings: {
        dimse: { aeTitles: [{ title: 'RESEARCH', rules: ['research.yaml'], settle: { quietS: 0.2 } }] },
        settle: { quietS: 600 },
        listeners: {
          tls: { host: LOCAL, port: tlsPort, callingAeTitles: ['SCANNER'], tls: { ...files, clientCertificates: 'required' } },
        },
        destinations: { pacs: { kind: 'cstore', host: LOCAL, port: pacs.port, aeTitle: 'PACS', proof: 'none', tls: files } },
      },
    });
  }, 60_000);

  afterAll(async () => {
    await node.remove();
    await pacs.stop();
  }, 30_000);

  const health = () => node.admin.get<{ listeners: Record<string, number> }>('/health');

  it('receive side by side, each with its own callers; the AE title decides on rules and quiet time', async () => {
    expect((await health()).listeners).toEqual({ dimse: node.dicomPort, tls: tlsPort });
    const study = makeChestStudy('listeners');
    const tls = ['+tls', scanner.keyFile, scanner.certFile, '+cf', authority.caFile];
    const overTls = (...args: string[]) => dcmtk('storescu', ...tls, ...args, LOCAL, String(tlsPort), '+sd', study.folder);
    expect((await overTls('-aet', 'OTHER', '-aec', 'RESEARCH')).output).toContain('Calling AE Title Not Recognized');
    expect((await dcmtk('storescu', '-aec', 'RESEARCHER', LOCAL, String(node.dicomPort), '+sd', study.folder)).output).toContain(
      'Called AE Title Not Recognized',
    );
    expect(await overTls('-aet', 'SCANNER', '-aec', 'RESEARCH')).toMatchObject({ code: 0 });
    const settled = async () => (await node.admin.get<StudyView[]>('/studies')).find(({ versions }) => versions.length === 1);
    await until('the study settles after the quiet time of its AE title', settled);
    const explained = await until('it is decided', async () => {
      const { stdout } = await node.command('explain', study.studyInstanceUid);
      return stdout.includes('trial') ? stdout : undefined;
    });
    expect(explained).toContain('– chest: not asked');
    expect(explained).toContain('the study was sent to AE title RESEARCH, for which only research.yaml is asked');
    expect(explained).toMatch(/… trial: waiting for model/);
  }, 60_000);

  it('doctor names open senders, certificates that end soon, and a destination that answers over TLS', async () => {
    const { stdout } = await node.command('doctor');
    expect(stdout).toMatch(/! senders to dimse: anyone who reaches 127\.0\.0\.1:\d+ may send/);
    expect(stdout).toContain('✓ senders to tls: only SCANNER may send');
    expect(stdout).toMatch(/! certificate of tls: .*valid to 20\d\d-\d\d-\d\d, 1 days? from now/);
    expect(stdout).toMatch(/✓ destination pacs: PACS at 127\.0\.0\.1:\d+ answers C-ECHO over TLS/);
  }, 30_000);

  it('C-STORE goes out over TLS, with an encrypted key, and only to the one whose certificate is trusted', async () => {
    const encrypted = join(folder, 'encrypted.key');
    execFileSync('openssl', ['pkcs8', '-topk8', '-in', scanner.keyFile, '-out', encrypted, '-passout', 'pass:s3cret'], { stdio: 'pipe' });
    writeFileSync(join(folder, 'passphrase'), 's3cret\n');
    const destination = (tls: object) => {
      const written = { kind: 'cstore', host: LOCAL, port: pacs.port, aeTitle: 'PACS', tls };
      return parseSettings(JSON.stringify({ destinations: { pacs: written } }), join(folder, 'x.yaml'), {}).destinations
        .pacs as CstoreDestination;
    };
    const peer = (tls: object) => cstorePeer(destination(tls), 'ANTEROOM', {});
    const mine = { cert: scanner.certFile, key: encrypted, keyPassphrase: { file: 'passphrase' } };
    const [file = ''] = makeChestStudy('out').files;
    expect(await storeFile(peer({ ...mine, ca: authority.caFile }), file)).toMatchObject({ status: 0 });
    const stranger = makeAuthority(folder, 'stranger');
    await expect(echo(peer({ ...mine, ca: stranger.caFile }))).rejects.toMatchObject({ code: 'DESTINATION_TLS' });
    expect(() => peer({ ...mine, keyPassphrase: { file: files.cert }, ca: authority.caFile })).toThrow('The files for TLS are of no use');
  }, 30_000);
});

describeWith('Orthanc as a sender over TLS', [...missingForNode(), ...missingForOrthanc(), ...missingTools('openssl')], () => {
  it('sends with a certificate of its own to the listener that asks for one', async () => {
    const authority = makeAuthority(tempFolder('orthanc-tls'), 'hospital');
    const [own, pacs] = [authority.issue('node'), authority.issue('pacs')];
    const tlsPort = await freePort();
    const node = await startNode({
      settings: {
        settle: { quietS: 600 },
        listeners: {
          tls: {
            host: LOCAL,
            port: tlsPort,
            callingAeTitles: ['ORTHANC'],
            tls: { cert: own.certFile, key: own.keyFile, ca: authority.caFile, clientCertificates: 'required' },
          },
        },
      },
    });
    const orthanc = await startOrthanc({
      config: {
        DicomAet: 'ORTHANC',
        DicomTlsEnabled: false,
        DicomTlsCertificate: pacs.certFile,
        DicomTlsPrivateKey: pacs.keyFile,
        DicomTlsTrustedCertificates: authority.caFile,
        DicomModalities: { node: { AET: 'ANTEROOM', Host: LOCAL, Port: tlsPort, UseDicomTls: true } },
      },
    });
    try {
      const { files, studyInstanceUid } = makeChestStudy('orthanc over tls');
      const post = (path: string, body: Buffer | string) => fetch(`${orthanc.url}${path}`, { method: 'POST', body });
      const ids = await Promise.all(
        files.map(async (file) => ((await (await post('/instances', readFileSync(file))).json()) as { ID: string }).ID),
      );
      const sent = await post('/modalities/node/store', JSON.stringify(ids));
      expect(await sent.json()).toMatchObject({ FailedInstancesCount: 0, InstancesCount: files.length });
      const studies = await node.admin.get<StudyView[]>('/studies');
      expect(studies).toMatchObject([{ studyInstanceUid, instances: files.length }]);
    } finally {
      await orthanc.remove();
      await node.remove();
    }
  }, 60_000);
});
