import { describe, expect, it } from "vitest";
import { ALLOWED_LONG, FILE_LINES_MAX, FUNCTION_LINES_MAX, lengthViolations, longParts, placeViolations } from "./sizes.ts";
import { filesBelow, textOf } from "./sources.ts";

const FOLDERS = ["src", "test", "bench", "examples"];
const all = FOLDERS.flatMap((folder) => filesBelow(folder, [".ts"]));
const HEADER = "/** A planted file. */\n";

function lines(count: number): string {
  return "  a();\n".repeat(count);
}

describe("lengths", () => {
  it(`no file has more than ${FILE_LINES_MAX} lines and no function more than ${FUNCTION_LINES_MAX}, unless the list says why`, () => {
    expect(all.length).toBeGreaterThan(200);
    expect(all.flatMap((path) => lengthViolations(path, textOf(path)))).toEqual([]);
  });

  it("the list names only what is still too long, with a reason", () => {
    const long = all.flatMap((path) => longParts(path, textOf(path))).map(({ key }) => key);
    expect(Object.keys(ALLOWED_LONG).filter((key) => !long.includes(key))).toEqual([]);
    for (const reason of Object.values(ALLOWED_LONG)) expect(reason.length).toBeGreaterThan(10);
  });

  it("a file one line too long is found, one at the limit is not", () => {
    const text = `${HEADER}${"// a\n".repeat(FILE_LINES_MAX - 1)}`;
    expect(lengthViolations("src/a/b/c.ts", text)).toEqual([]);
    expect(lengthViolations("src/a/b/c.ts", `${text}// a\n`)).toEqual([`src/a/b/c.ts has ${FILE_LINES_MAX + 1} lines, at most ${FILE_LINES_MAX}`]);
  });

  it.each([
    ["a function", (body: string) => `function long() {\n${body}}\n`],
    ["a method", (body: string) => `class A { long() {\n${body}} }\n`],
    ["an arrow", (body: string) => `const long = () => {\n${body}};\n`],
    ["a function inside a suite", (body: string) => `describe("a", () => { const long = () => {\n${body}}; });\n`],
  ])("%s one line too long is found, one at the limit is not", (_, wrap) => {
    expect(lengthViolations("test/c.ts", wrap(lines(FUNCTION_LINES_MAX - 2)))).toEqual([]);
    const found = lengthViolations("test/c.ts", wrap(lines(FUNCTION_LINES_MAX - 1)));
    expect(found).toEqual([`test/c.ts#long has ${FUNCTION_LINES_MAX + 1} lines, at most ${FUNCTION_LINES_MAX}`]);
    expect(lengthViolations("test/c.ts", wrap(lines(FUNCTION_LINES_MAX - 1)), { "test/c.ts#long": "planted" })).toEqual([]);
  });

  it("a suite may be longer than a function", () => {
    expect(lengthViolations("test/c.ts", `describe.each([1])("a", () => {\n${lines(200)}});\n`)).toEqual([]);
  });
});

describe("places and names", () => {
  it("hold in every source", () => {
    expect(filesBelow("src", [".ts"]).flatMap((path) => placeViolations(path, textOf(path)))).toEqual([]);
  });

  it.each([
    ["src/kernel/core/index.ts", HEADER, "no index.ts"],
    ["src/kernel/core/BadName.ts", HEADER, "kebab-case"],
    ["src/kernel/core/bad_name.test.ts", "", "kebab-case"],
    ["src/kernel/a.ts", HEADER, "src/wing/noun/"],
    ["src/facade/a.ts", HEADER, "src/wing/noun/"],
    ["src/kernel/core/deep/a.ts", HEADER, "src/wing/noun/"],
    ["src/a.ts", HEADER, "src/wing/noun/"],
    ["src/kernel/core/a.ts", `${HEADER}export * from "./b.ts";\n`, "export *"],
    ["src/kernel/core/a.ts", `${HEADER}export default 1;\n`, "exports have names"],
    ["src/kernel/core/a.ts", `import { b } from "./b.ts";\n/** Late. */\nexport const a = b;\n`, "begins with a comment"],
    ["src/kernel/core/a.ts", `/** */\nexport const a = 1;\n`, "begins with a comment"],
    ["src/kernel/core/a.ts", `// A line.\nexport const a = 1;\n`, "begins with a comment"],
  ])("a planted violation in %s is found", (path, text, reason) => {
    expect(placeViolations(path, text)).toHaveLength(1);
    expect(placeViolations(path, text)[0]).toContain(reason);
  });

  it.each(["src/index.ts", "src/control/a.ts", "src/kernel/core/a-b2.ts", "src/cli/config/a.ts"])("%s is a place for a source", (path) => {
    expect(placeViolations(path, HEADER)).toEqual([]);
  });

  it("a namespace import that is handed on by name is no export *", () => {
    expect(placeViolations("src/cli/a.ts", `${HEADER}export { b } from "./b.ts";\nexport * as c from "./c.ts";\n`)).toEqual([]);
  });
});
