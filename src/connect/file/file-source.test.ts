import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isStreamError } from "../../kernel/core/errors.ts";
import { FileSource, type FileSourceOptions } from "./file-source.ts";

let folder = "";
const CONTENT = Uint8Array.from({ length: 700_000 }, (_, i) => (i * 31 + (i >> 8)) & 0xff);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "tercel-file-source-"));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

function file(name: string, bytes: Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

async function readAll(paths: string[], options?: FileSourceOptions): Promise<{ bytes: Uint8Array; lengths: number[]; source: FileSource }> {
  const source = new FileSource(paths, options);
  const parts: Uint8Array[] = [];
  for (let piece = await source.read(); piece !== null; piece = await source.read()) parts.push(piece.slice());
  await source.close();
  return { bytes: Buffer.concat(parts), lengths: parts.map((part) => part.length), source };
}

async function codeAndText(paths: string[], options?: FileSourceOptions): Promise<string> {
  try {
    await readAll(paths, options);
  } catch (error) {
    if (isStreamError(error)) return `${error.code}: ${error.message}`;
    throw error;
  }
  return "no error";
}

describe("FileSource", () => {
  it("reads a plain file whole, in pieces that are never empty", async () => {
    const { bytes, lengths, source } = await readAll([file("plain", CONTENT)]);
    expect(Buffer.compare(bytes, CONTENT)).toBe(0);
    expect(Math.min(...lengths)).toBeGreaterThan(0);
    expect([source.container, source.offset]).toEqual(["plain", CONTENT.length]);
  });

  for (const [container, pack] of [
    ["gzip", gzipSync],
    ["zstd", zstdCompressSync],
  ] as const) {
    it(`opens ${container}`, async () => {
      const { bytes, source } = await readAll([file(`packed.${container}`, pack(CONTENT))]);
      expect(Buffer.compare(bytes, CONTENT)).toBe(0);
      expect(source.container).toBe(container);
    });

    it(`refuses ${container} that is cut off, naming the file`, async () => {
      const path = file(`cut.${container}`, pack(CONTENT).subarray(0, 2000));
      const text = await codeAndText([path]);
      expect(text).toMatch(/^INPUT_UNREADABLE: cannot read .*damaged or cut off/);
      expect(text).toContain(path);
    });
  }

  it("refuses gzip that is damaged in the middle", async () => {
    const bytes = gzipSync(CONTENT);
    bytes.fill(0xaa, 1000, 1200);
    expect(await codeAndText([file("damaged.gz", bytes)])).toMatch(/^INPUT_UNREADABLE: cannot read .*damaged or cut off/);
  });

  it("reads gzip of several members, and several files of different containers, as one stream", async () => {
    const members = Buffer.concat([gzipSync(CONTENT.subarray(0, 100)), gzipSync(CONTENT.subarray(100, 5000))]);
    const paths = [
      file("a", members),
      file("b", new Uint8Array(0)),
      file("c", CONTENT.subarray(5000, 6000)),
      file("d", zstdCompressSync(CONTENT.subarray(6000))),
    ];
    const { bytes } = await readAll(paths);
    expect(Buffer.compare(bytes, CONTENT)).toBe(0);
  });

  it("hands out pieces of at most the asked length, one byte at the least", async () => {
    const { bytes, lengths } = await readAll([file("small", CONTENT.subarray(0, 100))], { chunkBytes: 7 });
    expect(lengths).toEqual([...Array<number>(14).fill(7), 2]);
    expect(Buffer.compare(bytes, CONTENT.subarray(0, 100))).toBe(0);
    expect((await readAll([file("small", CONTENT.subarray(0, 5))], { chunkBytes: 1 })).lengths).toEqual([1, 1, 1, 1, 1]);
  });

  it("goes on at any offset of the stream, whatever the containers", async () => {
    const paths = [file("p", CONTENT.subarray(0, 1000)), file("q", gzipSync(CONTENT.subarray(1000, 400_000))), file("r", CONTENT.subarray(400_000))];
    for (const startOffset of [0, 1, 999, 1000, 1001, 333_333, 399_999, 400_000, 699_999, 700_000]) {
      const { bytes, source } = await readAll(paths, { startOffset });
      expect(Buffer.compare(bytes, CONTENT.subarray(startOffset)), `offset ${startOffset}`).toBe(0);
      expect(source.offset).toBe(CONTENT.length);
    }
  });

  it("refuses an offset behind the end", async () => {
    expect(await codeAndText([file("short", CONTENT.subarray(0, 10))], { startOffset: 11 })).toMatch(
      /^INPUT_UNREADABLE: cannot go on at offset 11: .* hold 10 bytes/,
    );
    expect(await codeAndText([file("short.gz", gzipSync(CONTENT.subarray(0, 10)))], { startOffset: 11 })).toMatch(/hold 10 bytes/);
  });

  it("gives no bytes for an empty file", async () => {
    expect((await readAll([file("empty", new Uint8Array(0))])).bytes.length).toBe(0);
  });

  it("tells the container before the first read", async () => {
    const source = new FileSource([file("known.gz", gzipSync(CONTENT))]);
    expect(source.container).toBe(null);
    await source.open();
    await source.open();
    expect(source.container).toBe("gzip");
    expect((await source.read())?.[0]).toBe(CONTENT[0]);
    await source.close();
    expect(await source.read()).toBe(null);
  });

  it("says in one sentence what was expected of a missing file and of a directory", async () => {
    const missing = join(folder, "missing");
    expect(await codeAndText([missing])).toBe(`INPUT_UNREADABLE: cannot read ${missing}: there is no such file; expected a capture file`);
    const inside = join(file("afile", CONTENT.subarray(0, 5)), "inside");
    expect(await codeAndText([inside])).toContain("there is no such file");
    const directory = join(folder, "directory");
    mkdirSync(directory);
    expect(await codeAndText([directory])).toBe(`INPUT_UNREADABLE: cannot read ${directory}: it is a directory; expected a capture file`);
  });

  it("reports a missing second file when it gets there", async () => {
    const source = new FileSource([file("first", CONTENT.subarray(0, 5)), join(folder, "second")]);
    expect((await source.read())?.length).toBe(5);
    await expect(source.read()).rejects.toMatchObject({ code: "INPUT_UNREADABLE" });
    await source.close();
  });

  it("refuses options outside their range, and no file at all", () => {
    expect(() => new FileSource([])).toThrow(expect.objectContaining({ code: "USAGE" }));
    expect(() => new FileSource(["a"], { chunkBytes: 0 })).toThrow(expect.objectContaining({ code: "VALUE_RANGE" }));
    expect(() => new FileSource(["a"], { startOffset: -1 })).toThrow(expect.objectContaining({ code: "VALUE_RANGE" }));
  });
});
