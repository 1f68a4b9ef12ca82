/** What one peer of the fuzz does, from its first byte to its end. It follows from the seed and the number of the case alone. */
import { generatedInstance, sha256, type GeneratedInstance } from '../support/generated-instance.js';
import { faultyCommand } from './commands.js';
import { echoMessage, pdusOf, pdvsOf, storeMessage, withFaultyPdus, withFaultyPdvs, type Message } from './conversation.js';
import { deflatedDataSet, faultyDataSet } from './data-sets.js';
import { Dice, damaged, withOneChanged } from './dice.js';
import { CONTEXT, faultyRequest, validRequest } from './requests.js';
import { serviceMessage } from './services.js';

/** How often each kind of peer comes. `unusual` ones break nothing: what they store must be there. */
const WEIGHTS = {
  unusual: 14,
  request: 14,
  command: 14,
  'data set': 22,
  service: 10,
  values: 14,
  pdus: 14,
  noise: 5,
  stranger: 1.5,
  deaf: 0.5,
  silent: 1,
} as const;

export type Kind = keyof typeof WEIGHTS;
/** How the peer ends: A-RELEASE, A-ABORT, FIN, RST, or not at all. */
export type Ending = 'release' | 'abort' | 'fin' | 'reset' | 'never';

export interface Attack {
  readonly kind: Kind;
  readonly request: Buffer;
  /** False: all is sent at once, before the answer to the request. */
  readonly awaitsAccept: boolean;
  readonly rest: readonly Buffer[];
  /** The connection's bytes come in pieces of this size; undefined: as TCP likes. */
  readonly pieceBytes: number | undefined;
  readonly ending: Ending;
  /** What must be answered with Success and be there: SOPInstanceUID -> hash of its data set. */
  readonly mustBeStored: ReadonlyMap<string, string>;
}

const STUDIES = 200;
const MAX_MESSAGES = 4;
const ENDINGS: readonly Ending[] = ['release', 'release', 'release', 'release', 'abort', 'fin', 'reset'];

/** The attack of case `index`. */
export function attackOf(seed: number, index: number): Attack {
  const dice = new Dice(seed * 1_000_003 + index);
  const kind = dice.weighted(WEIGHTS);
  const instances = Array.from({ length: dice.between(1, MAX_MESSAGES) }, (_, n) => instanceOf(dice, seed, index, n));
  const messages = instances.map((instance, n) => (dice.chance(0.15) ? echoMessage(n + 1) : storeMessage(n + 1, instance)));
  const common = {
    kind,
    request: validRequest(dice),
    awaitsAccept: kind === 'unusual' || dice.chance(0.5),
    pieceBytes: dice.chance(0.1) ? dice.pick([1, 7, 100, 1000]) : undefined,
    ending: kind === 'unusual' ? 'release' : dice.pick(ENDINGS),
    mustBeStored: new Map<string, string>(),
  } as const;
  switch (kind) {
    case 'unusual':
      return { ...common, rest: pdusOf(dice, pdvsOf(dice, messages)), mustBeStored: storedBy(messages, instances) };
    case 'request':
      return { ...common, request: faultyRequest(dice), rest: pdusOf(dice, pdvsOf(dice, messages)) };
    case 'command':
      return {
        ...common,
        rest: packed(
          dice,
          withOneChanged(dice, messages, (one) => ({ ...one, command: faultyCommand(dice, one.command) })),
        ),
      };
    case 'data set':
      return {
        ...common,
        rest: packed(
          dice,
          withOneChanged(dice, messages, (one) => withFaultyData(dice, one)),
        ),
      };
    case 'service':
      return { ...common, rest: packed(dice, serviceMessages(dice, messages, seed)) };
    case 'values':
      return { ...common, rest: pdusOf(dice, withFaultyPdvs(dice, pdvsOf(dice, messages))) };
    case 'pdus':
      return { ...common, rest: withFaultyPdus(dice, packed(dice, messages)) };
    case 'noise':
      return { ...common, rest: [damaged(dice, Buffer.concat(packed(dice, messages)))] };
    case 'stranger':
      return { ...common, request: strangersFirstBytes(dice), rest: [] };
    case 'deaf':
      return {
        ...common,
        awaitsAccept: true,
        rest: packed(
          dice,
          Array.from({ length: 2000 }, (_, n) => echoMessage(n)),
        ),
        ending: 'reset',
      };
    case 'silent':
      return { ...common, awaitsAccept: true, rest: packed(dice, messages).slice(0, -1), ending: 'never' };
  }
}

/** Queries and the like among the messages, as often valid as not. */
function serviceMessages(dice: Dice, messages: readonly Message[], seed: number): Message[] {
  return messages.map((message, n) => {
    if (dice.chance(0.3)) return message;
    const asked = serviceMessage(dice, n + 1, seed);
    if (dice.chance(0.5)) return asked;
    return dice.chance(0.5) ? { ...asked, command: faultyCommand(dice, asked.command) } : withFaultyData(dice, asked);
  });
}

function packed(dice: Dice, messages: readonly Message[]): Buffer[] {
  return pdusOf(dice, pdvsOf(dice, messages));
}

/** Small as a rule; now and then larger than what is read of the network at once. */
function instanceOf(dice: Dice, seed: number, index: number, n: number): GeneratedInstance {
  return generatedInstance({ seed, study: index % STUDIES, number: index * MAX_MESSAGES + n, rows: dice.chance(0.03) ? 256 : 16 });
}

function storedBy(messages: readonly Message[], instances: readonly GeneratedInstance[]): Map<string, string> {
  const stored = instances.filter((_, n) => messages[n].dataSet !== undefined);
  return new Map(stored.map(({ sopInstanceUid, dataSet }) => [sopInstanceUid, sha256(dataSet)]));
}

/** A damaged data set, or one that comes in a presentation context of another transfer syntax. */
function withFaultyData(dice: Dice, message: Message): Message {
  const { dataSet } = message;
  if (dataSet === undefined) return { ...message, dataSet: dice.bytes(20) };
  if (dice.chance(0.7)) return { ...message, dataSet: faultyDataSet(dice, dataSet) };
  const contextId = dice.pick([CONTEXT.implicit, CONTEXT.deflated, CONTEXT.encapsulated]);
  return { ...message, contextId, dataSet: contextId === CONTEXT.deflated ? deflatedDataSet(dice, dataSet) : faultyDataSet(dice, dataSet) };
}

/** The first bytes of who has the wrong port: TLS, HTTP, SSH, SMB, a proxy, or no protocol at all. */
function strangersFirstBytes(dice: Dice): Buffer {
  return dice.pick([
    Buffer.concat([Buffer.from([0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3]), dice.bytes(500)]),
    Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'),
    Buffer.from('SSH-2.0-OpenSSH_9.2\r\n'),
    Buffer.concat([Buffer.from([0, 0, 0, 0x54, 0xff, 0x53, 0x4d, 0x42, 0x72]), Buffer.alloc(70)]),
    Buffer.from('PROXY TCP4 127.0.0.1 127.0.0.1 50000 11112\r\n'),
    dice.bytes(dice.between(1, 3000)),
  ]);
}
