/** The kinds of values that settings are made of. */
import { z } from 'zod';
import { isIpRange } from '../foundation/ip-ranges.js';

export const port = () => z.int().min(0).max(65535);
export const megabytes = () => z.int().min(0);
export const seconds = () => z.number().positive();
export const text = () => z.string().min(1);

/** An application entity title (PS3.5 6.2, VR AE): 1 to 16 characters, no backslash or control character, not only spaces. */
export const aeTitle = () =>
  z
    .string()
    .trim()
    .regex(/^[\x20-\x5b\x5d-\x7e]{1,16}$/, 'must be an AE title: 1 to 16 printable characters without a backslash');

/** Addresses of other machines. */
export const addresses = () =>
  z.array(z.string().refine(isIpRange, 'must be an IP address (192.0.2.17) or a range of them (192.0.2.0/24)')).min(1);

/** Where a secret is: an environment variable, or a file that holds nothing else. The secret itself is never in the settings. */
export type SecretSource = { readonly env: string } | { readonly file: string };

/** Settings are frozen to the last leaf. */
export type DeepReadonly<T> = T extends object ? { readonly [K in keyof T]: DeepReadonly<T[K]> } : T;
