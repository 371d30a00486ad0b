import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { isStreamError } from "../../kernel/core/errors.ts";
import { LOG_FILE_BYTES, LogFile } from "./log-file.ts";

/** Bytes that the disk still takes; beyond them writes are cut short, then refused, and so are cuts of the file if `cutsRefused`. */
const disk = vi.hoisted(() => ({ roomBytes: Infinity, cutsRefused: false }));

vi.mock("node:fs", async (original) => {
  const real = await original<typeof fs>();
  return {
    ...real,
    writeSync(file: number, bytes: Uint8Array, at: number, length: number): number {
      if (disk.roomBytes === 0) throw new Error("ENOSPC: no space left on device, write");
      const written = real.writeSync(file, bytes, at, Math.min(length, disk.roomBytes));
      disk.roomBytes -= written;
      return written;
    },
    ftruncateSync(file: number, length: number): void {
      if (disk.cutsRefused) throw new Error("EIO: i/o error, ftruncate");
      real.ftruncateSync(file, length);
    },
  };
});

const root = fs.mkdtempSync(join(tmpdir(), "tercel-log-"));
afterAll(() => fs.rmSync(root, { recursive: true, force: true }));

let path = "";
let count = 0;
beforeEach(() => {
  path = join(root, `run-${count++}.log`);
});
afterEach(() => {
  disk.roomBytes = Infinity;
  disk.cutsRefused = false;
});

const held = (file: string = path): string => fs.readFileSync(file, "utf8");

describe("a log file", () => {
  it("is appended to, and keeps what an earlier run wrote", () => {
    fs.writeFileSync(path, "earlier\n");
    const log = new LogFile(path);
    expect([log.write("a\nb\n"), log.write("ü\n")]).toEqual([null, null]);
    log.close();
    log.close();
    expect(held()).toBe("earlier\na\nb\nü\n");
  });

  it("is for its owner's eyes only", () => {
    LogFile.require(path);
    expect(fs.statSync(path).mode & 0o077).toBe(0);
  });

  it("at its bound becomes the one before, so that two bounds are the most there is", () => {
    const log = new LogFile(path, 10);
    for (const line of ["aaaa\n", "bbbb\n", "cccc\n", "dddd\n", "eeee\n"]) expect(log.write(line)).toBeNull();
    log.close();
    expect([held(`${path}.1`), held()]).toEqual(["cccc\ndddd\n", "eeee\n"]);
    expect(fs.readdirSync(root).filter((name) => join(root, name).startsWith(path))).toHaveLength(2);
  });

  it("counts what it held at the start towards its bound", () => {
    fs.writeFileSync(path, "12345678\n");
    const log = new LogFile(path, 10);
    log.write("new\n");
    log.close();
    expect([held(`${path}.1`), held()]).toEqual(["12345678\n", "new\n"]);
  });

  it("takes lines longer than its bound all the same", () => {
    const log = new LogFile(path, 4);
    expect(log.write("longer than four\n")).toBeNull();
    log.close();
    expect(held()).toBe("longer than four\n");
  });

  it("that cannot be put aside refuses, and is tried again", () => {
    const log = new LogFile(path, 10);
    log.write("aaaaaaaa\n");
    fs.mkdirSync(`${path}.1`);
    expect(log.write("bbbb\n")).toContain("EISDIR");
    expect(log.write("cccc\n")).toContain("EISDIR");
    fs.rmdirSync(`${path}.1`);
    expect(log.write("dddd\n")).toBeNull();
    log.close();
    expect([held(`${path}.1`), held()]).toEqual(["aaaaaaaa\n", "dddd\n"]);
  });

  it("has a bound unless told otherwise", () => {
    expect(LOG_FILE_BYTES).toBe(67_108_864);
  });
});

describe("a full disk", () => {
  it("refuses whole calls: what was written of one is taken back, and it goes on when there is room", () => {
    const log = new LogFile(path);
    disk.roomBytes = 8;
    expect(log.write("aaaa\n")).toBeNull();
    expect(log.write("bbbb\n")).toContain("ENOSPC");
    expect(held()).toBe("aaaa\n");
    expect(log.write("cccc\n")).toContain("ENOSPC");
    disk.roomBytes = Infinity;
    expect(log.write("dddd\n")).toBeNull();
    log.close();
    expect(held()).toBe("aaaa\ndddd\n");
  });

  it("that does not even take back leaves half a line, and the next begins on its own", () => {
    const log = new LogFile(path);
    disk.roomBytes = 2;
    disk.cutsRefused = true;
    expect(log.write("bbbb\n")).toContain("ENOSPC");
    disk.roomBytes = Infinity;
    expect(log.write("dddd\n")).toBeNull();
    log.close();
    expect(held()).toBe("bb\ndddd\n");
  });

  it.skipIf(!fs.existsSync("/dev/full"))("is one to the kernel's own full device", () => {
    const log = new LogFile("/dev/full");
    expect(log.write("a\n")).toContain("ENOSPC");
    log.close();
  });
});

describe.skipIf(process.platform === "win32")("a pipe", () => {
  beforeEach(() => {
    execFileSync("mkfifo", [path]);
  });

  const { O_RDONLY, O_NONBLOCK } = fs.constants;

  it("without a reader refuses and does not wait, and is written to once there is one", () => {
    const log = new LogFile(path);
    expect(log.write("a\n")).toContain("ENXIO");
    const reader = fs.openSync(path, O_RDONLY | O_NONBLOCK);
    expect(log.write("b\n")).toBeNull();
    expect(fs.readSync(reader, Buffer.alloc(100))).toBe(2);
    fs.closeSync(reader);
    expect(log.write("c\n")).toContain("EPIPE");
    const next = fs.openSync(path, O_RDONLY | O_NONBLOCK);
    expect(log.write("d\n")).toBeNull();
    log.close();
    fs.closeSync(next);
  });

  it("that is full refuses and does not wait; after it was read, lines are whole again", () => {
    const reader = fs.openSync(path, O_RDONLY | O_NONBLOCK);
    const log = new LogFile(path);
    const line = `${"x".repeat(9_999)}\n`;
    let refusal: string | null = null;
    for (let i = 0; i < 1000 && refusal === null; i++) refusal = log.write(line);
    expect(refusal).toContain("EAGAIN");
    let text = "";
    const drain = (): void => {
      const buffer = Buffer.alloc(1 << 20);
      for (let length = fs.readSync(reader, buffer); length > 0; length = readOrZero(reader, buffer)) text += buffer.toString("utf8", 0, length);
    };
    drain();
    expect(log.write("after\n")).toBeNull();
    drain();
    log.close();
    fs.closeSync(reader);
    const lines = text.split("\n");
    expect(lines.slice(-2)).toEqual(["after", ""]);
    expect(lines.slice(0, -3).every((each) => each.length === 9_999)).toBe(true);
  });
});

function readOrZero(file: number, buffer: Buffer): number {
  try {
    return fs.readSync(file, buffer);
  } catch {
    return 0; // nothing more at this moment
  }
}

describe("a log that cannot be opened", () => {
  it("is told at start, as a fault of the call", () => {
    const usage = expect.toSatisfy((error: unknown) => isStreamError(error, "USAGE"));
    expect(() => LogFile.require(join(root, "no", "such", "folder.log"))).toThrow(usage);
    expect(() => LogFile.require(root)).toThrow(usage);
    expect(() => LogFile.require(path)).not.toThrow();
  });

  it("refuses while it is so", () => {
    const folder = join(root, `later-${count}`);
    const log = new LogFile(join(folder, "x.log"));
    expect(log.write("a\n")).toContain("ENOENT");
    fs.mkdirSync(folder);
    expect(log.write("b\n")).toBeNull();
    log.close();
    expect(held(join(folder, "x.log"))).toBe("b\n");
  });
});
