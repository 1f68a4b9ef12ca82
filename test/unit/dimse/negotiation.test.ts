import type { AssociateRequest } from '../../../src/dimse/associate.js';
import { withinPolicy, type ContentPolicy } from '../../../src/dimse/content-policy.js';
import { answerContexts, answerRoles, refusalOf, type AcceptancePolicy } from '../../../src/dimse/negotiation.js';
import { SCP_DEFAULTS } from '../../../src/dimse/scp.js';

const CT = '1.2.840.10008.5.1.4.1.1.2';
const [IMPLICIT, EXPLICIT, J2K] = ['1.2.840.10008.1.2', '1.2.840.10008.1.2.1', '1.2.840.10008.1.2.4.90'];

function answer(abstractSyntax: string, ...transferSyntaxes: string[]): [number, string] {
  const [answered] = answerContexts([{ id: 9, abstractSyntax, transferSyntaxes }]);
  expect(answered?.id).toBe(9);
  return [answered?.result ?? -1, answered?.transferSyntax ?? ''];
}

describe('presentation contexts', () => {
  it('takes the first transfer syntax of the sender that is known, compressed or not', () => {
    expect(answer(CT, J2K)).toEqual([0, J2K]);
    expect(answer(CT, J2K, EXPLICIT)).toEqual([0, J2K]);
    expect(answer(CT, '1.2.3.4', EXPLICIT, IMPLICIT)).toEqual([0, EXPLICIT]);
  });

  it('refuses a context without a transfer syntax that is known', () => {
    expect(answer(CT, '1.2.840.113619.5.2')).toEqual([4, '']);
    expect(answer(CT)).toEqual([4, '']);
    expect(answer(CT, '1.2.840.10008.1.2.4.94')).toEqual([4, '']); // JPIP: a web address, no pixels
  });

  it.each([
    ['Verification', '1.2.840.10008.1.1', 0],
    ['CT', CT, 0],
    ['segmentation', '1.2.840.10008.5.1.4.1.1.66.4', 0],
    ['a class that DICOM may add later', '1.2.840.10008.5.1.4.1.1.999.1', 0],
    ['a private class', '1.3.12.2.1107.5.9.1', 0],
    ['hanging protocol storage', '1.2.840.10008.5.1.4.38.1', 0],
    ['C-FIND, Study Root', '1.2.840.10008.5.1.4.1.2.2.1', 3],
    ['storage commitment', '1.2.840.10008.1.20.1', 3],
    ['MPPS', '1.2.840.10008.3.1.2.3.3', 3],
    ['worklist', '1.2.840.10008.5.1.4.31', 3],
    ['print', '1.2.840.10008.5.1.1.9', 3],
    ['inventory FIND, in the storage arc', '1.2.840.10008.5.1.4.1.1.201.2', 3],
    ['nothing', '', 3],
  ])('%s', (_what, abstractSyntax, result) => {
    expect(answer(abstractSyntax, IMPLICIT)[0]).toBe(result);
  });
});

describe('services that are offered', () => {
  const offered = new Set(['1.2.840.10008.1.20.1']);

  it('are taken in the syntaxes that we write, and with the roles that are proposed', () => {
    const context = { id: 1, abstractSyntax: '1.2.840.10008.1.20.1' };
    expect(answerContexts([{ ...context, transferSyntaxes: [J2K, IMPLICIT] }], offered)[0]).toMatchObject({
      result: 0,
      transferSyntax: IMPLICIT,
    });
    expect(answerContexts([{ ...context, transferSyntaxes: [J2K] }], offered)[0]).toMatchObject({ result: 4 });
    const roles = [
      { sopClassUid: '1.2.840.10008.1.20.1', scu: false, scp: true },
      { sopClassUid: CT, scu: true, scp: true },
    ];
    expect(answerRoles(roles, offered)).toEqual([roles[0]]);
  });
});

describe('what a listener takes', () => {
  const MR = '1.2.840.10008.5.1.4.1.1.4';
  const answers = (policy: Partial<ContentPolicy>) =>
    answerContexts(
      withinPolicy(
        [CT, MR, '1.2.840.10008.1.1'].map((abstractSyntax, index) => ({
          id: 2 * index + 1,
          abstractSyntax,
          transferSyntaxes: [J2K, EXPLICIT],
        })),
        { sopClasses: {}, transferSyntaxes: {}, ...policy },
      ),
    ).map(({ result, transferSyntax }) => (result === 0 ? transferSyntax : result));

  it('is everything where nothing is said', () => {
    expect(answers({})).toEqual([J2K, J2K, J2K]);
  });

  it('is what is allowed and not denied; Verification needs no mention', () => {
    expect(answers({ sopClasses: { allow: [CT] } })).toEqual([J2K, 3, J2K]);
    expect(answers({ sopClasses: { deny: [CT] } })).toEqual([3, J2K, J2K]);
    expect(answers({ sopClasses: { allow: [CT, MR], deny: [MR, '1.2.840.10008.1.1'] } })).toEqual([J2K, 3, 3]);
  });

  it('takes the first transfer syntax that is allowed', () => {
    expect(answers({ transferSyntaxes: { deny: [J2K] } })).toEqual([EXPLICIT, EXPLICIT, J2K]);
    expect(answers({ transferSyntaxes: { allow: [IMPLICIT] } })).toEqual([4, 4, J2K]);
  });
});

describe('refusals', () => {
  const request: AssociateRequest = {
    protocolVersion1: true,
    applicationContext: '1.2.840.10008.3.1.1.1',
    calledAe: 'ANTEROOM',
    callingAe: 'CT1',
    contexts: [],
    roles: [],
    maxPduBytes: 0,
  };
  const policy: AcceptancePolicy = {
    ...SCP_DEFAULTS,
    aeTitles: ['ANTEROOM', 'AI'],
    callingAeTitles: ['CT1', { aeTitle: 'MR1', addresses: ['10.0.0.0/8'] }],
    maxAssociations: 3,
    maxAssociationsPerCaller: 2,
  };
  const idle = { remoteAddress: '192.0.2.1', openAssociations: 0, openOfCaller: 0, closing: false };

  it('accepts what fits, and anything where anything is allowed', () => {
    expect(refusalOf(request, policy, idle)).toBeUndefined();
    expect(
      refusalOf({ ...request, calledAe: 'X', callingAe: 'Y' }, { ...policy, aeTitles: 'any', callingAeTitles: 'any' }, idle),
    ).toBeUndefined();
  });

  it.each([
    ['another called AE title', { calledAe: 'anteroom' }, idle, { result: 1, source: 1, reason: 7 }],
    ['another calling AE title', { callingAe: 'CT2' }, idle, { result: 1, source: 1, reason: 3 }],
    ['another application context', { applicationContext: '1.2' }, idle, { result: 1, source: 1, reason: 2 }],
    ['another protocol version', { protocolVersion1: false }, idle, { result: 1, source: 2, reason: 2 }],
    ['too many associations', {}, { ...idle, openAssociations: 3 }, { result: 2, source: 3, reason: 2 }],
    ['too many associations of one caller', {}, { ...idle, openAssociations: 2, openOfCaller: 2 }, { result: 2, source: 3, reason: 2 }],
    ['a calling AE title from another address', { callingAe: 'MR1' }, idle, { result: 1, source: 1, reason: 3 }],
    ['a node that stops', {}, { ...idle, closing: true }, { result: 2, source: 3, reason: 1 }],
  ])('rejects %s with the code of PS3.8 table 9-21', (_what, change, state, reject) => {
    expect(refusalOf({ ...request, ...change }, policy, state)?.reject).toEqual(reject);
  });

  it('tells the administrator what was seen and what was expected', () => {
    expect(refusalOf({ ...request, calledAe: 'WRONG' }, policy, idle)).toMatchObject({
      seen: 'called AE title "WRONG", ours: "ANTEROOM", "AI"',
      remedy: 'Correct the called AE title at the sender, or add it to `dimse.aeTitles`.',
    });
    expect(refusalOf({ ...request, callingAe: 'MR1' }, policy, idle)?.seen).toBe(
      'calling AE title "MR1" from 192.0.2.1, allowed from 10.0.0.0/8',
    );
  });

  it('lets in an AE title from its own addresses', () => {
    expect(refusalOf({ ...request, callingAe: 'MR1' }, policy, { ...idle, remoteAddress: '10.9.8.7' })).toBeUndefined();
  });

  it('does not repeat into the log whatever a peer calls its application context', () => {
    const seen = refusalOf({ ...request, applicationContext: 'Doe^Jane'.repeat(1000) }, policy, idle)?.seen;
    expect(seen).toBe('application context that is no UID, expected 1.2.840.10008.3.1.1.1');
  });
});
