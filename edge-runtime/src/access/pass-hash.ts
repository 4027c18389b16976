/** PINs and passphrases as they are kept. */
import type { GatewaySecret } from "./secret.ts";

/**
 * Argon2id (RFC 9106) with the least that OWASP's Password Storage Cheat Sheet takes: 19 MiB, two passes, one lane. A
 * gateway has 96 MB for everything, so not more memory; one sign-in is checked after the other, so it is taken once.
 */
const cost = { memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;

export interface PassHasher {
  /** In the PHC string format, with a salt of its own. */
  hash(pass: string): Promise<string>;
  /** False, too, for what was hashed under another secret. */
  verify(hashed: string, pass: string): Promise<boolean>;
  /** The same for the same badge, so that whose it is can be looked up; as slow as the other to try. */
  badge(text: string): Promise<string>;
}

export function passHasher(secret: GatewaySecret): PassHasher {
  const pepper = secret.key("passes");
  const salt = secret.key("badges").subarray(0, 16);
  return {
    async hash(pass) {
      const { hash } = await argon2();
      return await hash(pass, { ...cost, secret: pepper });
    },
    async verify(hashed, pass) {
      const { verify } = await argon2();
      return await verify(hashed, pass, { secret: pepper });
    },
    async badge(text) {
      const { hashRaw } = await argon2();
      const raw = await hashRaw(text, { ...cost, secret: pepper, salt });
      return raw.toString("base64");
    },
  };
}

/** Loaded when somebody signs in first: it is native code, and many gateways are only looked at. */
const argon2 = async () => await import("@node-rs/argon2");
