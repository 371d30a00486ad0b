import { describe, expect, it } from "vitest";
import { spawnTercel, tercel } from "../../test/model/cli.ts";
import { main } from "./main.ts";

const COMMANDS = ["demo", "inspect", "inspect decode", "inspect book", "run", "replay", "simulate", "bench", "doctor"];

/** Long options that a help page lists. */
function optionsOf(help: string): string[] {
  return [...help.matchAll(/^ {2}(?:-\w, )?(--[\w-]+)/gm)].map(([, option]) => option);
}

describe("the command line", () => {
  it.for(COMMANDS)("%s --help lists what it takes, --debug among it, with exit code 0", async (command) => {
    const { code, out, err } = await tercel(...command.split(" "), "--help");
    expect([code, err]).toEqual([0, ""]);
    expect(out).toMatch(new RegExp(`^Usage: tercel ${command} \\[options\\]`));
    expect(optionsOf(out)).toEqual(expect.arrayContaining(["--debug", "--help"]));
    if (command !== "inspect") expect(optionsOf(out)).toContain("--json");
  });

  it("every command that runs a pipeline takes the same options", async () => {
    for (const command of ["run", "replay", "simulate"]) {
      const { out } = await tercel(command, "--help");
      expect(optionsOf(out), command).toEqual(
        expect.arrayContaining(["--driver", "--shards", "--batch", "--checkpoint", "--every", "--resume", "--explain", "--json"]),
      );
    }
  });

  it("--version and help go to stdout with exit code 0", async () => {
    expect(await tercel("--version")).toEqual({ code: 0, out: expect.stringMatching(/^\d+\.\d+\.\d+\n$/), err: "" });
    expect(await tercel("help")).toMatchObject({ code: 0, out: expect.stringContaining("Commands:"), err: "" });
    expect(await tercel("help", "replay")).toMatchObject({ code: 0, out: expect.stringContaining("--from <files...>") });
  });

  it("a value that begins with a dash is a value where one is due", async () => {
    const { code, out } = await tercel("simulate", "calm", "--seed", "-5", "--messages", "2000", "--instruments", "2", "--json");
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ invariants: { booksChecked: 2, booksEqual: 2 }, lost: 0 });
  });

  it("a fault of the program itself says so, and how to see its stack", async () => {
    let complained = "";
    const refuse = (): never => {
      throw new TypeError("the stream is gone");
    };
    const terminal = { out: refuse, err: (text: string) => void (complained += text), isInteractive: false };
    expect(await main(["doctor", "--json"], terminal)).toBe(4);
    expect(complained).toBe("tercel: the stream is gone (unexpected; run again with --debug for the stack)\n");
    expect(await main(["doctor", "--json", "--debug"], terminal)).toBe(4);
    expect(complained).toMatch(/TypeError: the stream is gone\n {4}at /);
  });

  it("a reader that goes away early is no fault of the program", () => {
    const { code, err } = spawnTercel(["--help"], ["--import", "data:text/javascript,process.stdout.destroy()"]);
    expect([code, err]).toEqual([0, ""]);
  });
});
