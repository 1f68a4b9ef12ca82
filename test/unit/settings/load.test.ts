import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { AnteroomError } from '../../../src/foundation/errors.js';
import { InvalidFileError } from '../../../src/foundation/faults.js';
import { loadSettings, parseSettings, resolveSecret, variableOf } from '../../../src/settings/load.js';
import { listenersOf, settlePolicies, rulesByAeTitle } from '../../../src/settings/listeners.js';
import { settingsReference } from '../../../src/settings/reference.js';

function faultsOf(text: string, environment: Record<string, string> = {}): string[] {
  try {
    parseSettings(text, 'anteroom.yaml', environment);
    return [];
  } catch (thrown) {
    if (!(thrown instanceof InvalidFileError) || thrown.code !== 'CONFIG_INVALID') throw thrown;
    return thrown.seen.split('\n');
  }
}

describe('settings', () => {
  it('works with an empty file: everything has a default, and the archive is there', () => {
    const settings = parseSettings('', '/etc/anteroom/anteroom.yaml', {});
    expect(settings).toMatchObject({
      dataDir: '/etc/anteroom/data',
      dimse: { host: '0.0.0.0', port: 11112, aeTitle: 'ANTEROOM', callingAeTitles: 'any' },
      http: { host: '127.0.0.1' },
      settle: { quietS: 60 },
      destinations: { archive: { kind: 'archive' } },
    });
  });

  it('takes sources of both kinds, and tells every fault of them', () => {
    const { sources } = parseSettings(
      'sources: { web: { kind: dicomweb, url: "http://x/dicom-web" }, old: { kind: dimse, host: x, port: 104, aeTitle: OLD } }',
      'anteroom.yaml',
      {},
    );
    expect(sources).toMatchObject({ web: { timeoutS: 60, concurrency: 2, maxMatches: 100 }, old: { kind: 'dimse', attempts: 5 } });
    expect(
      faultsOf(
        'sources: { web: { kind: dicomweb, url: "ftp://x/" }, "a b": { kind: dimse }, old: { kind: dimse, host: x, port: 0, aeTitle: X } }',
      ),
    ).toEqual([
      expect.stringContaining('sources.web.url: must be the http(s) URL of a DICOMweb root'),
      expect.stringContaining('must be a name of letters, digits'),
      expect.stringContaining('sources.old.port'),
    ]);
  });

  it('is frozen to the last leaf', () => {
    const settings = parseSettings('', 'anteroom.yaml', {});
    expect(() => ((settings.runs.limits as { memoryMb: number }).memoryMb = 1)).toThrow(TypeError);
  });

  it('reports every fault at once, with its line', () => {
    const text = [
      'dimse:',
      '  prot: 11',
      '  aeTitle: "A\\\\B"',
      'http: { host: 0.0.0.0 }',
      'disk: { warnFreeMb: 1 }',
      'destinations:',
      '  pacs: { kind: stow, url: "http://x/", auth: { basic: { user: me, password: hunter2 } } }',
      '  ws: { kind: cstore, host: x, port: 104, url: "http://x/" }',
      '  old: { kind: archive }',
    ].join('\n');
    expect(faultsOf(text)).toEqual([
      'anteroom.yaml:2:3 dimse.prot: unknown key "prot" (did you mean port?)',
      'anteroom.yaml:3:12 dimse.aeTitle: must be an AE title: 1 to 16 printable characters without a backslash',
      expect.stringMatching(/^anteroom\.yaml:4:15 http\.host: must be a loopback address/),
      'anteroom.yaml:5:7 disk: refuseFreeMb must not be above warnFreeMb',
      'anteroom.yaml:7:3 destinations: "archive" is the node\'s own archive, and the only destination of that kind',
      expect.stringMatching(/^anteroom\.yaml:7:78 destinations\.pacs\.auth\.basic\.password: must be \{env: NAME\} or \{file: PATH\}/),
      'anteroom.yaml:8:7 destinations.ws.aeTitle: is missing',
      'anteroom.yaml:8:43 destinations.ws.url: "url" does not go with the other keys here',
    ]);
  });

  it('gives storage commitment only where nothing is purged', () => {
    expect(faultsOf('{ storageCommitment: archive-of-record, retention: { maxAgeDays: 30 } }')).toEqual([
      expect.stringMatching(/storageCommitment: archive-of-record means to keep for good/),
    ]);
    expect(faultsOf('{ storageCommitment: archive-of-record, retention: { minAgeH: 48 } }')).toEqual([]);
  });

  it('never shows a secret that was written into the file', () => {
    const text = 'destinations: { pacs: { kind: stow, url: "http://x/", auth: { basic: { user: me, password: hunter2 } } } }';
    expect(faultsOf(text).join()).not.toContain('hunter2');
  });

  it('takes back only where arrival is proven', () => {
    const workstation = (more: string) => `destinations: { ws: { kind: cstore, host: x, port: 104, aeTitle: X, ${more} } }`;
    expect(faultsOf(workstation('withdraw: { kind: iocm-kos }'))).toEqual([]);
    expect(faultsOf(workstation('proof: none, withdraw: { kind: iocm-kos }')).join()).toContain('withdraw needs proof: cfind');
    expect(faultsOf(workstation('withdraw: { kind: delete }'))).toEqual([
      expect.stringContaining('destinations.ws.withdraw.url: is missing'),
    ]);
  });

  it('keeps the name archive for the archive', () => {
    expect(faultsOf('destinations: { archive: { kind: cstore, host: x, port: 104, aeTitle: X } }')).toHaveLength(1);
    expect(faultsOf('destinations: { other: { kind: archive } }')).toHaveLength(1);
  });

  it.each(['127.0.0.1', '127.8.0.1', '::1', 'localhost'])('lets http listen on %s', (host) => {
    expect(faultsOf(`http: { host: "${host}" }`)).toEqual([]);
  });

  it('takes plain settings from the environment, and blames the variable for its faults', () => {
    expect(variableOf('dimse.aeTitle')).toBe('ANTEROOM_DIMSE_AE_TITLE');
    const settings = parseSettings('dimse: { port: 104 }', 'anteroom.yaml', {
      ANTEROOM_DIMSE_PORT: '0',
      ANTEROOM_DATA_DIR: '/var/lib/anteroom',
      ANTEROOM_DIMSE_AE_TITLE: '12',
    });
    expect(settings).toMatchObject({ dataDir: '/var/lib/anteroom', dimse: { port: 0, aeTitle: '12' } });
    expect(faultsOf('', { ANTEROOM_HTTP_PORT: 'many' })).toEqual([
      'environment variable ANTEROOM_HTTP_PORT http.port: must be a number, is a text',
    ]);
  });

  it('takes paths from the folder of the file', () => {
    const settings = parseSettings(
      'destinations: { pacs: { kind: stow, url: "https://x/", tls: { ca: ca.pem }, auth: { bearer: { token: { file: token } } } } }',
      '/etc/anteroom/anteroom.yaml',
      {},
    );
    expect(settings.destinations.pacs).toMatchObject({
      tls: { ca: '/etc/anteroom/ca.pem' },
      auth: { bearer: { token: { file: '/etc/anteroom/token' } } },
    });
  });

  it('gives listeners beside the first one their own AE titles, or those of the first', () => {
    const text = [
      'dimse: { aeTitle: RAD, aeTitles: [URGENT, { title: RESEARCH, rules: [research.yaml], settle: { quietS: 5 } }] }',
      'listeners:',
      '  tls: { port: 2762, callingAeTitles: [CT1, { aeTitle: PACS, addresses: [10.0.0.0/8, "2001:db8::1"] }], tls: { cert: c.pem, key: k.pem } }',
      '  lab: { port: 0, callingAeTitles: any, aeTitle: LAB, sopClasses: { allow: [CTImageStorage, 1.2.3] } }',
    ].join('\n');
    const settings = parseSettings(text, '/etc/anteroom/anteroom.yaml', {});
    expect(listenersOf(settings)).toMatchObject([
      { name: 'dimse', key: 'dimse', port: 11112, titles: ['RAD', 'URGENT', 'RESEARCH'] },
      {
        name: 'tls',
        key: 'listeners.tls',
        titles: ['RAD', 'URGENT', 'RESEARCH'],
        tls: { cert: '/etc/anteroom/c.pem', clientCertificates: 'none' },
      },
      { name: 'lab', titles: ['LAB'], maxAssociations: 32, sopClasses: { allow: ['1.2.840.10008.5.1.4.1.1.2', '1.2.3'], deny: [] } },
    ]);
    expect(settlePolicies(settings)).toEqual(new Map([['RESEARCH', { ...settings.settle, quietS: 5 }]]));
    expect(rulesByAeTitle(settings)).toEqual(new Map([['RESEARCH', ['research.yaml']]]));
  });

  it('reports what is wrong with a listener', () => {
    const text = [
      'dimse: { aeTitles: [{ title: A, settle: { quietS: 5 } }], addresses: [10.0.0.0/33, host] }',
      'listeners:',
      '  one: { port: 1 }',
      '  two: { port: 1, callingAeTitles: [], sopClasses: { deny: [CTImageStorag] } }',
      '  dimse: { port: 1, callingAeTitles: any }',
      '  tls: { port: 1, callingAeTitles: any, tls: { cert: c, key: k, clientCertificates: required } }',
    ].join('\n');
    expect(faultsOf(text)).toEqual([
      'anteroom.yaml:1:71 dimse.addresses[0]: must be an IP address (192.0.2.17) or a range of them (192.0.2.0/24)',
      'anteroom.yaml:1:84 dimse.addresses[1]: must be an IP address (192.0.2.17) or a range of them (192.0.2.0/24)',
      'anteroom.yaml:3:8 listeners.one.callingAeTitles: is missing',
      'anteroom.yaml:4:36 listeners.two.callingAeTitles: needs at least 1 of them',
      'anteroom.yaml:4:61 listeners.two.sopClasses.deny[0]: "CTImageStorag" is neither a UID nor a keyword that is known; did you mean CTImageStorage?',
      'anteroom.yaml:5:3 listeners.dimse: "dimse" is the first listener, which has its own key',
      'anteroom.yaml:6:46 listeners.tls.tls: clientCertificates: required needs `ca`, the CA that signs the certificates of senders',
    ]);
    const twice = (quietS: number) =>
      `dimse: { aeTitles: [{ title: A, settle: { quietS: 5 } }] }\nlisteners: { x: { port: 1, callingAeTitles: any, aeTitles: [{ title: A, settle: { quietS: ${quietS} } }] } }`;
    expect(faultsOf(twice(5))).toEqual([]);
    expect(faultsOf(twice(6))).toEqual([
      'anteroom.yaml:2:61 listeners.x.aeTitles[0]: "A" is described in two ways; rules and settle of an AE title must be the same everywhere',
    ]);
  });

  it('knows whom the expected count can be asked of, for the node and for each AE title', () => {
    const text = (settle: string, own: string) =>
      [
        'destinations: { pacs: { kind: stow, url: "http://x/" } }',
        'sources: { old: { kind: dimse, host: x, port: 104, aeTitle: OLD } }',
        `settle: ${settle}`,
        `dimse: { aeTitles: [{ title: A, settle: ${own} }] }`,
      ].join('\n');
    const settings = parseSettings(text('{ countFrom: pacs }', '{ signals: [expected-count], countFrom: old }'), 'anteroom.yaml', {});
    expect(settlePolicies(settings).get('A')).toEqual({ ...settings.settle, signals: ['expected-count'], countFrom: 'old' });
    expect(settings.settle).toMatchObject({ signals: ['association-released'], shortQuietS: 5, countFrom: 'pacs' });
    expect(faultsOf(text('{ countFrom: archive, signals: [expected-count, expected-count] }', '{ countFrom: nobody }'))).toEqual([
      'anteroom.yaml:3:22 settle.countFrom: no destination or source is called "archive"',
      'anteroom.yaml:3:40 settle.signals: names a signal twice',
      'anteroom.yaml:4:54 dimse.aeTitles[0].settle.countFrom: no destination or source is called "nobody"',
    ]);
    expect(faultsOf(text('{}', '{ signals: [expected-count] }'))).toEqual([
      expect.stringContaining('must name a destination or source, as signals has expected-count'),
    ]);
  });

  it('refuses a file that is not there as unreadable', () => {
    expect(() => loadSettings('/nowhere/anteroom.yaml', {})).toThrow('A file cannot be read');
  });

  it('reads the shipped config/anteroom.yaml', () => {
    const settings = loadSettings('config/anteroom.yaml', {});
    expect(settings.rulesDir).toBe(resolve('routing-rules'));
    expect(Object.keys(settings.destinations)).toEqual(['archive']);
  });

  it('would also read its commented examples', () => {
    const lines = readFileSync('config/anteroom.yaml', 'utf8').split('\n');
    const from = lines.findIndex((line) => line.startsWith('destinations:'));
    const examples = lines.slice(from + 1).map((line) => line.replace(/^ {2}# ?/, '  '));
    expect(faultsOf([...lines.slice(0, from + 1), ...examples].join('\n'))).toEqual([]);
  });
});

describe('secrets', () => {
  const folder = mkdtempSync(join(tmpdir(), 'anteroom-secret-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  it('come from a variable or a file, without the line end', () => {
    writeFileSync(join(folder, 'token'), 's3cret\n');
    expect(resolveSecret({ file: join(folder, 'token') }, {})).toBe('s3cret');
    expect(resolveSecret({ env: 'TOKEN' }, { TOKEN: ' x ' })).toBe(' x ');
  });

  it.each([[{ env: 'NOT_THERE' }], [{ file: '/nowhere/token' }]])("that are not there are the operator's matter: %j", (source) => {
    expect(() => resolveSecret(source, {})).toThrow(AnteroomError);
  });
});

describe('the settings reference', () => {
  it('has a row with a text for every setting of a plain kind', () => {
    const rows = settingsReference();
    expect(rows.find((row) => row.key === 'dimse.port')).toMatchObject({ type: 'whole number', default: '11112', overridable: true });
    expect(rows.find((row) => row.key === 'destinations.<name>.proof')).toMatchObject({
      type: 'cfind, commitment, none',
      default: 'cfind',
    });
    expect(rows.filter((row) => row.overridable && row.text === '')).toEqual([]);
  });
});
