import { describe, expect, it } from "vitest";
import { REDACTED, isSecretKey, redact } from "./redact.ts";

const CANARY = "c4nary-7f3a9e";

describe("a secret", () => {
  it.each([
    `password=${CANARY}`,
    `PASSWORD: ${CANARY}`,
    `dbPassword = ${CANARY}, host=a`,
    `apiKey=${CANARY}&symbol=BTC`,
    `api_key:${CANARY}`,
    `"x-api-key": "${CANARY}"`,
    `{"secret":"${CANARY}","n":1}`,
    `{\\"secret\\":\\"${CANARY}\\",\\"n\\":1}`,
    `{"token":["${CANARY}"]}`,
    `'client_secret': '${CANARY} with a blank'`,
    `"password": "with \\" a quote ${CANARY}"`,
    `authorization: Bearer ${CANARY}`,
    `Authorization: Basic ${CANARY}`,
    `sent Bearer ${CANARY}.x.y to the venue`,
    `redis://user:${CANARY}@localhost:6379/0 refused`,
    `wss://${CANARY}@host/path`,
    `user=bob:password=${CANARY}`,
    `https://host/path?listen=1&signature=${CANARY}`,
    `details: a=1 sessionId=>${CANARY};`,
    `private-key=${CANARY}`,
    `"passphrase" : "${CANARY}`,
    `AWS_SECRET_ACCESS_KEY=${CANARY}`,
  ])("does not come through in %j", (text) => {
    expect(text).toContain(CANARY);
    expect(redact(text)).not.toContain(CANARY);
    expect(redact(text)).toContain(REDACTED);
  });

  it("leaves what stands around it", () => {
    expect(redact(`a=1 token="${CANARY}" b=2`)).toBe(`a=1 token=${REDACTED} b=2`);
    expect(redact(`amqp://u:${CANARY}@host:5672/v`)).toBe(`amqp://${REDACTED}@host:5672/v`);
    expect(redact(`Bearer ${CANARY}, then`)).toBe(`Bearer ${REDACTED}, then`);
  });
});

describe("what is no secret", () => {
  it.each([
    "limits.instruments is 3 and all of them are taken: messages of any more are among the malformed",
    "cannot write /var/log/x: ENOSPC: no space left on device, write",
    "key=BTCUSDT monkey=1 compass=north author=me tokenizer:fast",
    "at 10:03:04.123 the author wrote: password rules",
    "https://www.nasdaqtrader.com/content/a.pdf#page=3",
    "",
  ])("stays as it is: %j", (text) => {
    expect(redact(text)).toBe(text);
  });

  it("is told by whole words of the key", () => {
    expect(["token", "accessToken", "ACCESS_TOKEN", "x.auth", "pwd"].map(isSecretKey)).toEqual([true, true, true, true, true]);
    expect(["tokenizer", "author", "monkey", "passage", "cookiecutter", "key"].map(isSecretKey)).toEqual([false, false, false, false, false, false]);
  });
});

describe("a long text", () => {
  it("is searched to its end", () => {
    const text = `${"a".repeat(20_000)}${"=".repeat(20_000)}password=${CANARY}`;
    expect(redact(text)).not.toContain(CANARY);
  });
});
