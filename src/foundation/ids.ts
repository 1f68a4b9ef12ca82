import { createHash, randomUUID } from 'node:crypto';

/** A new UID derived from a UUID (PS3.5 section B.2): `2.25.` and the UUID as one decimal number. */
export function newUid(): string {
  return `2.25.${BigInt(`0x${randomUUID().replaceAll('-', '')}`)}`;
}

/** The same UID for the same name: a `2.25.` UID from the first 128 bits of the name's SHA-256, marked as a version 8 UUID. */
export function uidFromName(name: string): string {
  const hex = sha256Hex(name).slice(0, 32);
  const uuid = `${hex.slice(0, 12)}8${hex.slice(13, 16)}a${hex.slice(17)}`;
  return `2.25.${BigInt(`0x${uuid}`)}`;
}

/** Whether a UID may be one of `uidFromName`: random ones and those of others are not. */
export function isUidFromName(uid: string): boolean {
  if (!/^2\.25\.\d+$/.test(uid)) return false;
  const uuid = BigInt(uid.slice('2.25.'.length)).toString(16).padStart(32, '0');
  return uuid.length === 32 && uuid[12] === '8' && uuid[16] === 'a';
}

/** SHA-256 as 64 lower-case hexadecimal digits. */
export function sha256Hex(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}

/** True for a UID as PS3.5 section 9.1 allows it: digits and dots, no empty component, at most 64 characters. Leading zeros, which some senders use, are let through. */
export function isUid(text: string): boolean {
  return text.length <= 64 && /^\d+(\.\d+)+$/.test(text);
}
