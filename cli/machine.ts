/**
 * The command `machine`: the files of one machine, taken from what a stack rendered or from its exported state, in the
 * form that a carrier takes.
 */
import * as fs from "node:fs";
import * as path from "node:path";
import { text } from "node:stream/consumers";
import {
  cloudConfig,
  compressedCloudConfig,
  userDataWarning,
} from "../trust/carriers/cloud-init.ts";
import { ignitionConfig } from "../trust/carriers/ignition.ts";
import type { CarriedFile } from "../trust/carriers/machine.ts";
import { tarArchive } from "../trust/carriers/tar.ts";
import { MachineError, machinesIn, machinesInExport, machinesInState } from "./machine-source.ts";

const usage = `Usage: kubelet-trust machine NAME [--format tar|cloud-init|cloud-init-base64|ignition|tree] [--output PATH] [--from FOLDER | --state FILE]
In a clone: npm run --silent machine -- NAME ...; without --silent npm writes lines of its own to standard output.

Writes the files of one machine in the form that a carrier takes. They hold the machine's private keys.

  --format   tar (default): an archive to unpack at /; cloud-init: user data; cloud-init-base64: the same, compressed
             and in base64; ignition: an Ignition configuration; tree: the files themselves, under a folder
  --output   file to write, or the folder for tree; default: standard output, unless it is a terminal
  --from     folder that the stack rendered to; default: rendered
  --state    instead of --from: what \`pulumi stack export --show-secrets\` printed; - is standard input

User data over the 16 KiB of the strictest clouds is written too, with a warning on standard error.

Exit code: 0 when it was written, 2 when not.`;

const formats: Readonly<Record<string, (files: readonly CarriedFile[]) => string | Buffer>> = {
  tar: tarArchive,
  "cloud-init": cloudConfig,
  "cloud-init-base64": compressedCloudConfig,
  ignition: ignitionConfig,
};

type Arguments = {
  readonly name: string;
  readonly format: string;
  readonly output?: string;
  readonly from: string;
  readonly state?: string;
};

/** Where the command reads and writes. */
export type Surroundings = {
  readonly stdin: NodeJS.ReadableStream;
  readonly stdout: NodeJS.WritableStream & { readonly isTTY?: boolean };
  readonly stderr: NodeJS.WritableStream;
  readonly env: NodeJS.ProcessEnv;
};

/**
 * Runs the command.
 *
 * @param around default: this process
 * @returns its exit code
 */
export async function machine(
  argv: readonly string[],
  around: Surroundings = process,
): Promise<number> {
  const say = (line: string) => around.stderr.write(`machine: ${line}\n`);
  if (argv.includes("--help")) {
    around.stdout.write(`${usage}\n`);
    return 0;
  }
  try {
    const args = readArguments(argv);
    const files = await filesOf(args, around);
    if (args.format === "tree") writeTree(files, args.output);
    else await write(formats[args.format]?.(files) ?? "", args.output, around);
    if (args.format.startsWith("cloud-init")) {
      const warning = userDataWarning(args.name, files, args.format === "cloud-init-base64");
      if (warning !== undefined) say(`warning: ${warning}`);
    }
    return 0;
  } catch (error) {
    const known = error instanceof MachineError || error instanceof RangeError;
    if (!known && codeOf(error) === undefined) throw error;
    say(error instanceof Error ? error.message : String(error));
    return 2;
  }
}

function readArguments(argv: readonly string[]): Arguments {
  const values: Record<string, string> = {};
  const names: string[] = [];
  for (let index = 0; index < argv.length; index += 1) {
    const word = argv[index] ?? "";
    const flag = /^--(format|output|from|state)(?:=(.*))?$/.exec(word);
    if (flag === null && word.startsWith("-"))
      throw new MachineError(`${word}: there is no such flag.\n\n${usage}`);
    if (flag === null) {
      names.push(word);
      continue;
    }
    const value = flag[2] ?? argv[++index];
    if (value === undefined || value === "")
      throw new MachineError(`${word}: the value is missing. Give one.`);
    values[flag[1] ?? ""] = value;
  }
  const [name, ...others] = names;
  if (name === undefined || others.length > 0)
    throw new MachineError(`Give the name of one machine.\n\n${usage}`);
  const { format = "tar", output, from, state } = values;
  if (format !== "tree" && !Object.hasOwn(formats, format)) {
    throw new MachineError(
      `--format: ${JSON.stringify(format)} is none of ${[...Object.keys(formats), "tree"].join(", ")}. Use one of them.`,
    );
  }
  if (from !== undefined && state !== undefined) {
    throw new MachineError("--from and --state: both are given. Give one.");
  }
  return {
    name,
    format,
    from: from ?? "rendered",
    ...(output === undefined ? {} : { output }),
    ...(state === undefined ? {} : { state }),
  };
}

async function filesOf(
  { name, from, state }: Arguments,
  { stdin }: Surroundings,
): Promise<CarriedFile[]> {
  const machines = state === undefined ? machinesIn(from) : await machinesOf(state, stdin);
  const machine = machines.find((one) => one.machine === name);
  if (machine === undefined) {
    const names = machines.map((one) => one.machine).sort();
    throw new MachineError(
      `There is no machine ${name} in ${state ?? from}. Give one of ${names.join(", ")}.`,
    );
  }
  return machine.files.map((file) => ({ ...file, content: file.content.toString("utf8") }));
}

/** The machines in an exported state, whose file is named; `-` is standard input. */
async function machinesOf(state: string, stdin: NodeJS.ReadableStream) {
  return state === "-"
    ? machinesInExport(await text(stdin), "standard input")
    : machinesInState(state);
}

async function write(
  content: string | Buffer,
  output: string | undefined,
  { stdout, env }: Surroundings,
): Promise<void> {
  if (output === undefined) {
    if (stdout.isTTY) {
      throw new MachineError(
        "The files hold private keys and are not shown. Give --output, or a pipe.",
      );
    }
    if (isPrecededByNpm(env)) {
      throw new MachineError(
        "npm has written lines of its own to the pipe, before the machine's files. Run npm run --silent machine, or give --output.",
      );
    }
    // A pipe that npm hands on blocks nobody: what it does not take at once has to wait.
    await new Promise<void>((resolve, reject) => {
      stdout.write(content, (error) => (error ? reject(error) : resolve()));
    });
    return;
  }
  refuseWide(output);
  fs.writeFileSync(output, content, { mode: 0o600 });
}

/** Source: npm `docs/content/using-npm/scripts.md` (npm_lifecycle_event), `config.md` (loglevel). */
function isPrecededByNpm(env: NodeJS.ProcessEnv): boolean {
  return env.npm_lifecycle_event === "machine" && env.npm_config_loglevel !== "silent";
}

/** Writes every file below a folder, as it will be below `/`. */
function writeTree(files: readonly CarriedFile[], output: string | undefined): void {
  if (output === undefined) throw new MachineError("--output: tree needs a folder. Give one.");
  refuseWide(output);
  fs.mkdirSync(output, { recursive: true, mode: 0o700 });
  if (fs.readdirSync(output).length > 0) {
    throw new MachineError(`--output: ${output} is not empty. Give a new folder.`);
  }
  for (const { path: file, mode, content } of files) {
    const at = path.join(output, file);
    fs.mkdirSync(path.dirname(at), { recursive: true, mode: 0o755 });
    fs.writeFileSync(at, content, { mode: 0o600, flag: "wx" });
    fs.chmodSync(at, Number.parseInt(mode, 8));
  }
}

/** What is there already keeps its mode: it must not let others read. */
function refuseWide(output: string): void {
  const mode = fs.statSync(output, { throwIfNoEntry: false })?.mode;
  if (mode === undefined || (mode & 0o077) === 0 || output === "/dev/stdout") return;
  throw new MachineError(
    `--output: ${output} has mode ${(mode & 0o777).toString(8).padStart(4, "0")}, and others could read private keys there. Run chmod go= ${output}, or give a path that does not exist.`,
  );
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}
