import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { redact } from "./redact.ts";

const key = fc.constantFrom("password", "apiKey", "API_KEY", "x-api-key", "client_secret", "accessToken", "auth", "privateKey", "Authorization");
const joint = fc.constantFrom("=", ":", ": ", " = ", '": ', "=>", '\\":');
const quote = fc.constantFrom("", '"', "'", '\\"');
/** Letters and digits that occur nowhere else. */
const canary = fc.stringMatching(/^[A-Za-z0-9]{6,30}$/).map((value) => `zQ${value}Qz`);
const around = fc.string({ unit: "grapheme-ascii", maxLength: 60 }).filter((value) => !value.includes("zQ"));

describe("whatever stands around it", () => {
  it("the value of a secret key does not come through", () => {
    fc.assert(
      fc.property(around, key, joint, quote, canary, around, (before, name, between, mark, secret, after) => {
        const text = `${before} ${name}${between}${mark}${secret}${mark} ${after}`;
        expect(redact(text)).not.toContain(secret);
      }),
      { seed: 20261125, numRuns: 3000 },
    );
  });

  it("a second look changes nothing more, and a text without keys, addresses and schemes is left alone", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 80 }), (text) => {
        const once = redact(text);
        expect(redact(once)).toBe(once);
        if (!/[=:]|bearer|basic/i.test(text)) expect(once).toBe(text);
      }),
      { seed: 20261125, numRuns: 2000 },
    );
  });
});
