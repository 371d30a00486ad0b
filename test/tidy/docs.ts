/**
 * What documents say, read from their Markdown: tables, fenced blocks, links, paths, command lines. And what the code says, where it
 * has no list to import: the pictures over records, and what the program's own help shows.
 */
import { existsSync } from "node:fs";
import { join, posix } from "node:path";
import { main } from "../../src/cli/main.ts";
import { ROOT, filesBelow, textOf } from "./sources.ts";

/** Every document that is checked. */
export function documents(): string[] {
  return [...filesBelow("docs", [".md"]), "README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md"];
}

/** Rows of all tables in a text, cells trimmed, without heads and rules. `\|` is a character of a cell. */
export function tableRows(text: string): string[][] {
  const lines = withoutBlocks(text).split("\n");
  return lines.flatMap((line, i) => {
    if (!line.startsWith("|") || /^\|[-:| ]+\|$/.test(line) || /^\|[-:| ]+\|$/.test(lines[i + 1] ?? "")) return [];
    return [
      line
        .slice(1, line.lastIndexOf("|"))
        .split(/(?<!\\)\|/)
        .map((cell) => cell.trim().replaceAll("\\|", "|")),
    ];
  });
}

/** Rows whose first cell is code, by that code; a name twice is an error. */
export function rowsByName(text: string, column = 0): Map<string, string[]> {
  const rows = new Map<string, string[]>();
  for (const row of tableRows(text)) {
    const name = /^`([^`]+)`$/.exec(row[column] ?? "")?.[1];
    if (name === undefined) continue;
    if (rows.has(name)) throw new Error(`${name} has two rows`);
    rows.set(name, row);
  }
  return rows;
}

/** The text of a section: from its heading to the next of the same or a higher rank. */
export function section(text: string, heading: string): string {
  const lines = text.split("\n");
  const from = lines.indexOf(heading);
  if (from < 0) throw new Error(`no heading ${heading}`);
  const rank = heading.indexOf(" ");
  const rest = lines.slice(from + 1);
  const to = rest.findIndex((line) => /^#+ /.test(line) && line.indexOf(" ") <= rank);
  return rest.slice(0, to < 0 ? undefined : to).join("\n");
}

/** The contents of fenced blocks of one language. */
export function blocks(text: string, language: string): string[] {
  return [...text.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].filter(([, tag]) => tag === language).map(([, , body]) => body);
}

/** A line that pictures the bytes of a record: an optional name, then `offset field type`. */
const PICTURE = /^(?:[a-z]+ +)?\d+ \w+ (?:\d x )?(?:f|f64|u8|u16|u32|u64)\b/;

/** Pictures in a text, white space aside. A leading comment star is passed over. */
export function pictures(text: string): string[] {
  return text
    .split("\n")
    .map((line) =>
      line
        .replace(/^ \* ?/, "")
        .trim()
        .replace(/ +/g, " "),
    )
    .filter((line) => PICTURE.test(line));
}

/** Local targets of links and paths named in code, as paths from the root, that do not exist; `from` is the document. */
export function missingFiles(from: string, text: string): string[] {
  const prose = withoutBlocks(text);
  const links = [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target).filter((target) => !/^[a-z]+:/.test(target));
  const linked = links.map((target) => posix.join(posix.dirname(from), target.split("#")[0] || posix.basename(from)));
  const named = [...prose.matchAll(/`((?:src|test|docs|examples|bench|bin)\/[\w./-]+)`/g)].map(([, path]) => path);
  const commanded = blocks(text, "sh").flatMap((block) => [...block.matchAll(/\b((?:src|test|examples|bench)\/[\w./-]+)/g)].map(([, path]) => path));
  const anchors = links.flatMap((target) => missingAnchor(from, target));
  return [...[...linked, ...named, ...commanded].filter((path) => !existsSync(join(ROOT, path))), ...anchors];
}

function missingAnchor(from: string, target: string): string[] {
  const [file, anchor] = target.split("#");
  if (anchor === undefined) return [];
  const path = file === "" ? from : posix.join(posix.dirname(from), file);
  if (!existsSync(join(ROOT, path))) return [];
  const anchors = [...textOf(path).matchAll(/^#+ (.*)$/gm)].map(([, title]) =>
    title
      .toLowerCase()
      .replace(/[^\w\- ]/g, "")
      .replaceAll(" ", "-"),
  );
  return anchors.includes(anchor) ? [] : [`${path}#${anchor}`];
}

/** One command as the program's help shows it. */
export interface HelpPage {
  /** Arguments as in the usage line. */
  readonly usage: string;
  /** Long options with their defaults, null for none. */
  readonly options: ReadonlyMap<string, string | null>;
  readonly commands: readonly string[];
}

/** The help of every command, by its words joined by spaces; the program itself is "". */
export async function helpPages(words: readonly string[] = []): Promise<Map<string, HelpPage>> {
  let text = "";
  const write = (piece: string): void => void (text += piece);
  await main([...words, "--help"], { out: write, err: write, isInteractive: false });
  const page = parseHelp(text);
  const pages = new Map([[words.join(" "), page]]);
  for (const command of page.commands) for (const [name, child] of await helpPages([...words, command])) pages.set(name, child);
  return pages;
}

/** Reads the text of a help page. */
export function parseHelp(text: string): HelpPage {
  const joined = text.replace(/\n {10,}(?=\S)/g, " ");
  const part = (title: string): string[] => {
    const found = new RegExp(`^${title}:\\n((?: {2}.*\\n?)*)`, "m").exec(joined);
    return found === null ? [] : found[1].split("\n").filter((line) => line !== "");
  };
  const options = new Map<string, string | null>();
  for (const line of part("Options")) {
    const long = /--[\w-]+/.exec(line)?.[0];
    if (long === undefined || ["--help", "--debug", "--version"].includes(long)) continue;
    options.set(long, /\bdefault:? "?([^")]*)"?\)/.exec(line)?.[1] ?? null);
  }
  const commands = part("Commands").map((line) => line.trim().split(/[ |]/)[0]);
  const usage = /^Usage: tercel ?(.*)$/m.exec(joined)?.[1].replace(/ ?\[options\]/, "") ?? "";
  return { usage, options, commands: commands.filter((name) => name !== "help") };
}

/** What is wrong with the `npx tercel` lines of a text: commands and options that the program does not have. */
export function wrongCommandLines(text: string, pages: ReadonlyMap<string, HelpPage>): string[] {
  const lines = blocks(text, "sh").flatMap((block) => block.split("\n").flatMap((line) => (line.includes("npx tercel ") ? [line] : [])));
  return lines.flatMap((line) => {
    const words = (line.split("npx tercel ")[1] ?? "").replace(/ +#.*$/, "").split(" ");
    const two = pages.get(words.slice(0, 2).join(" "));
    const page = two ?? pages.get(words[0]);
    if (page === undefined || words[0] === "") return [`no such command: ${line}`];
    const options = words.filter((word) => word.startsWith("--"));
    return options.filter((option) => !page.options.has(option)).map((option) => `no option ${option}: ${line}`);
  });
}

/** A text without its fenced blocks. */
function withoutBlocks(text: string): string {
  return text.replace(/^```\w*\n[\s\S]*?^```$/gm, "");
}
