/**
 * Takes secrets out of text before it is written: the value of a key that looks like a secret, credentials in an address, bearer tokens.
 *
 * It is a net, not a licence: nothing reads secrets today, and what does must not log them (SECURITY.md). Keys are recognised by their
 * words, in any case and joining: `apiKey=`, `API_KEY:`, `"x-api-key": "..."`. A value ends at its closing quote, or else at white space,
 * a comma, a semicolon, a bracket or an ampersand. Cold.
 */

/** What stands in the place of a secret. */
export const REDACTED = "***";

const SECRET_WORDS =
  "pass(?:word|wd|phrase|code)?|pwd|secrets?|tokens?|api[-_]?keys?|access[-_]?keys?|private[-_]?keys?|signing[-_]?keys?|credentials?|signature|cookies?|session[-_]?ids?|otp|totp|authorization|auth";
const IS_SECRET = new RegExp(`(?:^|[._-])(?:${SECRET_WORDS})(?:$|[._-])`, "i");

/** A key, the quote that ends it (escaped or not), the joint, and brackets that open before the value. */
const KEY = /([A-Za-z0-9_.-]{1,64})(?:\\?["'])?\s{0,4}(?:=>|=|:)[\s[{(]{0,8}/g;
/** What follows a secret key: to the closing quote, or a word, with the scheme of an authorization. */
const VALUE = /\\"(?:[^"\\]|\\[^"])*(?:\\")?|"(?:[^"\\]|\\.)*"?|'(?:[^'\\]|\\.)*'?|(?:(?:Bearer|Basic|Digest|Token)\s+)?[^\s,;&"'{}[\]()]+/iy;
const BEARER = /\b(Bearer|Basic)\s+[A-Za-z0-9._~+/=-]{4,}/gi;
const USER_INFO = /([a-z][a-z0-9+.-]{0,31}:\/\/)[^\s/?#@]+@/gi;

/** True when a key names a secret. */
export function isSecretKey(key: string): boolean {
  return IS_SECRET.test(key.replace(/([a-z0-9])([A-Z])/g, "$1_$2"));
}

/** The text without its secrets. */
export function redact(text: string): string {
  return redactValues(text.replace(USER_INFO, `$1${REDACTED}@`)).replace(BEARER, `$1 ${REDACTED}`);
}

/** A key that is no secret takes nothing with it: what looks like its value may be a secret key itself. */
function redactValues(text: string): string {
  let out = "";
  let copied = 0;
  KEY.lastIndex = 0;
  for (let match = KEY.exec(text); match !== null; match = KEY.exec(text)) {
    if (!isSecretKey(match[1])) continue;
    VALUE.lastIndex = KEY.lastIndex;
    const value = VALUE.exec(text);
    if (value === null) continue;
    out += text.slice(copied, KEY.lastIndex) + REDACTED;
    copied = VALUE.lastIndex;
    KEY.lastIndex = copied;
  }
  return out + text.slice(copied);
}
