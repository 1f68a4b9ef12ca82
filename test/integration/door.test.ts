/** The guarded door: who gets in, who does not, what they are told, and what the administrator reads. */
import { copyFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';

import { encodeEchoRq } from '../../src/dimse/command.js';
import { fileMeta } from '../../src/dicom/element/write.js';
import { makeAuthority } from '../support/certificates.js';
import { describeWith } from '../support/data.js';
import { dcmtk } from '../support/dcmtk.js';
import { CONTROL, CT_STORAGE, EXPLICIT_LE, RawPeer, VERIFICATION, associateRq, pData, startProbe, type Probe } from '../support/dimse.js';
import { generatedInstance } from '../support/generated-instance.js';
import { tempFolder } from '../support/temp.js';
import { missingTools } from '../support/tools.js';
import { until } from '../support/until.js';

const LOCAL = '127.0.0.1';

/** The last refusal in the log, as an administrator reads it. */
function told(probe: Probe, message: string) {
  return probe.logged.filter((line) => line.message === message && line.level === 'warn').at(-1)?.fields;
}

function ctFile(): string {
  const { sopInstanceUid, dataSet } = generatedInstance({ seed: 1, study: 1, number: 1, rows: 64 });
  const file = join(tempFolder('door'), 'ct.dcm');
  writeFileSync(file, Buffer.concat([fileMeta({ sopClassUid: CT_STORAGE, sopInstanceUid, transferSyntaxUid: EXPLICIT_LE }), dataSet]));
  return file;
}

describeWith('who may associate', missingTools('echoscu', 'storescu'), () => {
  let probe: Probe;
  afterEach(() => probe.close());
  const echo = (...args: string[]) => dcmtk('echoscu', ...args, LOCAL, String(probe.port));

  it('an AE title from its own addresses only', async () => {
    probe = await startProbe({ callingAeTitles: ['CT1', { aeTitle: 'MR1', addresses: ['127.0.0.2/32'] }], settingsKey: 'listeners.lab' });
    expect(await echo('-aet', 'CT1')).toMatchObject({ code: 0 });
    expect((await echo('-aet', 'MR1')).output).toContain('Calling AE Title Not Recognized');
    expect(told(probe, 'association rejected')).toMatchObject({
      address: LOCAL,
      seen: 'calling AE title "MR1" from 127.0.0.1, allowed from 127.0.0.2/32',
      remedy: expect.stringContaining('`listeners.lab.callingAeTitles`') as string,
    });
    const there = await RawPeer.connect(probe.port, '127.0.0.2');
    there.send(associateRq({ callingAe: 'MR1' }));
    expect(await there.pdu()).toMatchObject({ type: 2 });
    there.socket.destroy();
  });

  it.each([
    ['where the listener names its addresses', { addresses: ['127.0.0.2', '10.0.0.0/8'] }, 'dimse.addresses'],
    [
      'where every caller has its own',
      { callingAeTitles: [{ aeTitle: 'RAW', addresses: ['127.0.0.2', '10.0.0.0/8'] }] },
      'dimse.callingAeTitles',
    ],
  ])('a connection from another address is closed before a word, %s', async (_where, options, key) => {
    probe = await startProbe(options);
    const here = await RawPeer.connect(probe.port);
    expect(await here.pdu()).toBeUndefined();
    expect(told(probe, 'connection closed: the address is not allowed')).toEqual({
      address: LOCAL,
      seen: 'expected one of 127.0.0.2, 10.0.0.0/8',
      remedy: `Add it to \`${key}\` if this machine is meant to send here.`,
    });
    const there = await RawPeer.connect(probe.port, '127.0.0.2');
    there.send(associateRq());
    expect(await there.pdu()).toMatchObject({ type: 2 });
    there.socket.destroy();
  });

  it('so many associations of one caller at once; another caller is not kept out', async () => {
    probe = await startProbe({ maxAssociations: 4, maxAssociationsPerCaller: 2 });
    const open = [await RawPeer.associated(probe.port), await RawPeer.associated(probe.port)];
    const third = await RawPeer.connect(probe.port);
    third.send(associateRq());
    expect((await third.pdu())?.body.subarray(1)).toEqual(Buffer.from([2, 3, 2])); // transient, presentation, local limit
    expect(told(probe, 'association rejected')).toMatchObject({ seen: '2 associations of this caller are open, at most 2' });
    expect(await echo('-aet', 'OTHER')).toMatchObject({ code: 0 });
    for (const peer of open) peer.socket.destroy();
    await probe.settled();
    expect(await echo('-aet', 'RAW')).toMatchObject({ code: 0 });
  });

  it('SOP classes that the listener does not take are refused one by one', async () => {
    probe = await startProbe({ sopClasses: { deny: [CT_STORAGE] } });
    const sent = await dcmtk('storescu', '-v', LOCAL, String(probe.port), ctFile());
    expect(sent.code).not.toBe(0);
    expect(sent.output).toContain('No presentation context for: (CT)');
    expect(await echo()).toMatchObject({ code: 0 });
    expect(probe.received).toEqual([]);
  });

  it('a peer that does not read our answers is cut, and the log says that', async () => {
    probe = await startProbe({ writeTimeoutMs: 200, idleTimeoutMs: 60_000 });
    const peer = await RawPeer.associated(probe.port);
    peer.socket.pause();
    const requests = Buffer.concat(Array.from({ length: 2000 }, (_, id) => pData(3, CONTROL.lastCommand, encodeEchoRq(id, VERIFICATION))));
    const flood = setInterval(() => peer.socket.writableLength < 4_000_000 && peer.socket.write(requests), 1);
    await until('the connection is closed', () => probe.connections() === 0);
    clearInterval(flood);
    peer.socket.destroy();
    expect(told(probe, 'association aborted: the peer does not read our answers')).toMatchObject({ callingAe: 'RAW' });
  });
});

describeWith('DICOM over TLS', missingTools('storescu', 'echoscu', 'openssl'), () => {
  const folder = tempFolder('tls-door');
  const authority = makeAuthority(folder, 'hospital');
  const stranger = makeAuthority(folder, 'stranger');
  const own = authority.issue('node');
  const scanner = authority.issue('scanner');
  const file = ctFile();
  const [cert, key] = [join(folder, 'own.crt'), join(folder, 'own.key')];
  let probe: Probe;

  const start = async (clientCertificates: 'none' | 'required') => {
    copyFileSync(own.certFile, cert);
    copyFileSync(own.keyFile, key);
    probe = await startProbe({ associationTimeoutMs: 1000, tls: { cert, key, ca: authority.caFile, clientCertificates, lookEveryMs: 30 } });
  };
  const send = (...args: string[]) => dcmtk('storescu', ...args, LOCAL, String(probe.port), file);
  const withCertificate = (of: { keyFile: string; certFile: string }) => ['+tls', of.keyFile, of.certFile, '+cf', authority.caFile];
  /** What openssl's client sees of the handshake. */
  const openssl = (...args: string[]) => dcmtk('sh', '-c', `openssl s_client -connect ${LOCAL}:${probe.port} ${args.join(' ')} </dev/null`);
  const refused = () => until('the log says why', () => told(probe, 'TLS handshake failed'));

  afterEach(async () => {
    await probe.settled();
    await probe.close();
  });

  it('takes an instance from storescu, without a certificate where none is asked for', async () => {
    await start('none');
    expect(await send('+tla', '+cf', authority.caFile)).toMatchObject({ code: 0 });
    expect(await send(...withCertificate(scanner))).toMatchObject({ code: 0 });
    expect(probe.received).toHaveLength(2);
  });

  it('takes only certificates of its authority where they are required', async () => {
    await start('required');
    expect(await send(...withCertificate(scanner))).toMatchObject({ code: 0 });
    expect(probe.received).toHaveLength(1);
    expect((await send('+tla', '+cf', authority.caFile)).code).not.toBe(0);
    expect((await refused()).seen).toBe('the sender showed no certificate; expected one of the CA in `tls.ca`');
    expect((await send(...withCertificate(stranger.issue('thief')))).code).not.toBe(0);
    await until('the stranger is told of', () => told(probe, 'TLS handshake failed')?.seen?.toString().includes('is not of a CA in'));
    expect((await send(...withCertificate(authority.issue('old', 'IP:127.0.0.1', -1)))).code).not.toBe(0);
    await until('the expired one is told of', () => told(probe, 'TLS handshake failed')?.seen?.toString().includes('has expired'));
    expect(told(probe, 'TLS handshake failed')).toMatchObject({ address: LOCAL });
    expect(probe.received).toHaveLength(1);
  });

  it('speaks TLS 1.3 and 1.2 with the suites of BCP 195, and nothing below', async () => {
    await start('none');
    expect((await openssl('-tls1_3')).output).toMatch(/TLSv1\.3, Cipher is TLS_AES_256_GCM_SHA384/);
    expect((await openssl('-tls1_2')).output).toMatch(/TLSv1\.2, Cipher is ECDHE-ECDSA-AES\d+-GCM-SHA\d+/);
    expect((await openssl('-tls1_1', '-cipher', 'ALL:@SECLEVEL=0')).output).toContain('Cipher is (NONE)');
    expect(await refused()).toMatchObject({ address: LOCAL, seen: expect.stringContaining('expected TLS 1.2 or 1.3') as string });
    expect((await openssl('-tls1_2', '-cipher', 'ECDHE-ECDSA-AES128-SHA')).output).toContain('Cipher is (NONE)');
    await until('the suite is told of', () => told(probe, 'TLS handshake failed')?.seen?.toString().includes('cipher suite'));
  });

  it('says so where DICOM comes without TLS, nothing comes, or the sender does not trust us', async () => {
    await start('none');
    expect((await send()).code).not.toBe(0);
    expect((await refused()).seen).toContain('what came is not TLS');
    expect((await send('+tla', '+cf', stranger.caFile)).code).not.toBe(0);
    await until('distrust is told of', () =>
      told(probe, 'TLS handshake failed')?.seen?.toString().includes("refused this node's certificate"),
    );
    const silent = connect(probe.port, LOCAL);
    await until('the silent one is told of', () => told(probe, 'TLS handshake failed')?.seen?.toString().includes('no handshake'));
    silent.destroy();
  });

  it('says so where TLS comes to a port without it', async () => {
    probe = await startProbe();
    expect((await send('+tla', '+cf', authority.caFile)).code).not.toBe(0);
    expect(told(probe, 'the peer broke the DICOM protocol; connection aborted')?.seen).toContain('It looks like TLS');
  });

  it('takes up a changed certificate, keeps the one before it where the new one is of no use, and warns of its end', async () => {
    await start('none');
    expect(told(probe, 'the TLS certificate expires soon')).toMatchObject({ file: cert });
    writeFileSync(cert, 'half a certif');
    await until('the bad file is told of', () => probe.logged.some(({ message }) => message.startsWith('changed TLS files are of no use')));
    expect(await send('+tla', '+cf', authority.caFile)).toMatchObject({ code: 0 });
    const next = authority.issue('node-next', 'IP:127.0.0.1', 365);
    copyFileSync(next.keyFile, key);
    copyFileSync(next.certFile, cert);
    await until('the new one is in use', () => probe.logged.some(({ message }) => message === 'changed TLS files are in use'));
    expect((await openssl()).output).toContain('CN = node-next');
    expect(await send('+tla', '+cf', authority.caFile)).toMatchObject({ code: 0 });
  });

  it('an address that is not allowed is not even shown the certificate', async () => {
    probe = await startProbe({ addresses: ['127.0.0.2'], tls: { cert: own.certFile, key: own.keyFile, clientCertificates: 'none' } });
    expect((await openssl()).output).toContain('no peer certificate available');
    expect(told(probe, 'connection closed: the address is not allowed')).toMatchObject({ address: LOCAL });
  });
});
