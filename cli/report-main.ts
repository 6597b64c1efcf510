/** The command `report`, without its process: what is written and printed, and the exit code. */
import { readFileSync, writeFileSync } from "node:fs";
import { shown } from "../trust/words/shown.ts";
import { readArguments, UsageError, usage as usageOfJudge } from "./arguments.ts";
import { readEvidence } from "./evidence.ts";
import { judgeAll } from "./judgement.ts";
import { misused, type Ran } from "./main.ts";
import { reportOfEvents } from "./report-events.ts";
import { toHtml } from "./report-html.ts";
import { reportOfJudgement } from "./report-judgement.ts";
import { toMarkdown } from "./report-markdown.ts";
import type { Report } from "./report-model.ts";

const own = ["--events", "--html", "--markdown"] as const;
type Own = (typeof own)[number];

const usage = `usage: kubelet-trust report --events FILE [--markdown FILE] [--html FILE]
       kubelet-trust report FILE|FOLDER... [options of judge] [--markdown FILE] [--html FILE]
  --events FILE              what \`pulumi preview --json\` prints with PULUMI_ENABLE_STREAMING_JSON_PREVIEW=true,
                             or \`pulumi policy analyze --json\`
  --markdown FILE            where the Markdown goes; default: it is printed, unless --html is given
  --html FILE                where the HTML goes
exit code: as of judge; with --events 0 where the policy pack has run and rejects nothing

With files, everything else is as for judge:
${usageOfJudge}`;

/** Runs the command; files are looked for from the working directory. */
export function reportMain(argv: readonly string[]): Ran {
  try {
    const { options, rest } = split(argv);
    const { events, html, markdown } = options;
    const report = events === undefined ? ofFiles(rest) : ofEvents(events, rest);
    if (report === undefined) return { exitCode: 0, stdout: usage, stderr: "" };
    if (html !== undefined) write("--html", html, toHtml(report));
    if (markdown !== undefined) write("--markdown", markdown, toMarkdown(report));
    const isPrinted = html === undefined && markdown === undefined;
    return {
      exitCode: report.isAccepted ? 0 : 1,
      stdout: isPrinted ? toMarkdown(report) : shown(report.headline),
      stderr: "",
    };
  } catch (error) {
    return misused("report", error);
  }
}

function ofFiles(rest: readonly string[]): Report | undefined {
  const args = readArguments(rest);
  if (args === undefined) return undefined;
  if (args.json) throw new UsageError("--json: a report is Markdown or HTML; judge has --json");
  const assembly = readEvidence(args);
  return reportOfJudgement(judgeAll(assembly, args.at), assembly, args.at ?? new Date());
}

function ofEvents(file: string, rest: readonly string[]): Report | undefined {
  if (rest.includes("--help") || rest.includes("-h")) return undefined;
  const [other] = rest;
  if (other !== undefined) {
    throw new UsageError(`--events: a report is on events or on files; leave ${other} out`);
  }
  return reportOfEvents(file, read(file), new Date());
}

/** This command's own options, and what is left for judge's. */
function split(argv: readonly string[]): {
  readonly options: Readonly<Partial<Record<"events" | "html" | "markdown", string>>>;
  readonly rest: readonly string[];
} {
  const options: Partial<Record<string, string>> = {};
  const rest: string[] = [];
  for (let index = 0; index < argv.length; index += 1) {
    const [name = "", value] = (argv[index] ?? "").split(/=(.*)/s);
    if (!own.includes(name as Own)) {
      rest.push(argv[index] ?? "");
      continue;
    }
    if (value === undefined) index += 1;
    const file = value ?? argv[index];
    if (file === undefined || file === "" || (value === undefined && file.startsWith("--"))) {
      throw new UsageError(`${name}: no file is given; write ${name} FILE`);
    }
    if (options[name.slice(2)] !== undefined) {
      throw new UsageError(`${name}: given twice; give one file`);
    }
    options[name.slice(2)] = file;
  }
  return { options, rest };
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new UsageError(
      `--events: ${file} cannot be read (${codeOf(error)}); did the preview run?`,
    );
  }
}

function write(option: string, file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch (error) {
    throw new UsageError(`${option}: ${file} cannot be written (${codeOf(error)})`);
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "unknown error";
}
