import { describe, expect, it } from "vitest";
import { CAPTURE_BODY, CAPTURE_FOREIGN, CAPTURE_PLAIN, CAPTURE_REMARK, CAPTURE_TIMED, CaptureLine } from "./capture.ts";

function read(text: string): { kind: number; rest: string; time: number[]; symbol: string } {
  const bytes = new TextEncoder().encode(`##${text}\n`);
  const line = new CaptureLine();
  const kind = line.read(bytes, 2);
  const decode = (from: number, to: number) => new TextDecoder().decode(bytes.slice(from, to));
  return { kind, rest: decode(line.start, bytes.length - 1), time: [...line.time], symbol: decode(line.symbolFrom, line.symbolTo) };
}

describe("the wrapping of a captured line", () => {
  it("is none for plain JSON", () => {
    expect(read('{"a":1}')).toMatchObject({ kind: CAPTURE_PLAIN, rest: '{"a":1}' });
    expect(read(' {"a":1}').kind).toBe(CAPTURE_PLAIN);
  });

  it("may be nanoseconds since 1970, read exactly", () => {
    expect(read('1723161254024619568 {"a":1}')).toMatchObject({ kind: CAPTURE_TIMED, rest: '{"a":1}', time: [1_723_161_254, 24_619_568] });
  });

  it("may be seconds with a fraction, filled up or cut to nanoseconds", () => {
    expect(read('1633998512.0633569: {"a":1}')).toMatchObject({ kind: CAPTURE_TIMED, rest: '{"a":1}', time: [1_633_998_512, 63_356_900] });
    expect(read("1633998512: {}")).toMatchObject({ kind: CAPTURE_TIMED, time: [1_633_998_512, 0] });
    expect(read("1633998512.1234567891: {}").time).toEqual([1_633_998_512, 123_456_789]);
  });

  it("of a REST answer names the symbol that was asked for", () => {
    const line = read('https://api.binance.com/api/v3/depth?symbol=NKNUSDT&limit=1000 -> 1633998512.320639: {"lastUpdateId":1}');
    expect(line).toMatchObject({ kind: CAPTURE_BODY, rest: '{"lastUpdateId":1}', symbol: "NKNUSDT", time: [1_633_998_512, 320_639_000] });
    expect(read("https://x/depth?limit=5&symbol=A_B -> 1.5: {}").symbol).toBe("A_B");
    expect(read("https://x/depth -> 1.5: {}")).toMatchObject({ kind: CAPTURE_BODY, symbol: "" });
  });

  it("may be a remark of the recorder", () => {
    expect(read("wss://stream.binance.com:9443/stream?streams=x <-> 1633998512.05").kind).toBe(CAPTURE_REMARK);
    expect(read('wss://ws.kraken.com <- 1618663210.1: {"event":"subscribe"}').kind).toBe(CAPTURE_REMARK);
  });

  it("is foreign for anything else", () => {
    for (const text of [
      "hello",
      "123 {}",
      "12345678901234567890 {}",
      "123456789012.5: {}",
      "1.5:{}",
      "1.5",
      "-5: {}",
      "https://x",
      "https://x -> y: {}",
      "\u0000",
    ]) {
      expect(read(text).kind, text).toBe(CAPTURE_FOREIGN);
    }
  });
});
