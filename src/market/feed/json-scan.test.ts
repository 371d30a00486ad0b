import { describe, expect, it } from "vitest";
import {
  FIELD_A,
  FIELD_U,
  FIELD_a,
  FIELD_b,
  FIELD_e,
  FIELD_m,
  FIELD_pu,
  FieldScan,
  KIND_FALSE,
  KIND_LEVELS,
  KIND_NUMBER,
  KIND_STRING,
  KIND_TRUE,
  NUMBER,
  SHAPE,
} from "./json-scan.ts";

function scan(text: string, levels: number = 8): { fields: FieldScan; at: number; bytes: Uint8Array } {
  const bytes = new TextEncoder().encode(`${text}\n`);
  const fields = new FieldScan(levels);
  fields.begin(false);
  return { fields, at: fields.scan(bytes, 1), bytes };
}

describe("the scanner of flat objects", () => {
  it("reads integers, strings and truths of one-letter keys in any order", () => {
    const { fields, at, bytes } = scan('{"m":true,"e":"trade","U":9007199254740991,"A":0,"b":"1.5","a":false}');
    expect(at).toBe(bytes.length - 1);
    expect(fields.stopped).toBe(-1);
    expect(fields.kind[FIELD_m]).toBe(KIND_TRUE);
    expect(fields.kind[FIELD_a]).toBe(KIND_FALSE);
    expect(fields.kind[FIELD_U]).toBe(KIND_NUMBER);
    expect(fields.numbers[FIELD_U]).toBe(Number.MAX_SAFE_INTEGER);
    expect(fields.numbers[FIELD_A]).toBe(0);
    expect(fields.kind[FIELD_e]).toBe(KIND_STRING);
    expect(new TextDecoder().decode(bytes.slice(fields.from[FIELD_e], fields.to[FIELD_e]))).toBe("trade");
  });

  it("stops at a list, reads its levels and goes on", () => {
    const { fields, at, bytes } = scan('{"b":[["2683.80","3.029"],["0.01","0"]],"pu":7,"a":[]}');
    expect(fields.stopped).toBe(FIELD_b);
    const after = fields.scanLevels(bytes, at, 2, 3);
    expect(Array.from(fields.cells.subarray(0, fields.used))).toEqual([268_380, 3029, 1, 0]);
    const next = fields.resume(bytes, after);
    expect(fields.stopped).toBe(FIELD_a);
    expect(fields.numbers[FIELD_pu]).toBe(7);
    expect(fields.kind[FIELD_a]).toBe(KIND_LEVELS);
    const end = fields.resume(bytes, fields.scanLevels(bytes, next, 2, 3));
    expect(end).toBe(bytes.length - 1);
    expect(fields.stopped).toBe(-1);
  });

  it("skips two-letter keys that it does not know", () => {
    const { fields, at, bytes } = scan('{"ps":"ETHUSD","st":1,"U":5}');
    expect(at).toBe(bytes.length - 1);
    expect(fields.numbers[FIELD_U]).toBe(5);
  });

  it("forgets the message before", () => {
    const { fields } = scan('{"e":"x","U":1}');
    fields.begin(false);
    expect([...fields.kind].every((kind) => kind === 0)).toBe(true);
  });

  it("refuses every other shape", () => {
    const shapes = [
      "{}",
      '{"e" :"x"}',
      '{ "e":"x"}',
      '{"e":"x" }',
      '{"e":"x",}',
      '{"e":"x"',
      '{"e":"x',
      '{"e":"\\u0041"}',
      '{"e":"é"}',
      '{"e":"a\tb"}',
      '{"U":01}',
      '{"U":-1}',
      '{"U":1.5}',
      '{"U":1e3}',
      '{"U":9007199254740992}',
      '{"U":12345678901234567}',
      '{"U":null}',
      '{"k":{}}',
      '{"\\":1}',
      '{"long":1}',
      '{"m":tru}',
      '{"m":falsy}',
      '{"e":"x","e":"y"}',
      '{"1":1}',
    ];
    for (const shape of shapes) expect(scan(shape).at, shape).toBe(SHAPE);
  });

  it("refuses lists of another shape, and more levels than it has room for", () => {
    const levels = (text: string): number => {
      const { fields, at, bytes } = scan(`{"b":${text}}`, 2);
      return fields.scanLevels(bytes, at, 2, 3);
    };
    for (const text of ["[[]]", '[["1"]]', '[["1",2]]', '[["1","2",[]]]', '[["1","2"],]', '[["1","2"]', '["1","2"]', '[ ["1","2"]]'])
      expect(levels(text), text).toBe(SHAPE);
    expect(levels('[["1","2"],["1","2"],["1","2"]]')).toBe(SHAPE);
    expect(levels('[["1.234","2"]]')).toBe(NUMBER);
    expect(levels('[["1.230","2"]]')).toBeGreaterThan(0);
    expect(levels('[["","2"]]')).toBe(NUMBER);
  });
});
